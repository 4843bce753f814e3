//! `dann train`

mod interrupt;
mod session;

use super::gpu::GpuArgs;
use super::hint::Hint as _;
use super::output::Output;
use super::report::PAGE;
use super::sets::Sets;
use anyhow::Context as _;
use clap::{ArgGroup, Args, ValueEnum};
use dann::gpu::Gpu;
use dann::report::page;
use dann::train::{Config, DataSets, Method, Resumed, RunDirectory, RunResult, Trainer};
use interrupt::Interrupts;
use session::{Evaluators, Habits, Run, Session};
use std::path::{Path, PathBuf};

pub use interrupt::Interrupted;

#[derive(Args)]
#[command(
    group(ArgGroup::new("recipe").args(["preset", "config"])),
    group(ArgGroup::new("length").args(["epochs", "steps"])),
    after_help = "\
Examples:
  dann train                                           the paper's network, MNIST → MNIST-M
  dann train --preset demo --method source-only --out runs/source-only
  dann train --config my.toml --source photos/labelled --target photos/new --epochs 20
  dann train --preset demo --set training.lambda.maximum=0.5 --set training.domain_loss=sum
  dann train --steps 500 --seed 3 --adapter nvidia --json
  dann train --resume runs/dann-1                      goes on where a run was interrupted, by Ctrl-C or worse

A data set is a directory: MNIST's IDX files, MNIST-M as released, sub-folders of images a class, or (for the
target) a folder of images. Of the target, training sees the images of its training part and nothing else;
target labels are read for the accuracies marked \"for report only\"."
)]
pub struct TrainArgs {
    /// A recipe that comes with the program: paper, demo [default: paper]
    #[arg(long)]
    preset: Option<String>,
    /// A recipe from a TOML file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What is trained on what
    #[arg(long, value_enum)]
    method: Option<MethodArg>,
    /// The labelled data set [default: data/mnist]
    #[arg(long)]
    source: Option<PathBuf>,
    /// The data set to adapt to [default: data/mnist_m]
    #[arg(long)]
    target: Option<PathBuf>,
    /// Passes over the smaller data set
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    epochs: Option<u64>,
    /// Steps in all
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    steps: Option<u64>,
    /// Source rows a step, and as many target rows
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    batch: Option<u32>,
    /// Decides initialisation, shuffles and dropout
    #[arg(long)]
    seed: Option<u64>,
    /// Any key of the recipe, as in training.momentum=0.8 or model.feature_extractor.0.outputs=16
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Write no report.html into the run's directory
    #[arg(long)]
    no_report: bool,
    /// The run's directory, new or empty [default: runs/METHOD-SEED]
    #[arg(long, value_name = "RUN_DIR")]
    out: Option<PathBuf>,
    /// Go on with an interrupted run from its newest checkpoint, or from the checkpoint named, as if nothing had happened
    #[arg(
        long,
        value_name = "RUN_DIR|FILE",
        conflicts_with_all = ["preset", "config", "method", "epochs", "steps", "batch", "seed", "set", "out"]
    )]
    resume: Option<PathBuf>,
    /// Write a checkpoint every so many steps too, not only after each epoch
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u64).range(1..))]
    checkpoint_every: Option<u64>,
    /// Keep the newest checkpoints alone, so many [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Destroy the device after so many steps, to see that training goes on
    #[arg(long, hide = true)]
    destroy_device_at: Option<u64>,
    #[command(flatten)]
    gpu: GpuArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum MethodArg {
    /// Source labels, and both domains' images through the gradient reversal
    Dann,
    /// Source labels alone: the lower bound
    SourceOnly,
    /// Target labels alone: the upper bound
    TargetOnly,
}

impl From<MethodArg> for Method {
    fn from(method: MethodArg) -> Self {
        match method {
            MethodArg::Dann => Self::Dann,
            MethodArg::SourceOnly => Self::SourceOnly,
            MethodArg::TargetOnly => Self::TargetOnly,
        }
    }
}

impl TrainArgs {
    fn config(&self) -> anyhow::Result<Config> {
        let mut config = match (&self.config, &self.preset) {
            (Some(file), _) => Config::read(file)?,
            (None, preset) => Config::preset(preset.as_deref().unwrap_or("paper"))?,
        };
        let training = &mut config.training;
        training.method = self.method.map_or(training.method, Into::into);
        training.batch = self.batch.map_or(training.batch, |batch| batch as usize);
        training.seed = self.seed.unwrap_or(training.seed);
        if let Some(epochs) = self.epochs {
            (training.epochs, training.steps) = (epochs, None);
        }
        training.steps = self.steps.or(training.steps);
        config.check()?;
        Ok(config.with(&self.set)?)
    }
}

/// How to repeat the run that is in `directory`, where its recipe is read from.
fn repeat(directory: &Path, source: &Path, target: &Path) -> String {
    let (directory, source, target) = (directory.display(), source.display(), target.display());
    format!(
        "To repeat the run:\ndann train --config {directory}/config.toml --source {source} --target {target} \
         --out {directory}-again"
    )
}

