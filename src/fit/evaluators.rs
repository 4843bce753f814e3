//! Accuracies for the report: nothing in training sees them.

use super::Sets;
use crate::data::Dataset;
use crate::error::Result;
use crate::train::{Config, Evaluator, Report, Stepper};

/// The parts of the data sets that are for the report alone, on the device.
pub(super) struct Evaluators {
    source: Option<Evaluator>,
    target: Option<Evaluator>,
}

impl Evaluators {
    pub fn new(trainer: &Stepper, sets: &Sets, config: &Config) -> Result<Self> {
        let input = &config.model.input;
        let of_target = input.normalization_of_target();
        let evaluator = |data: &Option<Dataset>, normalization| {
            data.as_ref()
                .map(|data| Evaluator::new(trainer.model().evaluated(), data, normalization))
                .transpose()
        };
        Ok(Self {
            source: evaluator(&sets.source_test, &input.normalization)?,
            target: evaluator(&sets.target_test, of_target)?,
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
