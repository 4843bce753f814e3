//! A training inside the viewer: what happens to it in each frame, and what is drawn of it.

use super::tiles::Tiles;
use crate::scene::scatter::{Projection, Scatter};
use dann::data::Dataset;
use dann::embed::{Evaluator, Gpu, Trainer, TrainerOptions};
use dann::error::Result;
use dann::model::Domain;
use dann::train::{Config, StepMetrics, health::Warning};
use dann::wgpu;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long training may keep the device in a frame.
const BUDGET: Duration = Duration::from_millis(10);
/// Target images whose labels, where they are known, tell how well adaptation goes: for the eye alone.
const TESTED: usize = 320;
/// Steps from one such test to the next.
const BETWEEN_TESTS: u64 = 50;
/// Target images on show.
const MOST_IMAGES: u32 = 32;
/// In a row, so that few and many fill the window's corner.
const COLUMNS_OF_FEW: (u32, u32) = (16, 5);
const COLUMNS_OF_MANY: u32 = 7;
const FILTER_COLUMNS: u32 = 8;

/// What a training is made of, and made anew from.
pub struct Material {
    pub config: Config,
    pub source: Dataset,
    pub target: Dataset,
}

/// A training and its pictures.
pub struct Session {
    pub trainer: Trainer,
    pub scatter: Scatter,
    pub images: Tiles,
    pub filters: Option<Tiles>,
    pub curves: Vec<StepMetrics>,
    /// Steps, and the share of target images that the model after them classifies rightly.
    pub tested: Vec<[f64; 2]>,
    /// What looked amiss and was not shown yet.
    pub warnings: Vec<Warning>,
    /// Steps of the last frame that had any.
    pub steps: u64,
    projection: Projection,
    evaluator: Option<Evaluator>,
    /// Where the next checkpoint goes, and the steps that it must have behind it.
    saving: Option<(PathBuf, u64)>,
}

impl Session {
    pub fn new(gpu: &Gpu, format: wgpu::TextureFormat, material: &Material) -> Result<Self> {
        let options = TrainerOptions::new(material.config.clone(), &material.source, Some(&material.target));
        let trainer = Trainer::on(gpu, options)?;
        let (device, views) = (gpu.device(), trainer.views());
        let input = &material.config.model.input;
        let normalization = input.normalization_of(Domain::Target);
        let projection = Projection::new(device, views);
        let (few, columns) = COLUMNS_OF_FEW;
        let columns = if material.config.training.batch as u32 <= few { columns } else { COLUMNS_OF_MANY };
        Ok(Self {
            scatter: Scatter::new(device, format, views, &projection),
            images: Tiles::images(device, format, views, normalization, columns, MOST_IMAGES),
            filters: Tiles::filters(device, format, views, FILTER_COLUMNS),
            evaluator: evaluator(&trainer, &material.target)?,
            projection,
            trainer,
            curves: Vec::new(),
            tested: Vec::new(),
            warnings: Vec::new(),
            steps: 0,
            saving: None,
        })
    }

    /// Whether steps are on their way.
    pub fn is_busy(&self) -> bool {
        let tests = self.evaluator.as_ref().is_some_and(Evaluator::is_under_way);
        tests || self.trainer.steps_encoded() > self.trainer.steps_done() || self.saving.is_some()
    }

    /// Whether a frame may find something new.
    pub fn is_live(&self) -> bool {
        self.is_busy() || !(self.trainer.is_paused() || self.is_finished())
    }

    pub fn is_finished(&self) -> bool {
        self.trainer.is_finished() && !self.is_test_due()
    }

    /// Whether the model is to be tested, or is being tested.
    fn is_test_due(&self) -> bool {
        let Some(evaluator) = &self.evaluator else { return false };
        let steps = self.trainer.steps_encoded();
        let since = steps - self.tested.last().map_or(0, |[step, _]| *step as u64);
        evaluator.is_under_way()
            || since >= BETWEEN_TESTS
            || (since > 0 && steps == self.trainer.total_steps())
    }

    /// The part of a frame that trains: takes in what has arrived, and submits the next steps when all have. Gives
    /// the file that a checkpoint went to.
    pub fn advance(&mut self, device: &wgpu::Device, queue: &wgpu::Queue) -> Result<Option<PathBuf>> {
        // The application looks after its device; the library never does.
        device.poll(wgpu::PollType::Poll).ok();
        self.curves.extend(self.trainer.take_metrics()?);
        self.warnings.extend(self.trainer.take_warnings());
        if let Some(evaluated) = self.evaluator.as_mut().map_or(Ok(None), Evaluator::take)?
            && let Some(evaluation) = evaluated.evaluation
        {
            self.tested.push([evaluated.step as f64, evaluation.accuracy]);
        }
        let saved = self.saved()?;
        if self.trainer.steps_encoded() > self.trainer.steps_done() {
            return Ok(saved);
        }
        let mut encoder = device.create_command_encoder(&Default::default());
        let steps = self.trainer.encode_steps(&mut encoder, self.trainer.step_budget(BUDGET))?;
        if steps > 0 {
            self.projection.encode(&mut encoder);
            self.steps = steps;
        }
        let tests = self.is_test_due() && !self.trainer.is_paused();
        if let Some(evaluator) = self.evaluator.as_mut().filter(|_| tests) {
            evaluator.encode(&mut encoder, &self.trainer)?;
        }
        if steps > 0 || tests {
            queue.submit([encoder.finish()]);
        }
        Ok(saved)
    }

    /// Asks for a checkpoint, to be written to `file` when it arrives.
    pub fn save(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, file: &Path) -> Result<()> {
        let mut encoder = device.create_command_encoder(&Default::default());
        self.trainer.encode_checkpoint(&mut encoder)?;
        queue.submit([encoder.finish()]);
        self.saving = Some((file.to_owned(), self.trainer.steps_encoded()));
        Ok(())
    }

    fn saved(&mut self) -> Result<Option<PathBuf>> {
        let Some((file, step)) = &self.saving else { return Ok(None) };
        // The last one to arrive may be older than what was asked for.
        let Some(checkpoint) = self.trainer.checkpoint().filter(|c| c.step >= *step) else {
            return Ok(None);
        };
        checkpoint.write(file)?;
        Ok(self.saving.take().map(|(file, _)| file))
    }
}

/// What tests the model on target images, where their labels are known; a step's batch of them in a slice.
fn evaluator(trainer: &Trainer, target: &Dataset) -> Result<Option<Evaluator>> {
    if target.labels().is_none() {
        return Ok(None);
    }
    let some = target.only(0..target.len().min(TESTED));
    let slice = trainer.config().training.batch;
    Evaluator::new(trainer, &some, Domain::Target, slice).map(Some)
}
