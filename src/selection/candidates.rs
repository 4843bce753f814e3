//! The checkpoints of a run that one is chosen among.

use super::rater::Rater;
use super::rating::Rating;
use super::sample::Sample;
use crate::data::{Labels, LoadOptions, Progress};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::train::{Checkpoint, Method, RunDirectory, RunResult, reported_checkpoints, trained_checkpoints};
use std::path::{Path, PathBuf};

/// The checkpoints of a finished run, the one before the first step left out, and its last step.
#[derive(Debug)]
pub struct Candidates {
    pub(super) run: PathBuf,
    pub(super) result: RunResult,
    pub(super) last: Checkpoint,
    pub(super) files: Vec<PathBuf>,
}

impl Candidates {
    /// Those of the run at `run`.
    ///
    /// # Errors
    /// [`Error::Input`] when the run has no checkpoints or has learned from target labels; [`Error::Io`].
    pub fn of_run(run: &Path) -> Result<Self> {
        let result = RunDirectory::result(run)?;
        if result.method == Method::TargetOnly {
            let expected = "a run that was trained without target labels";
            return Err(Error::file(run, expected, format!("method {}", result.method)));
        }
        let files = trained_checkpoints(run)?;
        if files.is_empty() {
            let expected = "a run with checkpoints of trained models to choose among, in checkpoints/";
            return Err(Error::file(run, expected, "none"));
        }
        let last = RunDirectory::checkpoint(run)?;
        Ok(Self { run: run.to_path_buf(), result, last, files })
    }

    /// Those of the steps alone that the run itself reports of, so that an interruption, which leaves a checkpoint, changes nothing
    /// of what is chosen.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file that cannot be read.
    pub(crate) fn reported(self) -> Result<Self> {
        let files = reported_checkpoints(&self.run, &RunDirectory::history(&self.run)?)?;
        Ok(Self { files, ..self })
    }

    /// How the images that the models take are read. Training has refused or listed what cannot be read.
    pub(super) fn load_options(&self) -> LoadOptions {
        let config = &self.last.config;
        config.load_options(config.model.input.frame(), Labels::Required).skip_bad(true)
    }

    /// What every checkpoint is rated by `sample`; `progress` counts models.
    pub(super) fn ratings(&self, gpu: &Gpu, sample: &Sample, progress: &dyn Progress) -> Result<Vec<Rating>> {
        let model = self.last.model(gpu)?;
        let rater = Rater::new(&model, &sample.training, sample.validation.as_ref(), &sample.unlabelled)?;
        let rate = |checkpoint: &Checkpoint| -> Result<Rating> {
            checkpoint.load_into(&model)?;
            Ok(Rating::of(checkpoint.step, &rater.look()?))
        };
        let mut ratings: Vec<Rating> = Vec::new();
        for file in &self.files {
            let checkpoint = Checkpoint::read(file)?;
            self.check(file, &checkpoint, &ratings)?;
            ratings.push(rate(&checkpoint)?);
            progress.advance(1);
        }
        if ratings.iter().all(|rating| rating.step != self.result.steps) {
            ratings.push(rate(&self.last)?);
        }
        ratings.sort_by_key(|rating| rating.step);
        Ok(ratings)
    }

    /// Refuses what has got among the run's checkpoints from elsewhere, as two runs' values do not compare.
    fn check(&self, file: &Path, checkpoint: &Checkpoint, before: &[Rating]) -> Result<()> {
        let (step, steps) = (checkpoint.step, self.result.steps);
        // Those of a run that was made longer were written before that.
        let of_run = checkpoint.config.is_same_but_for_length(&self.last.config);
        if !of_run || checkpoint.classes != self.last.classes {
            let expected = "recipe and classes of the run, as in its model.safetensors";
            return Err(Error::file(file, expected, "others"));
        }
        if !(1..=steps).contains(&step) {
            return Err(Error::file(file, format!("one of the {steps} steps of the run"), step));
        }
        if before.iter().any(|rating| rating.step == step) {
            let found = format!("step {step} again");
            return Err(Error::file(file, "another step than those of the other checkpoints", found));
        }
        Ok(())
    }
}
