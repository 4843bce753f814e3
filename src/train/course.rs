//! What a recipe says of the course of a training: the model that it starts from, and values that change from step to step.

use super::training_spec::{Method, TrainingSpec};
use crate::error::{Error, Result};
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

    /// Steps in all, where an epoch has so many; `u64::MAX` where frames are trained on and nothing says how many.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key that goes by the end of training, where there is none, or epochs of more steps than can be
    /// counted.
    pub(super) fn total_steps(&self, per_epoch: u64, takes_frames: bool) -> Result<u64> {
        match self.steps {
            Some(steps) => Ok(steps),
            None if takes_frames => self.check_endless().map(|()| u64::MAX),
            None => self.epochs.checked_mul(per_epoch).ok_or_else(|| {
                let most = u64::MAX / per_epoch.max(1);
                Error::input(
                    "training.epochs",
                    format!("at most {most}, of {per_epoch} steps each"),
                    self.epochs,
                )
            }),
        }
    }

    /// Refuses schedules that go by the end of training.
    fn check_endless(&self) -> Result<()> {
        let (rate, lambda) = (&self.learning_rate, &self.lambda);
        let adapts = self.method == Method::Dann;
        let needed = [
            ("training.learning_rate.steps", rate.steps.is_some(), "the steps in which it falls"),
            ("training.learning_rate.warmup", rate.warmup == 0.0, "0"),
            ("training.learning_rate.cooldown", rate.cooldown == 0.0, "0"),
            ("training.lambda.steps", lambda.steps.is_some() || !adapts, "the steps in which it rises"),
            ("training.lambda.start", lambda.start == 0.0 || !adapts, "0"),
        ];
        match needed.into_iter().find(|(_, good, _)| !good) {
            None => Ok(()),
            Some((key, _, expected)) => {
                let expected =
                    format!("{expected}, as frames have no end; or training.steps, which says one");
                Err(Error::input(key, expected, "a share of all of training"))
            }
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
        if self.average.is_some() {
            model.begin_average()?;
        }
        model.initialize(self.initialization, self.seed)?;
        Ok(model)
    }
}

#[cfg(test)]
mod tests {
    use crate::train::{Lambda, LearningRate, TrainingSpec};

    #[test]
    fn more_steps_than_can_be_counted_are_refused_by_the_key_of_epochs() {
        let of = |epochs| {
            TrainingSpec::new(epochs, 1, LearningRate::new(0.01, 10.0, 0.75), Lambda::new(1.0, 10.0))
        };
        let total = |epochs| of(epochs).total_steps(4, false).map_err(|error| error.to_string());
        assert_eq!(total(u64::MAX / 4), Ok(u64::MAX / 4 * 4));
        let error = total(u64::MAX / 4 + 1).expect_err("too many");
        assert!(error.contains("training.epochs: expected at most 4611686018427387903"), "{error}");
        let stated = TrainingSpec { steps: Some(3), ..of(u64::MAX) };
        assert_eq!(stated.total_steps(4, false).map_err(|error| error.to_string()), Ok(3));
    }
}
