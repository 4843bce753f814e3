//! The course of a run, as `metrics.jsonl` tells it.

use super::metrics::{Report, StepMetrics};
use super::predictions::Predictions;
use super::selection_spec::Rated;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The line that ends an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// What the model that is kept says in the end of images that it was trained on, if it has adapted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predictions: Option<Predictions>,
}

/// Every step and every epoch.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct History {
    /// In order.
    pub steps: Vec<StepMetrics>,
    /// In order.
    pub epochs: Vec<EpochRecord>,
    /// What [`TrainingSpec::select`](super::TrainingSpec::select) said on the way, in order.
    pub ratings: Vec<Rated>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Epoch(EpochRecord),
    Step(StepMetrics),
    Rated(Rated),
}

impl History {
    /// As [`History::read`], but a last line that was cut off, as by a power failure, is passed over.
    ///
    /// # Errors
    /// As [`History::read`].
    pub(super) fn read_whole_lines(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(Error::io(file, "read"))?;
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        Self::parse(file, whole)
    }

    /// What happened in the first `steps` steps.
    pub(super) fn up_to(mut self, steps: u64) -> Self {
        self.steps.retain(|step| step.step < steps);
        self.epochs.retain(|epoch| epoch.steps <= steps);
        self.ratings.retain(|rated| rated.rated_step <= steps);
        self
    }

    /// The lines of `metrics.jsonl`, in the order in which they were written.
    pub(super) fn to_lines(&self) -> String {
        let mut text = String::new();
        let mut epochs = self.epochs.iter().peekable();
        let mut ratings = self.ratings.iter().peekable();
        for step in &self.steps {
            text += &format!("{}\n", serde_json::json!(step));
            if let Some(rated) = ratings.next_if(|rated| rated.rated_step == step.step + 1) {
                text += &format!("{}\n", serde_json::json!(rated));
            }
            if let Some(epoch) = epochs.next_if(|epoch| epoch.steps == step.step + 1) {
                text += &format!("{}\n", serde_json::json!(epoch));
            }
        }
        text
    }

    /// Reads the lines of `file`; those of other kinds, which later versions may add, are passed over.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file and the line that is no JSON.
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(Error::io(file, "read"))?;
        Self::parse(file, &text)
    }

    /// The accuracy on the target's test part after `step` steps, for report only; `None` where it was not measured.
    pub fn target_accuracy(&self, step: u64) -> Option<f64> {
        let epoch = self.epochs.iter().find(|epoch| epoch.steps == step)?;
        epoch.for_report_only.target_test_accuracy
    }

    fn parse(file: &Path, text: &str) -> Result<Self> {
        let mut history = Self::default();
        for (index, line) in text.lines().enumerate() {
            let value: serde_json::Value = serde_json::from_str(line)
                .map_err(|e| Error::file(file, format!("a JSON object on line {}", index + 1), e))?;
            match serde_json::from_value(value) {
                Ok(Line::Epoch(epoch)) => history.epochs.push(epoch),
                Ok(Line::Step(step)) => history.steps.push(step),
                Ok(Line::Rated(rated)) => history.ratings.push(rated),
                Err(_) => {}
            }
        }
        Ok(history)
    }
}
