//! The training step over random images, to be timed.

use super::config::Config;
use super::data_loader::DataLoader;
use super::frames::Images;
use super::step::TrainingStep;
use super::training_spec::Method;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor};
use crate::model::{Domain, ModelSpec};
use crate::ops::Step;
use crate::rng;
use rand::{Rng as _, RngExt as _};
use std::time::{Duration, Instant};

/// Images of each domain, unless a batch needs more: a step must not find its images in a cache that the step
/// before filled.
const IMAGES: usize = 8192;
/// Batches that each domain holds at most.
const MOST_BATCHES: usize = 8;

/// The step that a [`Stepper`](super::Stepper) replays, gathering of the batch included, over random images and
/// labels.
#[derive(Debug)]
pub struct StepBench {
    training_step: TrainingStep,
    data_loader: Recording,
    steps: Tensor,
}

impl StepBench {
    /// Steps in one submission at most.
    pub const MOST_STEPS: usize = 64;

    /// Sets up the step of `config` and the images on the device.
    ///
    /// # Errors
    /// [`Error::Input`] when the batch is beyond the device's limits, [`Error::OutOfMemory`] when the device has no memory left.
    pub fn new(gpu: &Gpu, config: &Config) -> Result<Self> {
        config.check()?;
        let spec = &config.training;
        // How long a step takes does not depend on the values of its weights, whose file need not be there.
        let model = spec.model(gpu, &ModelSpec { weights: None, ..config.model.clone() })?;
        // Before the images: the device refuses a batch that is too large before the host draws any.
        let training_step = TrainingStep::new(&model, spec.batch, spec.objective()?, Self::MOST_STEPS)?;
        let batches = (IMAGES / spec.batch).clamp(1, MOST_BATCHES).max(spec.accumulate);
        let images = |name, domain| random_images(config, name, batches * spec.rows_of(domain));
        let labelled = images("labelled", Domain::Source)?;
        // The rows of a domain that is not trained on may be any number.
        let adapts = spec.method == Method::Dann;
        let unlabelled = adapts.then(|| images("unlabelled", Domain::Target)).transpose()?;
        let target = unlabelled.as_ref().map(Images::from);
        let mut data = DataLoader::new(gpu, config, &(&labelled).into(), target.as_ref())?;
        data.shuffle(gpu)?;
        let data_loader = data.record(gpu, &training_step.step, &training_step.batch, None)?;
        let steps = Step::table(gpu, "steps", Self::MOST_STEPS * spec.accumulate)?;
        steps.write(gpu, &step_values(config, batches))?;
        Ok(Self { training_step, data_loader, steps })
    }

    /// Labelled rows of a batch, and unlabelled ones.
    pub fn rows(&self) -> [usize; 2] {
        let batch = &self.training_step.batch;
        let labelled = batch.labels.rows();
        [labelled, batch.x.rows() - labelled]
    }

    /// Images that a step looks at.
    pub fn images_per_step(&self) -> usize {
        self.training_step.batch.x.rows() * self.training_step.batches()
    }

    /// The dispatches of a step: those that fill the batch, and the step itself.
    pub fn recordings(&self) -> [&Recording; 2] {
        [&self.data_loader, self.training_step.recording()]
    }

    /// Encodes what a step needs before its dispatches.
    pub fn prepare(&self, encoder: &mut wgpu::CommandEncoder) {
        self.training_step.encode_values(encoder, &self.steps, 0);
    }

    /// How long `count` steps take, at most [`Self::MOST_STEPS`], in one submission and until the device is done.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost, [`Error::Gpu`] when it reported a fault.
    pub fn time(&self, count: usize) -> Result<Duration> {
        let gpu = self.training_step.gpu();
        let began = Instant::now();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        for row in 0..count.min(Self::MOST_STEPS) {
            self.training_step.encode(&mut encoder, &self.steps, row, Some(&self.data_loader));
        }
        gpu.submit(encoder);
        gpu.wait()?;
        Ok(began.elapsed())
    }

    /// Refuses what was timed if it was no training: when a loss is no longer a number.
    ///
    /// # Errors
    /// [`Error::Gpu`] giving the losses.
    pub fn check(&self) -> Result<()> {
        let metrics: Vec<f32> =
            self.training_step.outputs.metrics_buffer.table.read(self.training_step.gpu())?;
        match metrics.iter().all(|value| value.is_finite()) {
            true => Ok(()),
            false => Err(Error::Gpu(format!("the losses are no numbers: {:?}", &metrics[..4]))),
        }
    }
}

/// Random bytes as images, and a random class for each.
fn random_images(config: &Config, name: &str, count: usize) -> Result<Dataset> {
    let shape = config.model.input.shape();
    let classes = config.model.classes()?.min(usize::from(u16::MAX)) as u16;
    let mut rng = rng::stream(config.training.seed, name);
    let mut images = vec![0; count * shape.len()];
    rng.fill_bytes(&mut images);
    let labels = (0..count).map(|_| rng.random_range(0..classes)).collect();
    let classes = (0..classes).map(|class| class.to_string()).collect();
    Ok(Dataset::new(shape, images, Some(labels), classes)?.with_origin("random images"))
}

/// The schedules' last values: the full λ, and the learning rate that keeps any number of steps stable, be it 0.
fn step_values(config: &Config, batches: usize) -> Vec<Step> {
    let spec = &config.training;
    let mut seeds = rng::stream(spec.seed, "dropout");
    let step = |index: usize| {
        let start = |domain: Domain| (index % batches).saturating_mul(spec.rows_of(domain)) as u32;
        Step {
            index: index as u32,
            source_start: start(Domain::Source),
            target_start: start(Domain::Target),
            seed: seeds.next_u32(),
            lambda: spec.lambda.at(1, 1) as f32,
            learning_rate: spec.learning_rate.at(1, 1) as f32,
            optimizer: [0.0; 2],
            adaptation: spec.adaptation_at(1, 1) as f32,
            average: spec.average_at(u64::MAX - 1) as f32,
        }
    };
    (0..StepBench::MOST_STEPS * spec.accumulate).map(step).collect()
}
