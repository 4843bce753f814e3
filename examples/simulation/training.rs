//! What is trained: two trainers on the frames of two renderers, one of them without adaptation.

use super::renderer::{COLUMNS, OBJECTS, Renderer, SIDE};
use super::{CLASSES, Look};
use anyhow::Context as _;
use dann::embed::{Classifier, ClassifierOptions, Frames, Gpu, Input, Staged, Trainer, TrainerOptions};
use dann::train::{Config, Method, StepMetrics};
use dann::wgpu;
use std::path::{Path, PathBuf};

/// Frames of either domain that are kept on the device.
const KEPT: usize = 4096;
/// Pictures that accuracy is measured on: so many times what is drawn at once.
pub const TEST_PICTURES: usize = 16;

/// A small network, and schedules over the frames that are asked for. Beside the reversal, target images are not to be taken for
/// two classes at once (minimum class confusion), which asks for no label of theirs.
const RECIPE: &str = r#"
[training]
epochs = 1
batch = 32
momentum = 0.5
learning_rate = { initial = 0.03, alpha = 10.0, beta = 0.75 }
lambda = { maximum = 0.4, gamma = 10.0 }
[training.adaptation]
class_confusion = 0.5
[model]
feature_extractor = [
    { layer = "conv2d", outputs = 16, kernel = 5 },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2 },
    { layer = "conv2d", outputs = 32, kernel = 5 },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2 },
    { layer = "dense", outputs = 64 },
    { layer = "relu" },
]
label_predictor = [{ layer = "dense", outputs = 10 }]
domain_classifier = [
    { layer = "dense", outputs = 64 },
    { layer = "relu" },
    { layer = "dense", outputs = 2 },
]
[model.input]
channels = 3
height = 28
width = 28
normalization = { scale = [2.0, 2.0, 2.0], shift = [-1.0, -1.0, -1.0] }
"#;

/// What decides a training.
pub struct Plan {
    /// A recipe in place of the example's own.
    pub config: Option<PathBuf>,
    pub seed: u64,
    /// Steps of each trainer.
    pub steps: u64,
}

impl Plan {
    /// The trainers without and with adaptation, in the making.
    pub fn trainers(&self, gpu: &Gpu) -> anyhow::Result<[Staged<'static, Trainer>; 2]> {
        let trainer = |method| -> anyhow::Result<Staged<'static, Trainer>> {
            let mut config = match &self.config {
                Some(file) => Config::read(file)?,
                None => Config::parse("the example's recipe", RECIPE)?,
            };
            (config.training.method, config.training.seed) = (method, self.seed);
            config.training.steps = Some(self.steps);
            let source = Frames::new(KEPT).classes(CLASSES);
            let options = TrainerOptions::source(config, source).target(Frames::new(KEPT));
            Ok(Staged::trainer(gpu, options))
        };
        Ok([trainer(Method::SourceOnly)?, trainer(Method::Dann)?])
    }

    /// The seed of other objects, that nobody trains on.
    pub fn test_seed(&self) -> u64 {
        !self.seed
    }
}

/// Two renderers, and two trainers on their device that learn from the same frames.
pub struct Application {
    pub gpu: Gpu,
    pub renderers: [Renderer; 2],
    /// Without and with adaptation.
    pub trainers: [Trainer; 2],
    /// What accuracy is measured on, of other objects.
    test_seed: u64,
}

impl Application {
    /// Of trainers that are made.
    pub fn new(gpu: &Gpu, plan: &Plan, trainers: [Trainer; 2]) -> Self {
        let (device, queue) = (gpu.device(), gpu.queue());
        let looks = [Look::Simulation, Look::Reality];
        let renderers = looks.map(|look| Renderer::new(device, queue, look, plan.seed));
        Self { gpu: gpu.clone(), renderers, trainers, test_seed: plan.test_seed() }
    }

    /// Records a frame: both renderers draw, both trainers take that in and train `steps` steps.
    pub fn encode(&mut self, encoder: &mut wgpu::CommandEncoder, steps: u64) -> anyhow::Result<()> {
        let queue = self.gpu.queue();
        let [labels, _unseen] = self.renderers.each_mut().map(|renderer| renderer.draw(queue, encoder));
        let [simulated, real] = self.renderers.each_ref().map(Renderer::pictures);
        let simulated: Vec<_> = simulated.into_iter().zip(labels).collect();
        for trainer in &mut self.trainers {
            trainer.push_sources(encoder, &simulated)?;
            trainer.push_targets(encoder, &real)?;
            trainer.encode_steps(encoder, steps)?;
        }
        Ok(())
    }

