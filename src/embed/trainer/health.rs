//! What there is to say of how a training goes.

use super::Trainer;
use crate::embed::evaluated::Evaluated;
use crate::error::{Error, Result};
use crate::gpu::{Arrival, Gpu, Readback, Staging, Tensor};
use crate::train::health::{self, Monitor, Warning};
use crate::train::{Predictions, StepMetrics};
use std::collections::VecDeque;

/// What watches over a training, an epoch at a time.
pub(super) struct Watch {
    monitor: Monitor,
    /// What arrived of the epoch under way.
    steps: Vec<StepMetrics>,
    /// Epochs whose last step was encoded.
    ended: VecDeque<Ended>,
    /// Memory for features of epochs to come.
    free: Vec<Staging>,
    warnings: Vec<Warning>,
}

/// The end of an epoch.
struct Ended {
    /// Steps behind it.
    steps: u64,
    /// The features of its last batch, on their way.
    features: Readback,
    /// Of how many features a row is.
    columns: usize,
    /// The means of its steps, once the last one has arrived; none where all were lost.
    mean: Option<Option<StepMetrics>>,
}

impl Watch {
    pub fn new(monitor: Monitor) -> Self {
        Self { monitor, steps: vec![], ended: VecDeque::new(), free: vec![], warnings: vec![] }
    }

    /// Encodes a copy of the features behind the last of `steps` steps, which ends an epoch.
    pub fn encode(
        &mut self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        features: &Tensor,
        steps: u64,
    ) -> Result<()> {
        let staging = self.free.pop().map_or_else(|| Staging::new(gpu, features.byte_len()), Ok)?;
        staging.encode_copy(encoder, features);
        let readback = staging.map_on_submit(encoder, features.byte_len());
        self.ended.push_back(Ended { steps, features: readback, columns: features.map().len(), mean: None });
        Ok(())
    }

    /// Takes in the metrics of a step that arrived.
    pub fn arrived(&mut self, metrics: &StepMetrics) {
        self.end(metrics.step);
        self.steps.push(*metrics);
        self.end(metrics.step + 1);
    }

    /// Ends those epochs that have at most `steps` steps behind them; their last steps may have been lost.
    fn end(&mut self, steps: u64) {
        for ended in self.ended.iter_mut().filter(|ended| ended.mean.is_none() && ended.steps <= steps) {
            ended.mean = Some(StepMetrics::mean(&self.steps));
            self.steps.clear();
        }
    }

    /// Judges the epochs of which all has arrived.
    pub fn judge(&mut self, gpu: &Gpu) {
        while let Some(ended) = self.ended.pop_front() {
            let Some(mean) = ended.mean else { return self.ended.push_front(ended) };
            let live = match ended.features.try_take::<f32>(gpu) {
                Ok(Arrival::Pending(features)) => return self.ended.push_front(Ended { features, ..ended }),
                Ok(Arrival::Here(values, staging)) => {
                    self.free.push(staging);
                    Some(health::live(&values, ended.columns))
                }
                // What was lost is told elsewhere.
                Ok(Arrival::Dropped) | Err(_) => None,
            };
            if let Some(mean) = mean {
                self.warnings.extend(self.monitor.epoch(&mean, live, None));
            }
        }
    }
}

impl Trainer {
    /// What looks amiss in the epochs whose steps have arrived, as `dann train` says it: each kind once, when it is seen first. An
    /// epoch is a pass over the smaller data set; where both domains are frames, 64 steps. They are judged in
    /// [`Trainer::take_metrics`]: ask after it.
    pub fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.watch.warnings)
    }

    /// Whether adaptation looks harmful, as `dann train` says it after the last step: by what an
    /// [`Evaluator`](crate::embed::Evaluator) says of some images of either domain that were trained on, a thousand or so. No
    /// label of the target is looked at. Each kind of warning comes once.
    ///
    /// # Errors
    /// [`Error::Input`] when the images of the source have no labels.
    pub fn harm_warnings(&mut self, source: &Evaluated, target: &Evaluated) -> Result<Vec<Warning>> {
        let Some(evaluation) = &source.evaluation else {
            return Err(Error::input("the evaluated images of the source", "labels", "none"));
        };
        let classes = evaluation.per_class.len();
        let seen =
            Predictions::with_error(1.0 - evaluation.accuracy, classes, &source.logits, &target.logits);
        Ok(self.watch.monitor.seen(&seen))
    }
}
