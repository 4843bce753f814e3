//! The course of a run, as `metrics.jsonl` tells it.

use super::metrics::StepMetrics;
use super::run::Report;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The line that ends an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Counted from 1.
    pub epoch: u64,
    /// Steps so far.
    pub steps: u64,
    /// The means over the epoch's steps.
    #[serde(flatten)]
    pub mean: StepMetrics,
    /// Since the training began.
    pub seconds: f64,
    /// Nothing in training sees these.
    pub for_report_only: Report,
}

/// Every step and every epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// In order.
    pub steps: Vec<StepMetrics>,
    /// In order.
    pub epochs: Vec<EpochRecord>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Epoch(EpochRecord),
    Step(StepMetrics),
}

impl History {
    /// Reads the lines of `file`; those of other kinds, which later versions may add, are passed over.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file and the line that is no JSON.
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(Error::io(file, "read"))?;
        let mut history = Self::default();
        for (index, line) in text.lines().enumerate() {
            let value: serde_json::Value = serde_json::from_str(line)
                .map_err(|e| Error::file(file, format!("a JSON object on line {}", index + 1), e))?;
            match serde_json::from_value(value) {
                Ok(Line::Epoch(epoch)) => history.epochs.push(epoch),
                Ok(Line::Step(step)) => history.steps.push(step),
                Err(_) => {}
            }
        }
        Ok(history)
    }
}
