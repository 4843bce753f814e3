//! Which of the states on a training's way becomes its model.

use super::rule::Rule;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Images of each kind that a model is rated by where nothing else is said.
const IMAGES: usize = 1000;

/// Rates the model every so often by a rule that needs no label of the target, keeps the best one as the training's model, and
/// may end the training early. For [`Method::Dann`](super::Method::Dann) alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SelectionSpec {
    /// What rates the model.
    pub rule: Rule,
    /// Steps from one rating to the next; the end of each epoch if left out. The last step is always rated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// After so many ratings in a row without a better one training ends; it never ends early if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// The most images of each kind that the model is rated by; 1,000 if left out.
    #[serde(default = "images", skip_serializing_if = "is_usual")]
    pub images: usize,
}

fn images() -> usize {
    IMAGES
}

fn is_usual(images: &usize) -> bool {
    *images == IMAGES
}

/// What a rule said of the model on a training's way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rated {
    /// Steps behind the model.
    pub rated_step: u64,
    /// What rated it.
    pub rule: Rule,
    /// The rule's number, if it had one.
    pub value: Option<f64>,
}

#[cfg(feature = "fit")]
impl Rated {
    pub(crate) fn new(rated_step: u64, rule: Rule, value: Option<f64>) -> Self {
        Self { rated_step, rule, value }
    }
}

impl SelectionSpec {
    /// Keeps the model that `rule` rates best at the ends of epochs.
    pub fn new(rule: Rule) -> Self {
        Self { rule, every: None, patience: None, images: IMAGES }
    }

    pub(super) fn check(&self) -> Result<()> {
        let counts = [
            ("training.select.every", self.every.unwrap_or(1)),
            ("training.select.patience", self.patience.unwrap_or(1)),
        ];
        for (key, count) in counts {
            if count == 0 {
                return Err(Error::input(key, "at least 1", count));
            }
        }
        if self.images < 2 {
            return Err(Error::input("training.select.images", "at least 2", self.images));
        }
        Ok(())
    }

    /// The best of `ratings`, which are in order; of equally good ones the last.
    pub fn best<'a>(&self, ratings: &'a [Rated]) -> Option<&'a Rated> {
        self.rule.best(ratings.iter().map(|rated| rated.value)).map(|place| &ratings[place])
    }

    /// Whether training ends here: `ratings`, which are in order, have not become better for long enough.
    pub fn is_out_of_patience(&self, ratings: &[Rated]) -> bool {
        let Some(patience) = self.patience else { return false };
        let (mut best, mut since) = (None, 0);
        for rated in ratings {
            // Training went on behind its end as it was made longer.
            since = if since >= patience { 1 } else { since + 1 };
            if rated.value.is_some() && self.rule.best([best, rated.value]) == Some(1) {
                (best, since) = (rated.value, 0);
            }
        }
        since >= patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(values: &[Option<f64>]) -> Vec<Rated> {
        let rated = |(value, index): (Option<f64>, u64)| Rated {
            rated_step: 10 * index,
            rule: Rule::Information,
            value,
        };
        values.iter().copied().zip(1..).map(rated).collect()
    }

    #[test]
    fn the_best_is_kept_and_patience_counts_ratings_since() {
        let spec = SelectionSpec { patience: Some(2), ..SelectionSpec::new(Rule::Information) };
        let values = [Some(0.5), Some(0.9), None, Some(0.7)];
        let best = |count: usize| spec.best(&rated(&values[..count])).map(|rated| rated.rated_step);
        assert_eq!((0..5).map(best).collect::<Vec<_>>(), [None, Some(10), Some(20), Some(20), Some(20)]);
        let ends = |count: usize| spec.is_out_of_patience(&rated(&values[..count]));
        assert_eq!((0..5).map(ends).collect::<Vec<_>>(), [false, false, false, false, true]);
        // Whoever made training longer waits as long again.
        let longer = [Some(0.5), None, None, Some(0.3), None, Some(0.6), None];
        let ends = |count: usize| spec.is_out_of_patience(&rated(&longer[..count]));
        assert_eq!((1..8).map(ends).collect::<Vec<_>>(), [false, false, true, false, true, false, false]);
        let patient = SelectionSpec { patience: None, ..spec };
        assert!(!patient.is_out_of_patience(&rated(&values)));
    }

    #[test]
    fn a_rule_that_never_has_a_value_ends_training_too() {
        let spec = SelectionSpec { patience: Some(2), ..SelectionSpec::new(Rule::Information) };
        assert!(!spec.is_out_of_patience(&rated(&[None])) && spec.is_out_of_patience(&rated(&[None, None])));
        assert_eq!(spec.best(&rated(&[None, None])), None);
    }

    #[test]
    fn counts_of_nothing_are_refused() {
        for (text, key) in [("every = 0", "every"), ("patience = 0", "patience"), ("images = 1", "images")] {
            let spec: SelectionSpec =
                toml::from_str(&format!("rule = \"information\"\n{text}")).expect("a table");
            let error = spec.check().expect_err(text).to_string();
            assert!(error.contains(&format!("training.select.{key}")), "{error}");
        }
    }
}
