//! A training inside the viewer: what happens to it in each frame, and what is drawn of it.

use super::tiles::Tiles;
use crate::scene::scatter::{Projection, Scatter};
use dann::data::Dataset;
use dann::embed::{Gpu, Trainer, TrainerOptions};
use dann::error::Result;
use dann::model::Domain;
use dann::train::{Config, StepMetrics};
use dann::wgpu;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long training may keep the device in a frame.
const BUDGET: Duration = Duration::from_millis(10);
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
    /// Steps of the last frame that had any.
    pub steps: u64,
    projection: Projection,
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
            projection,
            trainer,
            curves: Vec::new(),
            steps: 0,
            saving: None,
        })
    }

    /// Whether steps are on their way.
    pub fn is_busy(&self) -> bool {
        self.trainer.steps_encoded() > self.trainer.steps_done() || self.saving.is_some()
    }

    /// Whether a frame may find something new.
    pub fn is_live(&self) -> bool {
        self.is_busy() || !(self.trainer.is_paused() || self.is_finished())
    }

    pub fn is_finished(&self) -> bool {
        self.trainer.is_finished()
    }

    /// The part of a frame that trains: takes in what has arrived, and submits the next steps when all have. Gives
    /// the file that a checkpoint went to.
    pub fn advance(&mut self, device: &wgpu::Device, queue: &wgpu::Queue) -> Result<Option<PathBuf>> {
        // The application looks after its device; the library never does.
        device.poll(wgpu::PollType::Poll).ok();
        self.curves.extend(self.trainer.take_metrics()?);
        let saved = self.saved()?;
        if self.trainer.steps_encoded() > self.trainer.steps_done() {
            return Ok(saved);
        }
        let mut encoder = device.create_command_encoder(&Default::default());
        let steps = self.trainer.encode_steps(&mut encoder, self.trainer.step_budget(BUDGET))?;
        if steps > 0 {
            self.projection.encode(&mut encoder);
            self.steps = steps;
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
