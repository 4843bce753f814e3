//! Rates the model on a training's way by a rule that needs no label of the target.

use super::Sets;
use super::evaluators::spread;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::selection::{NO_VALIDATION, Rater};
use crate::train::{Rated, Rule, SelectionSpec, Stepper};

/// The rule, and the images that it asks for.
pub(super) struct Selector {
    pub spec: SelectionSpec,
    rater: Rater<Dataset>,
}

impl Selector {
    /// As the recipe asks for it; `None` where it does not, or where there is nothing to adapt to.
    pub fn new(trainer: &Stepper, sets: &Sets, spec: Option<SelectionSpec>) -> Result<Option<Self>> {
        let Some((spec, unlabelled)) = spec.zip(sets.unlabelled.as_ref()) else { return Ok(None) };
        if spec.rule.needs_source_validation() && sets.source_test.is_none() {
            let others: Vec<&str> = Rule::ALL
                .iter()
                .filter(|rule| !rule.needs_source_validation())
                .map(|rule| rule.name())
                .collect();
            let expected = format!("{}, as {NO_VALIDATION}", others.join(" or "));
            return Err(Error::input("training.select.rule", expected, spec.rule.name()));
        }
        let model = trainer.model().evaluated();
        let some = |data: &Dataset| spread(data, &model.spec().input, spec.images);
        let validation = sets.source_test.as_ref().map(some).transpose()?;
        let rater = Rater::new(model, some(&sets.labelled)?, validation, some(unlabelled)?)?;
        Ok(Some(Self { spec, rater }))
    }

    /// Whether the model is to be rated where `trainer` stands.
    pub fn is_due(&self, trainer: &Stepper) -> bool {
        let done = trainer.steps_done();
        let due = match self.spec.every {
            Some(every) => done.is_multiple_of(every),
            None => trainer.at_epoch_end(),
        };
        trainer.is_at_rest() && (due || done == trainer.total_steps())
    }

    /// What the rule says of the model as it is, after `step` steps.
    pub fn rate(&self, step: u64) -> Result<Rated> {
        let value = self.rater.value(self.spec.rule)?;
        let value =
            value.map_err(|reason| log::warn!("{} says nothing: {reason}", self.spec.rule.name())).ok();
        Ok(Rated::new(step, self.spec.rule, value.filter(|value| value.is_finite())))
    }
}
