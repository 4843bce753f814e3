//! `dann train`

use super::gpu::GpuArgs;
use super::hint::Hint as _;
use super::output::{Output, bar, percent};
use super::recorder::Recorder;
use super::report::PAGE;
use super::sets::Sets;
use anyhow::Context as _;
use clap::{ArgGroup, Args, ValueEnum};
use dann::data::Dataset;
use dann::ops::tuning;
use dann::report::page;
use dann::train::{
    Checkpoint, Config, EpochRecord, Evaluator, Method, Report, RunDirectory, RunResult, StepMetrics, Trainer,
};
use indicatif::ProgressBar;
use std::path::{Path, PathBuf};
use std::time::Instant;

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
    /// The labelled data set
    #[arg(long, default_value = "data/mnist")]
    source: PathBuf,
    /// The data set to adapt to
    #[arg(long, default_value = "data/mnist_m")]
    target: PathBuf,
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

impl TrainArgs {
    /// How to repeat the run that is in `directory`, where its recipe is read from.
    fn repeat(&self, directory: &Path) -> String {
        let (directory, source, target) = (directory.display(), self.source.display(), self.target.display());
        format!(
            "To repeat the run:\ndann train --config {directory}/config.toml --source {source} --target {target} \
             --out {directory}-again"
        )
    }
}

struct Evaluators {
    source: Option<Evaluator>,
    target: Option<Evaluator>,
}

impl Evaluators {
    fn new(trainer: &Trainer, sets: &Sets, config: &Config) -> dann::error::Result<Self> {
        let input = &config.model.input;
        let of_target = input.target_normalization.as_ref().unwrap_or(&input.normalization);
        let evaluator = |data: &Option<Dataset>, normalization| {
            data.as_ref().map(|data| Evaluator::new(trainer.model(), data, normalization)).transpose()
        };
        Ok(Self {
            source: evaluator(&sets.source_test, &input.normalization)?,
            target: evaluator(&sets.target_test, of_target)?,
        })
    }

    fn report(&self) -> dann::error::Result<Report> {
        let accuracy = |evaluator: &Option<Evaluator>| {
            evaluator.as_ref().map(|e| Ok(e.evaluate()?.accuracy)).transpose()
        };
        Ok(Report {
            source_test_accuracy: accuracy(&self.source)?,
            target_test_accuracy: accuracy(&self.target)?,
        })
    }
}

pub fn run(args: &TrainArgs, out: &Output) -> anyhow::Result<()> {
    let config = args.config()?;
    let training = &config.training;
    let default_out = || PathBuf::from(format!("runs/{}-{}", training.method, training.seed));
    let directory = args.out.clone().unwrap_or_else(default_out);
    RunDirectory::vacant(&directory).hint("--out NEW_DIR names another directory")?;
    let sets = Sets::load(&args.source, &args.target, &config)
        .hint("`dann data fetch` and `dann data make mnist-m` make the default data sets; --source and --target name others")?;
    let gpu = args.gpu.open()?;
    let mut trainer = Trainer::new(&gpu, &config, &sets.labelled, sets.unlabelled.as_ref())?;
    let evaluators = Evaluators::new(&trainer, &sets, &config)?;
    let mut run = RunDirectory::create(&directory, &config, &args.repeat(&directory))?;

    let began = Instant::now();
    let mut recorder = Recorder::create(&directory, sets.shown(&config))?;
    let checkpoint = |trainer: &Trainer| {
        Checkpoint::of(trainer.model(), &config, &sets.labelled.classes, trainer.steps_done())
    };
    let mut keep = |run: &mut RunDirectory, trainer: &Trainer| run.keep_epoch(&checkpoint(trainer)?);
    let report = train(&mut trainer, &evaluators, &mut run, &mut keep, &mut recorder, out)?;
    let result = RunResult {
        method: training.method,
        seed: training.seed,
        steps: trainer.steps_done(),
        batch: training.batch,
        version: env!("CARGO_PKG_VERSION").into(),
        adapter: gpu.name().to_owned(),
        kernels: tuning::summary(&gpu),
        source: args.source.clone(),
        target: args.target.clone(),
        directory: directory.clone(),
        seconds: began.elapsed().as_secs_f64(),
        report,
    };
    run.finish(&checkpoint(&trainer)?, &result)?;
    recorder.finish(trainer.model(), &sets.labelled.classes)?;
    if !args.no_report {
        page::write(&gpu, std::slice::from_ref(&directory), &directory.join(PAGE)).context("report")?;
    }
    out.json(&result)?;
    let wall = began.elapsed().as_secs();
    out.text(format!(
        "{} in {wall} s on {}; the run is in {}",
        training.method,
        gpu.name(),
        directory.display()
    ))
}

/// Trains to the end, with `keep` at the end of each epoch; gives the report after the last step.
fn train(
    trainer: &mut Trainer,
    evaluators: &Evaluators,
    run: &mut RunDirectory,
    keep: &mut dyn FnMut(&mut RunDirectory, &Trainer) -> dann::error::Result<()>,
    recorder: &mut Recorder<'_>,
    out: &Output,
) -> anyhow::Result<Report> {
    let began = Instant::now();
    let bar = progress_bar(trainer);
    let mut report = Report::default();
    let mut epoch: Vec<StepMetrics> = Vec::new();
    loop {
        let metrics = trainer.advance()?;
        let Some(last) = metrics.last() else { break };
        bar.inc(metrics.len() as u64);
        let rate = trainer.images_per_step() as f64 * trainer.steps_done() as f64;
        let rate = rate / began.elapsed().as_secs_f64();
        let domain = last.domain_loss.map_or(String::new(), |loss| format!(" + {loss:.3} domain"));
        bar.set_message(format!(
            "loss {:.3}{domain}  λ {:.3}  lr {:.5}  {rate:.0} images/s",
            last.label_loss, last.lambda, last.learning_rate
        ));
        for step in &metrics {
            run.log(step)?;
            recorder.step(step)?;
        }
        epoch.extend(metrics);
        if let Some(mean) = StepMetrics::mean(&epoch).filter(|_| trainer.at_epoch_end()) {
            report = bar.suspend(|| evaluators.report()).context("evaluation")?;
            let line = EpochRecord {
                epoch: trainer.epochs_begun(),
                steps: trainer.steps_done(),
                mean,
                seconds: began.elapsed().as_secs_f64(),
                for_report_only: report,
            };
            run.log(&line)?;
            keep(run, trainer)?;
            recorder.epoch(trainer.model(), &line)?;
            bar.suspend(|| out.json(&line).and_then(|()| out.remark(epoch_text(&line))))?;
            epoch.clear();
        }
    }
    bar.finish_and_clear();
    Ok(report)
}

fn progress_bar(trainer: &Trainer) -> ProgressBar {
    let template = "{pos}/{len} [{wide_bar}] {msg}  {eta} left";
    bar(trainer.total_steps(), template)
}

fn epoch_text(line: &EpochRecord) -> String {
    let mean = &line.mean;
    let domain = mean.domain_loss.map_or(String::new(), |loss| format!("  domain loss {loss:.4}"));
    let share = |accuracy: Option<f64>| accuracy.map_or("n/a".into(), percent);
    format!(
        "epoch {:2}  label loss {:.4}{domain}  λ {:.3}  lr {:.5}  {:.0} s | for report only: source test {}, target test {}",
        line.epoch,
        mean.label_loss,
        mean.lambda,
        mean.learning_rate,
        line.seconds,
        share(line.for_report_only.source_test_accuracy),
        share(line.for_report_only.target_test_accuracy),
    )
}