/// What a run goes on from, and what it reads.
struct Start {
    config: Config,
    source: PathBuf,
    target: PathBuf,
    /// The run's own.
    directory: PathBuf,
    resumed: Option<Resumed>,
}

impl TrainArgs {
    fn start(&self) -> anyhow::Result<Start> {
        let Some(from) = &self.resume else {
            let config = self.config()?;
            let default_out =
                || PathBuf::from(format!("runs/{}-{}", config.training.method, config.training.seed));
            let directory = self.out.clone().unwrap_or_else(default_out);
            RunDirectory::vacant(&directory).hint(
                "--out NEW_DIR names another directory; --resume RUN_DIR goes on with an interrupted run",
            )?;
            let (source, target) = (self.source.clone(), self.target.clone());
            return Ok(Start {
                source: source.unwrap_or_else(|| "data/mnist".into()),
                target: target.unwrap_or_else(|| "data/mnist_m".into()),
                config,
                directory,
                resumed: None,
            });
        };
        let resumed = Resumed::find(from)
            .hint("an older checkpoint can be named: --resume RUN_DIR/checkpoints/step_….safetensors")?;
        let data = &resumed.data;
        Ok(Start {
            config: resumed.checkpoint.config.clone(),
            source: self.source.clone().unwrap_or_else(|| data.source.clone()),
            target: self.target.clone().unwrap_or_else(|| data.target.clone()),
            directory: resumed.path.clone(),
            resumed: Some(resumed),
        })
    }
}

/// What kept a training from being set up, and the largest batch that it could be made for, halving the one asked for.
fn with_fitting_batch<T>(
    error: dann::error::Error,
    config: &Config,
    new: impl Fn(&Config) -> dann::error::Result<T>,
) -> anyhow::Error {
    let mut smaller = config.clone();
    while smaller.training.batch > 1 {
        smaller.training.batch /= 2;
        if new(&smaller).is_ok() {
            let hint = format!("--batch {} fits", smaller.training.batch);
            return Err::<(), _>(error).hint(hint).unwrap_err();
        }
    }
    error.into()
}

/// How often a device may be lost in a run before it is given up.
const MOST_LOSSES: usize = 3;

pub fn run(args: &TrainArgs, out: &Output) -> anyhow::Result<()> {
    let interrupts = Interrupts::watch()?;
    let mut start = args.start()?;
    let sets = Sets::load(&start.source, &start.target, &start.config)
        .hint("`dann data fetch` and `dann data make mnist-m` make the default data sets; --source and --target name others")?;
    let directory = start.directory.clone();
    let mut losses = 0;
    let (gpu, result) = loop {
        let gpu = args.gpu.open()?;
        let destroy_at = args.destroy_device_at.filter(|_| losses == 0);
        match args.train(&start, &sets, &gpu, (&interrupts, destroy_at), out) {
            Err(error) if gpu.is_gone() && losses < MOST_LOSSES => {
                log::warn!("{error:#}; opening the device again and going on from the last checkpoint");
                losses += 1;
                start.resumed = Some(Resumed::find(&directory)?);
            }
            ended => break (gpu, ended?),
        }
    };
    if !args.no_report {
        page::write(&gpu, std::slice::from_ref(&directory), &directory.join(PAGE)).context("report")?;
    }
    out.json(&result)?;
    let RunResult { method, seconds, .. } = &result;
    out.text(format!("{method} in {seconds:.0} s on {}; the run is in {}", gpu.name(), directory.display()))
}

impl TrainArgs {
    /// Trains on `gpu` to the end.
    fn train(
        &self,
        start: &Start,
        sets: &Sets,
        gpu: &Gpu,
        (interrupts, destroy_at): (&Interrupts, Option<u64>),
        out: &Output,
    ) -> anyhow::Result<RunResult> {
        let Start { config, source, target, directory, resumed } = start;
        let data = DataSets::new(source.clone(), target.clone(), &sets.labelled, sets.unlabelled.as_ref());
        if let Some(resumed) = resumed {
            resumed.data.check(&data)?;
        }
        let new = |config: &Config| {
            let trainer = Trainer::new(gpu, config, &sets.labelled, sets.unlabelled.as_ref())?;
            let evaluators = Evaluators::new(&trainer, sets, config)?;
            Ok((trainer, evaluators))
        };
        let (mut trainer, evaluators) = match (new(config), resumed) {
            (Err(error), None) => return Err(with_fitting_batch(error, config, new)),
            (made, _) => made?,
        };
        if let Some(steps) = self.checkpoint_every {
            trainer.rest_every(steps);
        }
        let run = match resumed {
            None => Run::new(RunDirectory::create(directory, config, &repeat(directory, source, target))?),
            Some(resumed) => {
                trainer.resume(&resumed.checkpoint)?;
                out.remark(format!(
                    "going on with {} after step {}",
                    directory.display(),
                    trainer.steps_done()
                ))?;
                Run::resumed(resumed, trainer.steps_per_epoch())?
            }
        };
        let habits = Habits {
            checkpoint_every: self.checkpoint_every,
            keep: self.keep.map(|keep| keep as usize),
            destroy_device_at: destroy_at,
        };
        Session::new((trainer, evaluators), config, sets, data, habits).train(run, directory, interrupts, out)
    }
}
