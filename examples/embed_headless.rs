//! Training inside a renderer: an application's device draws the features of both domains straight from the trainer's
//! buffers while it trains, and writes the frames as PNG files.
//!
//! ```sh
//! cargo run --release --example embed_headless -- --out frames
//! ```
//!
//! Left in each frame the domains (source blue, target orange), right the classes (discs: the source's labels, rings:
//! what is predicted for the target). The plane is that in which the features vary most.

#[path = "scene/mod.rs"]
mod scene;

use anyhow::Context as _;
use clap::Parser;
use dann::data::{self, Dataset, Labels, Part};
use dann::embed::{Trainer, TrainerOptions};
use dann::train::{Config, StepMetrics};
use dann::wgpu;
use image::RgbaImage;
use scene::scatter::{Colours, Projection, Scatter, colours_of_classes};
use scene::{device, text, toy};
use std::path::{Path, PathBuf};

/// Pixels of a panel; a frame has two.
const PANEL: u32 = 512;
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;
const GROUND: wgpu::Color = wgpu::Color { r: 0.055, g: 0.065, b: 0.085, a: 1.0 };
/// Images of each made-up domain.
const IMAGES: usize = 2400;

/// Trains on an application's device and writes what it draws of the features.
#[derive(Parser)]
struct Arguments {
    /// The directory for the frames
    #[arg(long)]
    out: PathBuf,
    /// How many frames to draw
    #[arg(long, default_value_t = 36, value_parser = clap::value_parser!(u64).range(1..))]
    frames: u64,
    /// Training steps between two frames
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// A labelled data set, in place of made-up digits
    #[arg(long, requires = "target")]
    source: Option<PathBuf>,
    /// The data set to adapt to
    #[arg(long, requires = "source")]
    target: Option<PathBuf>,
    /// A recipe for images of 28 × 28 pixels, in place of the example's own
    #[arg(long)]
    config: Option<PathBuf>,
    /// Decides data, initialisation and shuffles
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("could not create {}", arguments.out.display()))?;
    let mut config = match &arguments.config {
        Some(file) => Config::read(file)?,
        None => toy::config(arguments.seed)?,
    };
    config.training.steps = Some(arguments.frames * arguments.steps);
    let (source, target) = domains(&arguments, &config)?;
    let (device, queue) = device::open()?;
    let options = TrainerOptions::new(config, &source, Some(&target));
    let trainer = Trainer::new(&device, &queue, options)?;
    let mut application = Application::new(device, queue, trainer);
    for frame in 0..arguments.frames {
        let file = arguments.out.join(format!("frame_{frame:03}.png"));
        application.frame(arguments.steps, &file)?;
    }
    println!("{} frames in {}", arguments.frames, arguments.out.display());
    Ok(())
}

fn domains(arguments: &Arguments, config: &Config) -> anyhow::Result<(Dataset, Dataset)> {
    let frame = config.model.input.frame();
    match (&arguments.source, &arguments.target) {
        (Some(source), Some(target)) => Ok((
            data::load(source, Part::Train, frame, Labels::Required)?,
            data::load(target, Part::Train, frame, Labels::Ignored)?,
        )),
        _ => Ok((toy::source(IMAGES, arguments.seed), toy::target(IMAGES, arguments.seed))),
    }
}

/// A renderer with a trainer in it.
struct Application {
    device: wgpu::Device,
    queue: wgpu::Queue,
    trainer: Trainer,
    projection: Projection,
    panels: [Scatter; 2],
    picture: wgpu::Texture,
    pixels: wgpu::Buffer,
    points: wgpu::Buffer,
    last: Option<StepMetrics>,
}

