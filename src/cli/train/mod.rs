//! `dann train`

mod interrupt;
mod introduction;
mod progress;
mod ranks;
mod sabotage;

use super::gpu::GpuArgs;
use super::hint::{FETCH, Hint as _, is_bad_model, is_finished, is_no_data_set, is_taken};
use super::output::Output;
use super::report::PAGE;
use anyhow::Context as _;
use clap::{ArgGroup, Args, ValueEnum};
use dann::fit::{Observer, Sets, Training};
use dann::gpu::Gpu;
use dann::report::page;
use dann::report::tensorboard::Recorder;
use dann::train::{
    Config, DataSets, Length, Method, ParameterGroup, RunDirectory, RunResult, quoted_path, repetition,
};
use introduction::Introduction;
use ranks::Ranks;
use sabotage::Sabotage;
use std::path::{Path, PathBuf};

/// For whoever goes on with a checkpoint that cannot be read.
const OLDER: &str = "an older checkpoint can be named: --resume RUN_DIR/checkpoints/step_….safetensors";
/// For whoever goes on with a run that has come to its end.
const LONGER: &str = "--epochs N or --steps N beside --resume makes it longer";

/// Where `dann data fetch weights` puts its files.
const WEIGHTS: &str = "data/weights";

pub use interrupt::{Interrupted, Interrupts};
pub use progress::Progress;
pub use ranks::{launched, launched_here};

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
  dann train --preset photos --source my/photos --target my/scans --validation 0.1
  dann train --steps 500 --seed 3 --adapter nvidia --json
  dann train --resume runs/dann-1                      goes on where a run was interrupted, by Ctrl-C or worse
  dann train --resume runs/dann-1 --epochs 40          makes a run longer, finished or not
  dann train --config my.toml --start runs/dann-1      a new run, from what another has learned

A data set is a directory: MNIST's IDX files, MNIST-M as released, sub-folders of images a class, or (for the
target) a folder of images. Of the target, training sees only the images of its training part, and no labels
except with --method target-only; for the accuracies marked \"for report only\" target labels are read, too."
)]
pub struct TrainArgs {
    /// A recipe that comes with the program: paper, best, plus, demo, usps, photos, finetune [default: paper]
    #[arg(long)]
    preset: Option<String>,
    /// A recipe from a TOML file; it does not hold the data sets, which --source and --target name
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Which images and labels are used
    #[arg(long, value_enum)]
    method: Option<MethodArg>,
    /// The labelled data set [default: data/mnist]
    #[arg(long)]
    source: Option<PathBuf>,
    /// The data set to adapt to [default: data/mnist_m]
    #[arg(long)]
    target: Option<PathBuf>,
    /// Passes over the smaller data set, in all
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
    /// Leave images out that cannot be read, list them, and train on the others
    #[arg(long)]
    skip_bad: bool,
    /// Set a share of each class's images aside as test part where a folder has none, as in 0.1
    #[arg(long, value_name = "SHARE")]
    validation: Option<f64>,
    /// Write no report.html into the run's directory
    #[arg(long)]
    no_report: bool,
    /// The run's directory, new or empty [default: runs/METHOD-SEED]
    #[arg(long, value_name = "RUN_DIR")]
    out: Option<PathBuf>,
    /// Continue an interrupted run from its newest checkpoint, or from the one named; --epochs or --steps, counted from the
    /// run's start, make a run longer, even a finished one
    #[arg(
        long,
        value_name = "RUN_DIR|FILE",
        conflicts_with_all = ["preset", "config", "method", "batch", "seed", "set", "skip_bad", "validation", "out", "start"]
    )]
    resume: Option<PathBuf>,
    /// Start from the parameters of a run or checkpoint, matched by name; layers of the label predictor and the domain
    /// classifier that have another shape, or are for other classes, start anew
    #[arg(long, value_name = "RUN_DIR|FILE")]
    start: Option<PathBuf>,
    /// Write a checkpoint every so many steps too, not only after each epoch
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u64).range(1..))]
    checkpoint_every: Option<u64>,
    /// Keep only the N newest checkpoints [default: all]
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
    /// The source with its labels, the target's images without: adaptation by gradient reversal
    Dann,
    /// Only the source, with its labels: training without adaptation, to compare with
    SourceOnly,
    /// Only the target, with its labels: the upper bound
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
        self.batch.into_iter().for_each(|rows| training.set_batch(rows as usize));
        training.seed = self.seed.unwrap_or(training.seed);
        if let Some(epochs) = self.epochs {
            (training.epochs, training.steps) = (epochs, None);
        }
        training.steps = self.steps.or(training.steps);
        config.data.skip_bad |= self.skip_bad;
        config.data.validation = self.validation.or(config.data.validation);
        config.check()?;
        Ok(config.with(&self.set)?)
    }
}

impl TrainArgs {
    /// What is trained, and where its data sets are.
    fn training(&self, launcher: &str) -> anyhow::Result<(Training, PathBuf, PathBuf)> {
        let (training, source, target) = match &self.resume {
            Some(from) => self.resumed(from)?,
            None => self.new_training(launcher)?,
        };
        let often = self.checkpoint_every.into_iter().fold(training, Training::checkpoint_every);
        Ok((self.keep.into_iter().fold(often, |training, keep| training.keep(keep as usize)), source, target))
    }

