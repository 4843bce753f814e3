//! Adaptation inside a renderer. One renderer draws labelled objects without end: the source. Another one draws the same kinds of
//! objects as a camera might see them, with other materials, grounds, light and a lens: the target, whose labels only the report
//! at the end reads. Both are handed over frame by frame, as textures, and never leave the device.
//!
//! ```sh
//! cargo run --release --example sim_to_real -- --headless --frames 300
//! cargo run --release --example sim_to_real -- --headless --pictures pictures    # the last pictures of both as PNG, besides
//! ```

#[path = "scene/device.rs"]
mod device;
#[path = "simulation/mod.rs"]
mod simulation;

use anyhow::Context as _;
use clap::Parser;
use dann::embed::{Classifier, ClassifierOptions, Frames, Gpu, Input, Trainer, TrainerOptions};
use dann::train::{Config, Method, StepMetrics};
use dann::wgpu;
use simulation::renderer::{COLUMNS, OBJECTS, Renderer, SIDE};
use simulation::{CLASSES, Look};
use std::path::{Path, PathBuf};

/// Frames of either domain that are kept on the device.
const KEPT: usize = 4096;
/// Pictures that accuracy is measured on: so many times what is drawn at once.
const TEST_PICTURES: usize = 16;

/// A small network, and schedules over the frames that are asked for.
const RECIPE: &str = r#"
[training]
epochs = 1
batch = 32
momentum = 0.5
learning_rate = { initial = 0.03, alpha = 10.0, beta = 0.75 }
lambda = { maximum = 0.4, gamma = 10.0 }
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

/// Trains on what two renderers draw, one of them without labels.
#[derive(Parser)]
struct Arguments {
    /// Draws no window, and prints how well target pictures are classified before and after
    #[arg(long, required = true)]
    headless: bool,
    /// How many frames to draw
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    frames: u64,
    /// Training steps in a frame, of each trainer
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Decides objects, initialisation and draws
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A recipe for images of any size, in place of the example's own
    #[arg(long)]
    config: Option<PathBuf>,
    /// A directory for the last picture of either renderer
    #[arg(long)]
    pictures: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut application = Application::new(&arguments)?;
    let before = application.accuracy(1)?;
    println!("before training: {} of the target right", percent(before));
    for frame in 1..=arguments.frames {
        let metrics = application.frame(arguments.steps)?;
        if frame % 50 == 0 {
            println!("frame {frame} of {}: {}", arguments.frames, words(metrics));
        }
    }
    let [source_only, dann] = [application.accuracy(0)?, application.accuracy(1)?];
    println!(
        "after {} frames: source-only {}, DANN {}: {:+.1} points",
        arguments.frames,
        percent(source_only),
        percent(dann),
        100.0 * (dann - source_only)
    );
    match &arguments.pictures {
        Some(directory) => application.write_pictures(directory),
        None => Ok(()),
    }
}

/// What both trainers' last steps were like.
fn words([source_only, dann]: [Option<StepMetrics>; 2]) -> String {
    let labels = |metrics: Option<StepMetrics>| percent(metrics.map_or(0.0, |m| m.label_accuracy.into()));
    let domains = percent(dann.and_then(|m| m.domain_accuracy).unwrap_or_default().into());
    format!("source right {} and {}, domains told apart {domains}", labels(source_only), labels(dann))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Two renderers, and two trainers on their device that learn from the same frames.
struct Application {
    gpu: Gpu,
    renderers: [Renderer; 2],
    /// Without and with adaptation.
    trainers: [Trainer; 2],
    /// What accuracy is measured on, of other objects.
    test_seed: u64,
}

impl Application {
    fn new(arguments: &Arguments) -> anyhow::Result<Self> {
        let (device, queue) = device::open()?;
        let gpu = Gpu::borrow(&device, &queue, dann::gpu::Options::default())?;
        let trainer = |method| -> anyhow::Result<Trainer> {
            let mut config = match &arguments.config {
                Some(file) => Config::read(file)?,
                None => Config::parse("the example's recipe", RECIPE)?,
            };
            (config.training.method, config.training.seed) = (method, arguments.seed);
            config.training.steps = Some(arguments.frames * arguments.steps);
            let source = Frames::new(KEPT).classes(CLASSES);
            let options = TrainerOptions::source(config, source).target(Frames::new(KEPT));
            Ok(Trainer::on(&gpu, options)?)
        };
        let trainers = [trainer(Method::SourceOnly)?, trainer(Method::Dann)?];
        let looks = [Look::Simulation, Look::Reality];
        let renderers = looks.map(|look| Renderer::new(&device, &queue, look, arguments.seed));
        Ok(Self { gpu, renderers, trainers, test_seed: !arguments.seed })
    }

    /// One frame: both renderers draw, both trainers take that in and train, and all of it is submitted at once. Gives what the
    /// last steps were like.
    fn frame(&mut self, steps: u64) -> anyhow::Result<[Option<StepMetrics>; 2]> {
        let (device, queue) = (self.gpu.device(), self.gpu.queue());
        let mut encoder = device.create_command_encoder(&Default::default());
        let [labels, _unseen] = self.renderers.each_mut().map(|renderer| renderer.draw(queue, &mut encoder));
        let [simulated, real] = self.renderers.each_ref().map(Renderer::pictures);
        let simulated: Vec<_> = simulated.into_iter().zip(labels).collect();
        for trainer in &mut self.trainers {
            trainer.push_sources(&mut encoder, &simulated)?;
            trainer.push_targets(&mut encoder, &real)?;
            trainer.encode_steps(&mut encoder, steps)?;
        }
        queue.submit([encoder.finish()]);
        // A window would go on at once, and look again in its next frame.
        device.poll(wgpu::PollType::wait_indefinitely())?;
        let [source_only, dann] = self.trainers.each_mut().map(|trainer| trainer.take_metrics());
        Ok([source_only?.pop(), dann?.pop()])
    }

    /// The share of target pictures, of objects that nobody has trained on, that one of the trainers' models classifies rightly.
    fn accuracy(&mut self, trainer: usize) -> anyhow::Result<f64> {
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

    /// Writes what both renderers drew last.
    fn write_pictures(&self, directory: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("could not create {}", directory.display()))?;
        let (device, side) = (self.gpu.device(), COLUMNS * SIDE);
        // Rows in a copy begin at multiples of 256 bytes.
        let stride = (4 * side).next_multiple_of(256);
        for (renderer, name) in self.renderers.iter().zip(["simulation.png", "reality.png"]) {
            let texture = renderer.picture.texture();
            let copy = readback(device, u64::from(stride * side));
            let layout =
                wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(stride), rows_per_image: None };
            let mut encoder = device.create_command_encoder(&Default::default());
            let target = wgpu::TexelCopyBufferInfo { buffer: &copy, layout };
            encoder.copy_texture_to_buffer(texture.as_image_copy(), target, texture.size());
            encoder.map_buffer_on_submit(&copy, wgpu::MapMode::Read, .., |_| ());
            self.gpu.queue().submit([encoder.finish()]);
            device.poll(wgpu::PollType::wait_indefinitely())?;
            let bytes = copy.get_mapped_range(..)?.to_vec();
            let rows = bytes.chunks(stride as usize).flat_map(|row| row[..4 * side as usize].to_vec());
            let picture = image::RgbaImage::from_raw(side, side, rows.collect()).context("another size")?;
            let file = directory.join(name);
            picture.save(&file).with_context(|| format!("could not write {}", file.display()))?;
        }
        Ok(())
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