impl Application {
    fn new(device: wgpu::Device, queue: wgpu::Queue, trainer: Trainer) -> Self {
        let views = trainer.views();
        let projection = Projection::new(&device, views);
        let panels = [0, 1].map(|_| Scatter::new(&device, FORMAT, views, &projection));
        for (panel, colours) in panels.iter().zip([Colours::Domain, Colours::Class]) {
            panel.look(&queue, colours, 1.0, 6.0, [PANEL as f32; 2]);
        }
        let picture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("frame"),
            size: wgpu::Extent3d { width: 2 * PANEL, height: PANEL, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: FORMAT,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let readback = |size| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("readback"),
                size,
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            })
        };
        let pixels = readback(u64::from(2 * PANEL * PANEL * 4));
        let points = readback(projection.points.size());
        Self { device, queue, trainer, projection, panels, picture, pixels, points, last: None }
    }

    /// One frame: train, draw, and write what was drawn.
    fn frame(&mut self, steps: u64, file: &Path) -> anyhow::Result<()> {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        // What a frame begins with: the library records, and the application submits.
        self.trainer.encode_steps(&mut encoder, steps)?;
        self.projection.encode(&mut encoder);
        self.draw(&mut encoder);
        self.copy_out(&mut encoder);
        self.queue.submit([encoder.finish()]);
        // A window would go on at once; files are written when the pixels are there.
        self.device.poll(wgpu::PollType::wait_indefinitely())?;
        self.last = self.trainer.take_metrics()?.pop().or(self.last);
        self.write(file)
    }

    fn draw(&self, encoder: &mut wgpu::CommandEncoder) {
        let view = self.picture.create_view(&Default::default());
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("features"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations { load: wgpu::LoadOp::Clear(GROUND), store: wgpu::StoreOp::Store },
            })],
            ..Default::default()
        });
        for (panel, left) in self.panels.iter().zip([0.0, PANEL as f32]) {
            pass.set_viewport(left, 0.0, PANEL as f32, PANEL as f32, 0.0, 1.0);
            panel.draw(&mut pass);
        }
    }

    fn copy_out(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.copy_texture_to_buffer(
            self.picture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &self.pixels,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(2 * PANEL * 4),
                    rows_per_image: None,
                },
            },
            self.picture.size(),
        );
        let size = self.projection.points.size();
        encoder.copy_buffer_to_buffer(&self.projection.points, 0, &self.points, 0, size);
        for buffer in [&self.pixels, &self.points] {
            encoder.map_buffer_on_submit(buffer, wgpu::MapMode::Read, .., |_| ());
        }
    }

    fn write(&self, file: &Path) -> anyhow::Result<()> {
        let pixels = self.pixels.get_mapped_range(..)?.to_vec();
        let points: Vec<[f32; 2]> = bytemuck::pod_collect_to_vec(&self.points.get_mapped_range(..)?);
        self.pixels.unmap();
        self.points.unmap();
        let mut picture = RgbaImage::from_raw(2 * PANEL, PANEL, pixels).context("a frame of another size")?;
        label(&mut picture, self.trainer.steps_done(), self.trainer.classes().len());
        picture.save(file).with_context(|| format!("could not write {}", file.display()))?;
        let Some(last) = self.last else { return Ok(()) };
        println!(
            "step {:4}  label loss {:.3}  domain loss {:.3}  domain told rightly {:3.0} %  λ {:.2}  clouds apart {:.2}",
            last.step + 1,
            last.label_loss,
            last.domain_loss.unwrap_or_default(),
            100.0 * last.domain_accuracy.unwrap_or_default(),
            last.lambda,
            apart(&points, self.trainer.views().labels.rows()),
        );
        Ok(())
    }
}

/// Says what the points are, and after how many steps.
fn label(picture: &mut RgbaImage, steps: u64, classes: usize) {
    let [grey, source, target] = [[190; 3], [66, 158, 242], [255, 140, 51]];
    let behind = text::write(picture, &format!("step {steps}  "), 8, 8, grey);
    let behind = text::write(picture, "source ", behind, 8, source);
    text::write(picture, "target", behind, 8, target);
    text::write(picture, "discs are labels, rings predicted", PANEL + 8, 8, grey);
    let mut behind = PANEL + 8;
    // The last colour stands for all classes from there on.
    for (class, colour) in colours_of_classes().into_iter().enumerate().take(classes) {
        behind = text::write(picture, &format!("{class} "), behind, 26, colour);
    }
}

/// The distance between the centres of the clouds, in standard deviations of all points.
fn apart(points: &[[f32; 2]], source_rows: usize) -> f32 {
    let centre = |cloud: &[[f32; 2]]| {
        [0, 1].map(|axis| cloud.iter().map(|point| point[axis]).sum::<f32>() / cloud.len() as f32)
    };
    let (source, target) = points.split_at(source_rows);
    let [a, b] = [centre(source), centre(target)];
    (a[0] - b[0]).hypot(a[1] - b[1])
}
