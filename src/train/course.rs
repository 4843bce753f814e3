//! What a recipe says of the course of a training: the model that it starts from, and values that change from step to step.

use super::training_spec::TrainingSpec;
use crate::error::Result;
use crate::gpu::Gpu;
use crate::model::{AdaptationSchedule, Dann, ModelSpec};

impl TrainingSpec {
    /// The share of their weights that the methods of [`Adaptation`] have in step number `step` of `steps`.
    pub(super) fn adaptation_at(&self, step: u64, steps: u64) -> f64 {
        match self.adaptation.schedule {
            AdaptationSchedule::Lambda => self.lambda.share_at(step, steps),
            AdaptationSchedule::Constant => 1.0,
        }
    }

    /// How much of the average stays in update number `update`, counted from 1: at first it is the mean of all models so far,
    /// the one that training starts from among them, so that this one is soon forgotten.
    pub(super) fn average_at(&self, update: u64) -> f64 {
        let mean = update as f64 / (update + 1) as f64;
        self.average.map_or(0.0, |stays| mean.min(stays.into()))
    }

    /// The model with what training keeps of it, drawn by the recipe's seed.
    pub(super) fn model(&self, gpu: &Gpu, spec: &ModelSpec) -> Result<Dann> {
        let mut model = Dann::new(gpu, spec)?;
        model.initialize(self.initialization, self.seed)?;
        if self.average.is_some() {
            model.keep_average()?;
        }
        Ok(model)
    }
}
