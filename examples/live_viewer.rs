//! A window in which a network is trained on the window's own device: losses, accuracies and λ as curves, the features of
//! both domains drawn straight from the trainer's buffers, target images with what is predicted for them, and the filters
//! of the first layer. λ and the learning rate can be taken into one's own hands.
//!
//! ```sh
//! cargo run --release --example live_viewer
//! cargo run --release --example live_viewer -- --source data/mnist --target data/mnist_m
//! ```

#[path = "scene/mod.rs"]
mod scene;
#[path = "viewer/mod.rs"]
mod viewer;

use anyhow::Context as _;
use clap::Parser;
use dann::data::{self, Labels, Part};
use eframe::egui;
use scene::toy;
use std::path::PathBuf;
use viewer::{Material, Options, Viewer};

/// Images of each made-up domain.
const IMAGES: usize = 4800;
/// Rows of each domain in a step.
const BATCH: usize = 32;

/// Trains on the window's device and shows what is learned.
#[derive(Parser)]
struct Arguments {
    /// A labelled data set, in place of made-up digits
    #[arg(long, requires = "target")]
    source: Option<PathBuf>,
    /// The data set to adapt to
    #[arg(long, requires = "source")]
    target: Option<PathBuf>,
    /// Words of the adapter's name
    #[arg(long)]
    adapter: Option<String>,
    /// Where Save writes model.safetensors
    #[arg(long, default_value = "runs/viewer")]
    out: PathBuf,
    /// Decides data, initialisation and shuffles
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Closes the window after so many seconds
    #[arg(long)]
    seconds: Option<f64>,
}

fn main() -> anyhow::Result<()> {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    let arguments = Arguments::parse();
    let material = material(&arguments)?;
    let options = Options { out: arguments.out, seconds: arguments.seconds };
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("dann: live viewer")
            .with_inner_size([1280.0, 800.0])
            .with_min_inner_size([900.0, 600.0]),
        renderer: eframe::Renderer::Wgpu,
        // Flat colours have nothing to dither, and processors that draw the window have no time for it.
        dithering: false,
        wgpu_options: eframe::egui_wgpu::WgpuConfiguration {
            wgpu_setup: viewer::setup(arguments.adapter),
            ..Default::default()
        },
        ..Default::default()
    };
    let create = |context: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, _> {
        let state = context.wgpu_render_state.clone().context("eframe runs without wgpu")?;
        Ok(Box::new(Viewer::new(&context.egui_ctx, state, material, options)?))
    };
    eframe::run_native("dann", native, Box::new(create))
        .map_err(|e| anyhow::anyhow!("the window could not be opened: {e}"))
}

fn material(arguments: &Arguments) -> anyhow::Result<Material> {
    let mut config = toy::config(arguments.seed)?;
    config.training.batch = BATCH;
    let frame = config.model.input.frame();
    let (source, target) = match (&arguments.source, &arguments.target) {
        (Some(source), Some(target)) => (
            data::load(source, Part::Train, frame, Labels::Required)?,
            data::load(target, Part::Train, frame, Labels::Ignored)?,
        ),
        _ => (toy::source(IMAGES, arguments.seed), toy::target(IMAGES, arguments.seed)),
    };
    Ok(Material { config, source, target })
}