    fn new_training(&self, launcher: &str) -> anyhow::Result<(Training, PathBuf, PathBuf)> {
        let config = self.config()?;
        let default_out =
            || PathBuf::from(format!("runs/{}-{}", config.training.method, config.training.seed));
        let directory = self.out.clone().unwrap_or_else(default_out);
        let source = self.source.clone().unwrap_or_else(|| DataSets::SOURCE.into());
        let target = self.target.clone().unwrap_or_else(|| DataSets::TARGET.into());
        // Before the data sets are read, which may take long.
        RunDirectory::vacant(&directory).hint_if(
            is_taken,
            "--out NEW_DIR names another directory; --resume RUN_DIR goes on with an interrupted run",
        )?;
        anyhow::ensure!(
            self.start.is_some() || !rests_untrained(&config),
            "model.weights: expected a file of pretrained weights for a backbone that is frozen, found none\n\
             hint: --set model.weights=FILE.safetensors names one; without, a frozen backbone stays as chance has drawn it"
        );
        if self.start.is_none() {
            weights_are_there(&config)?;
        }
        let mut remark =
            repeat(&directory, &source, &target).replace("\ndann ", &format!("\n{launcher}dann "));
        let training = Training::new(config);
        let training = match &self.start {
            Some(start) => {
                remark += &format!(" --start {}", quoted_path(start));
                training.start_from(RunDirectory::newest(start)?)
            }
            None => training,
        };
        Ok((training.directory(directory).remark(remark), source, target))
    }

    /// The run or checkpoint at `from`, on the data sets that it knows unless others are named.
    fn resumed(&self, from: &Path) -> anyhow::Result<(Training, PathBuf, PathBuf)> {
        let length = self.epochs.map(Length::Epochs).or(self.steps.map(Length::Steps));
        let found = match length {
            Some(length) => Training::extend(from, length),
            None => Training::resume(from),
        };
        let hint = if found.as_ref().is_err_and(is_finished) { LONGER } else { OLDER };
        let training = found.hint_if(|error| is_finished(error) || is_bad_model(error), hint)?;
        let known = training.data().context("the run does not say what it was trained on")?;
        let source = self.source.clone().unwrap_or_else(|| known.source.clone());
        let target = self.target.clone().unwrap_or_else(|| known.target.clone());
        Ok((training, source, target))
    }
}

/// Whether nothing ever teaches the backbone anything.
fn rests_untrained(config: &Config) -> bool {
    let is_whole = |group: &ParameterGroup| group.frozen && "backbone".starts_with(&group.parameters);
    config.model.backbone.is_some()
        && config.model.weights.is_none()
        && config.training.parameter_groups.iter().any(is_whole)
}

/// Refuses weights that are not where the recipe has them, before the data sets are read.
fn weights_are_there(config: &Config) -> anyhow::Result<()> {
    let Some((backbone, file)) = config.model.backbone.zip(config.model.weights.as_ref()) else {
        return Ok(());
    };
    anyhow::ensure!(
        file.exists(),
        "model.weights: expected the weights of {backbone}, found no file {}\n\
         hint: `dann data fetch weights {backbone}` fetches them into {WEIGHTS}, where the presets look for them; \
         --set model.weights=FILE.safetensors names other ones",
        file.display()
    );
    Ok(())
}

/// How to repeat the run that is in `directory`, where its recipe is read from.
pub fn repeat(directory: &Path, source: &Path, target: &Path) -> String {
    format!("To repeat the run:\n{}", repetition(directory, source, target))
}

pub fn run(args: &TrainArgs, out: &Output) -> anyhow::Result<()> {
    let ranks = Ranks::start()?;
    let interrupts = ranks.interrupts()?;
    let ended = match ranks.to_follow() {
        Some(peers) => ranks.follow(peers, &args.gpu, &interrupts),
        None => lead(args, &ranks, interrupts.clone(), out),
    };
    ranks.end(ended, &interrupts)
}

/// Trains, together with other ranks if there are any.
fn lead(args: &TrainArgs, ranks: &Ranks, mut interrupts: Interrupts, out: &Output) -> anyhow::Result<()> {
    let (training, source, target) = args.training(&ranks.launcher())?;
    args.gpu.expect_f32()?;
    let training = ranks.share(training, &source, &target)?;
    let sets = Sets::read(&source, &target, training.config()).hint_if(is_no_data_set, FETCH)?;
    let open = || ranks.open(&args.gpu);
    let (mut sabotage, mut recorder) = (Sabotage::after(args.destroy_device_at), Recorder::default());
    let (mut introduction, mut progress) = (Introduction::new(out), Progress::new(out));
    let observers: &mut [&mut dyn Observer] =
        &mut [&mut interrupts, &mut sabotage, &mut recorder, &mut introduction, &mut progress];
    let trained = training.run(&sets, &open, observers)?;
    let RunResult { method, seconds, steps, directory, .. } = &trained.result;
    if !trained.complete {
        let again = format!("{}dann train --resume {}", ranks.launcher(), quoted_path(directory));
        return Err(Interrupted { steps: *steps, again }.into());
    }
    out.json(&trained.result)?;
    let (device, run) = (trained.gpu.name(), directory.display());
    out.text(format!("{method} in {seconds:.0} s on {device}; the run is in {run}"))?;
    if !args.no_report {
        write_report(&trained.gpu, directory);
    }
    Ok(())
}

/// Writes the page of the finished run in `directory`. A page that cannot be written takes nothing from the run, whose result has
/// been printed, so it is told and the command succeeds. It is told as an error, as warnings are not seen under `--quiet`.
fn write_report(gpu: &Gpu, directory: &Path) {
    let again =
        format!("the training itself is whole; `dann report {}` writes the page", quoted_path(directory));
    let written = page::write(gpu, &[directory.to_path_buf()], &directory.join(PAGE));
    written.hint_if(|_| true, again).unwrap_or_else(|error| log::error!("report: {error}"));
}