    /// A frame that is submitted and waited for. Gives what the last steps were like.
    pub fn frame(&mut self, steps: u64) -> anyhow::Result<[Option<StepMetrics>; 2]> {
        let mut encoder = self.gpu.device().create_command_encoder(&Default::default());
        self.encode(&mut encoder, steps)?;
        self.gpu.queue().submit([encoder.finish()]);
        // A window goes on at once, and looks again in its next frame.
        self.gpu.device().poll(wgpu::PollType::wait_indefinitely())?;
        let [source_only, dann] = self.trainers.each_mut().map(|trainer| trainer.take_metrics());
        Ok([source_only?.pop(), dann?.pop()])
    }

    /// The share of target pictures, of objects that nobody has trained on, that one of the trainers' models classifies rightly.
    pub fn accuracy(&mut self, trainer: usize) -> anyhow::Result<f64> {
        let (device, queue) = (self.gpu.device(), self.gpu.queue());
        let submit = |encoder: wgpu::CommandEncoder| {
            queue.submit([encoder.finish()]);
            device.poll(wgpu::PollType::wait_indefinitely())
        };
        let trainer = &mut self.trainers[trainer];
        let mut encoder = device.create_command_encoder(&Default::default());
        trainer.encode_checkpoint(&mut encoder)?;
        submit(encoder)?;
        trainer.take_metrics()?;
        let checkpoint = trainer.checkpoint().context("no checkpoint arrived")?;
        let options = ClassifierOptions::default().rows(OBJECTS);
        let classifier = Classifier::on(&self.gpu, checkpoint, options)?;
        let mut renderer = Renderer::new(device, queue, Look::Reality, self.test_seed);
        let mut right = 0;
        for _ in 0..TEST_PICTURES {
            let mut encoder = device.create_command_encoder(&Default::default());
            let labels = renderer.draw(queue, &mut encoder);
            classifier.encode(&mut encoder, Input::pictures(&renderer.pictures()))?;
            let view = classifier.predictions();
            let copy = readback(device, 4 * OBJECTS as u64);
            encoder.copy_buffer_to_buffer(&view.buffer, view.offset, &copy, 0, copy.size());
            encoder.map_buffer_on_submit(&copy, wgpu::MapMode::Read, .., |_| ());
            submit(encoder)?;
            let predictions: Vec<u32> = bytemuck::pod_collect_to_vec(&copy.get_mapped_range(..)?);
            right += predictions.iter().zip(labels).filter(|(p, label)| **p == u32::from(*label)).count();
        }
        Ok(right as f64 / (TEST_PICTURES * OBJECTS) as f64)
    }
}

fn readback(device: &wgpu::Device, size: u64) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("readback"),
        size,
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    })
}

/// What a renderer drew last: red, green, blue and alpha of each pixel, row by row.
pub fn pixels(gpu: &Gpu, renderer: &Renderer) -> anyhow::Result<Vec<u8>> {
    let (device, side) = (gpu.device(), COLUMNS * SIDE);
    // Rows in a copy begin at multiples of 256 bytes.
    let stride = (4 * side).next_multiple_of(256);
    let texture = renderer.picture.texture();
    let copy = readback(device, u64::from(stride * side));
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(stride), rows_per_image: None };
    let mut encoder = device.create_command_encoder(&Default::default());
    let target = wgpu::TexelCopyBufferInfo { buffer: &copy, layout };
    encoder.copy_texture_to_buffer(texture.as_image_copy(), target, texture.size());
    encoder.map_buffer_on_submit(&copy, wgpu::MapMode::Read, .., |_| ());
    gpu.queue().submit([encoder.finish()]);
    device.poll(wgpu::PollType::wait_indefinitely())?;
    let bytes = copy.get_mapped_range(..)?;
    Ok(bytes.chunks(stride as usize).flat_map(|row| row[..4 * side as usize].to_vec()).collect())
}

/// Writes what both renderers drew last.
pub fn write_pictures(application: &Application, directory: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("could not create {}", directory.display()))?;
    let side = COLUMNS * SIDE;
    for (renderer, name) in application.renderers.iter().zip(["simulation.png", "reality.png"]) {
        let drawn = pixels(&application.gpu, renderer)?;
        let picture = image::RgbaImage::from_raw(side, side, drawn).context("another size")?;
        let file = directory.join(name);
        picture.save(&file).with_context(|| format!("could not write {}", file.display()))?;
    }
    Ok(())
}
