//! Adaptation inside a renderer. One renderer draws labelled objects without end: the source. Another one draws the same kinds of
//! objects as a camera might see them, with other materials, grounds, light and a lens: the target, whose labels are looked at for
//! the report alone. Both are handed over frame by frame, as textures, and never leave the device.
//!
//! ```sh
//! cargo run --release --example sim_to_real                                      # a window
//! cargo run --release --example sim_to_real -- --headless --frames 300
//! cargo run --release --example sim_to_real -- --headless --pictures pictures    # the last pictures of both as PNG, besides
//! ```

#[path = "scene/mod.rs"]
#[allow(dead_code, reason = "objects take the place of made-up digits")]
mod scene;
#[path = "simulation/mod.rs"]
mod simulation;
#[path = "viewer/mod.rs"]
#[allow(dead_code, unused_imports, reason = "parts of its window are used, and not the whole")]
mod viewer;

use clap::Parser;
use dann::embed::Gpu;
use dann::train::StepMetrics;
use simulation::training::{Application, Plan, write_pictures};
use simulation::window;
use std::path::PathBuf;

/// Trains on what two renderers draw, one of them without labels.
#[derive(Parser)]
struct Arguments {
    /// Draws no window, and prints how well target pictures are classified before and after
    #[arg(long)]
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
    #[arg(long, requires = "headless")]
    pictures: Option<PathBuf>,
    /// Words of the name of the adapter that the window is drawn by
    #[arg(long, conflicts_with = "headless")]
    adapter: Option<String>,
    /// Closes the window after so many seconds
    #[arg(long, conflicts_with = "headless")]
    seconds: Option<f64>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let steps = arguments.frames * arguments.steps;
    let plan = Plan { config: arguments.config.clone(), seed: arguments.seed, steps };
    if arguments.headless {
        headless(&arguments, &plan)
    } else {
        window::open(plan, arguments.adapter, arguments.seconds)
    }
}

fn headless(arguments: &Arguments, plan: &Plan) -> anyhow::Result<()> {
    let (device, queue) = scene::device::open()?;
    let gpu = Gpu::borrow(&device, &queue, dann::gpu::Options::default())?;
    let [source_only, dann] = plan.trainers(&gpu)?;
    let mut application = Application::new(&gpu, plan, [source_only.finish()?, dann.finish()?]);
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
    arguments.pictures.as_deref().map_or(Ok(()), |directory| write_pictures(&application, directory))
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
