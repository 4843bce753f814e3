//! What a model says of images: accuracies for the report, which nothing in training sees, and what tells whether
//! adaptation looks harmful.

use super::Sets;
use crate::data::Dataset;
use crate::error::Result;
use crate::model::{Dann, Domain, InputSpec};
use crate::train::{Evaluator, Predictions, Report, Stepper};

/// So many images of a domain tell shares to about a hundredth, in the time of some steps.
const SEEN: usize = 1000;

/// The parts of the data sets that are for the report alone, on the device.
pub(super) struct Evaluators {
    source: Option<Evaluator>,
    target: Option<Evaluator>,
}

impl Evaluators {
    pub fn new(trainer: &Stepper, sets: &Sets) -> Result<Self> {
        let model = trainer.model().evaluated();
        let evaluator = |data: &Option<Dataset>, domain| {
            data.as_ref().map(|data| Evaluator::new(model, data, domain)).transpose()
        };
        Ok(Self {
            source: evaluator(&sets.source_test, Domain::Source)?,
            target: evaluator(&sets.target_test, Domain::Target)?,
        })
    }

    pub fn report(&self) -> Result<Report> {
        let accuracy = |evaluator: &Option<Evaluator>| {
            evaluator.as_ref().map(|e| Ok(e.evaluate()?.accuracy)).transpose()
        };
        Ok(Report {
            source_test_accuracy: accuracy(&self.source)?,
            target_test_accuracy: accuracy(&self.target)?,
        })
    }
}

/// What `model` says of some images of each domain that it is trained on.
pub(super) fn predictions(model: &Dann, labelled: &Dataset, unlabelled: &Dataset) -> Result<Predictions> {
    let logits = |data: &Dataset, domain| Evaluator::new(model, data, domain)?.logits();
    let input = &model.spec().input;
    let (source, target) = (spread(labelled, input, SEEN)?, spread(unlabelled, input, SEEN)?);
    let of_source = logits(&source, Domain::Source)?;
    let of_target = logits(&target, Domain::Target)?;
    Ok(Predictions::of(&of_source, source.labels.as_deref().unwrap_or_default(), &of_target))
}

/// At most `most` images from all over `data`, as a model sees them that takes images of `input`.
pub(super) fn spread(data: &Dataset, input: &InputSpec, most: usize) -> Result<Dataset> {
    let count = data.len().min(most);
    let some = data.only((0..count).map(|index| index * data.len() / count));
    Ok(some.into_memory()?.middle(input.shape()))
}
