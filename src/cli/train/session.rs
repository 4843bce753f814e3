//! A training from its first step to its last, and what it writes on the way.

use super::interrupt::{Interrupted, Interrupts};
use crate::cli::output::{Output, bar, share};
use crate::cli::recorder::Recorder;
use crate::cli::sets::Sets;
use anyhow::Context as _;
use dann::data::Dataset;
use dann::ops::tuning;
use dann::train::health::Pulse;
use dann::train::{
    Checkpoint, Config, DataSets, EpochRecord, Evaluator, Report, Resumed, RunDirectory, RunResult,
    StepMetrics, Trainer,
};
use indicatif::ProgressBar;
use std::path::Path;
use std::time::{Duration, Instant};

/// The parts of the data sets that are for the report alone.
pub struct Evaluators {
    source: Option<Evaluator>,
    target: Option<Evaluator>,
}

impl Evaluators {
    pub fn new(trainer: &Trainer, sets: &Sets, config: &Config) -> dann::error::Result<Self> {
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

/// A run's directory and what is known of the steps before.
pub struct Run {
    directory: RunDirectory,
    /// The steps of the epoch that has begun.
    epoch: Vec<StepMetrics>,
    pulse: Pulse,
    report: Report,
    /// What training took before it was interrupted.
    before: Duration,
    /// After how many steps the last checkpoint was written.
    kept: Option<u64>,
}

impl Run {
    pub fn new(directory: RunDirectory, config: &Config) -> dann::error::Result<Self> {
        let (report, before) = (Report::default(), Duration::ZERO);
        let pulse = Pulse::new(&config.training, config.model.classes()?);
        Ok(Self { directory, epoch: vec![], pulse, report, before, kept: None })
    }

    pub fn resumed(resumed: &Resumed, steps_per_epoch: u64) -> dann::error::Result<Self> {
        let config = &resumed.checkpoint.config;
        let mut pulse = Pulse::new(&config.training, config.model.classes()?);
        for epoch in &resumed.history.epochs {
            // What they had to say was said when they ended.
            pulse.epoch(&epoch.mean, None);
        }
        Ok(Self {
            epoch: resumed.begun_epoch(steps_per_epoch),
            pulse,
            report: resumed.history.epochs.last().map_or(Report::default(), |epoch| epoch.for_report_only),
            before: Duration::from_secs_f64(resumed.seconds()),
            kept: Some(resumed.checkpoint.step),
            directory: resumed.open()?,
        })
    }
}

/// What a training works with.
pub struct Session<'a> {
    trainer: Trainer,
    evaluators: Evaluators,
    config: &'a Config,
    sets: &'a Sets,
    data: DataSets,
    habits: Habits,
    began: Instant,
}

/// What a training does besides.
#[derive(Clone, Copy, Default)]
pub struct Habits {
    /// Steps from one checkpoint to the next within an epoch.
    pub checkpoint_every: Option<u64>,
    /// How many checkpoints stay.
    pub keep: Option<usize>,
    /// For tests: after how many steps the device is destroyed.
    pub destroy_device_at: Option<u64>,
}

impl<'a> Session<'a> {
    pub fn new(
        (trainer, evaluators): (Trainer, Evaluators),
        config: &'a Config,
        sets: &'a Sets,
        data: DataSets,
        habits: Habits,
    ) -> Self {
        Self { trainer, evaluators, config, sets, data, habits, began: Instant::now() }
    }

    /// Trains to the end, or until an interrupt, which is an error.
    pub fn train(
        &mut self,
        mut run: Run,
        directory: &Path,
        interrupts: &Interrupts,
        out: &Output,
    ) -> anyhow::Result<RunResult> {
        let mut recorder = Recorder::create(directory, self.sets.shown(self.config))?;
        if run.kept.is_none() {
            self.keep(&mut run)?;
        }
        let bar = self.progress_bar();
        loop {
            if interrupts.any() {
                self.trainer.halt();
            }
            if self.habits.destroy_device_at.is_some_and(|steps| self.trainer.steps_done() >= steps) {
                self.trainer.model().gpu().device().destroy();
            }
            let metrics = self.trainer.advance()?;
            if metrics.is_empty() {
                break;
            }
            self.show(&bar, &metrics);
            for step in &metrics {
                run.directory.log(step)?;
                recorder.step(step)?;
            }
            run.epoch.extend(metrics);
            if self.trainer.at_epoch_end() {
                self.end_epoch(&mut run, &mut recorder, &bar, out)?;
            } else if self.checkpoint_due() {
                self.keep(&mut run)?;
            }
        }
        bar.finish_and_clear();
        let steps = self.trainer.steps_done();
        if steps < self.trainer.total_steps() {
            self.keep(&mut run)?;
            return Err(Interrupted { steps, directory: directory.to_path_buf() }.into());
        }
        self.finish(&run, recorder, directory)
    }

    fn checkpoint_due(&self) -> bool {
        let due = |every| self.trainer.steps_done().is_multiple_of(every);
        self.trainer.is_at_rest() && self.habits.checkpoint_every.is_some_and(due)
    }

    /// Writes a checkpoint, unless there is one of this step.
    fn keep(&self, run: &mut Run) -> dann::error::Result<()> {
        let step = self.trainer.steps_done();
        if run.kept == Some(step) {
            return Ok(());
        }
        let classes = &self.sets.labelled.classes;
        let trained = (self.trainer.model(), self.trainer.optimizer());
        let checkpoint = Checkpoint::of_training(trained, self.config, classes, step, &self.data)?;
        run.directory.keep_checkpoint(&checkpoint, self.habits.keep)?;
        run.kept = Some(step);
        Ok(())
    }

    fn end_epoch(
        &self,
        run: &mut Run,
        recorder: &mut Recorder<'_>,
        bar: &ProgressBar,
        out: &Output,
    ) -> anyhow::Result<()> {
        let Some(mean) = StepMetrics::mean(&run.epoch) else { return Ok(()) };
        run.report = bar.suspend(|| self.evaluators.report()).context("evaluation")?;
        let line = EpochRecord {
            epoch: self.trainer.epochs_begun(),
            steps: self.trainer.steps_done(),
            mean,
            seconds: self.seconds(run),
            for_report_only: run.report,
        };
        run.directory.log(&line)?;
        self.keep(run)?;
        recorder.epoch(self.trainer.model(), &line)?;
        bar.suspend(|| out.json(&line).and_then(|()| out.remark(epoch_text(&line))))?;
        let live = self.trainer.live_features()?;
        log::debug!("{:.1} % of the features differ between images", 100.0 * live);
        for warning in run.pulse.epoch(&mean, Some(live)) {
            bar.suspend(|| log::warn!("{warning}"));
        }
        run.epoch.clear();
        Ok(())
    }

    fn finish(&self, run: &Run, recorder: Recorder<'_>, directory: &Path) -> anyhow::Result<RunResult> {
        let (model, training) = (self.trainer.model(), &self.config.training);
        let classes = &self.sets.labelled.classes;
        let result = RunResult {
            method: training.method,
            seed: training.seed,
            steps: self.trainer.steps_done(),
            batch: training.batch,
            version: env!("CARGO_PKG_VERSION").into(),
            adapter: model.gpu().name().to_owned(),
            kernels: tuning::summary(model.gpu()),
            source: self.data.source.clone(),
            target: self.data.target.clone(),
            directory: directory.to_path_buf(),
            seconds: self.seconds(run),
            report: run.report,
        };
        let checkpoint = Checkpoint::of(model, self.config, classes, self.trainer.steps_done())?;
        run.directory.finish(&checkpoint, &result)?;
        recorder.finish(model, classes)?;
        Ok(result)
    }

    fn seconds(&self, run: &Run) -> f64 {
        (run.before + self.began.elapsed()).as_secs_f64()
    }

    fn progress_bar(&self) -> ProgressBar {
        let template = "{pos}/{len} [{wide_bar}] {msg}  {eta} left";
        let bar = bar(self.trainer.total_steps(), template);
        bar.set_position(self.trainer.steps_done());
        bar.reset_eta();
        bar
    }

    fn show(&self, bar: &ProgressBar, metrics: &[StepMetrics]) {
        bar.inc(metrics.len() as u64);
        let Some(last) = metrics.last() else { return };
        let rate = self.trainer.images_per_step() as f64 * bar.per_sec();
        let domain = last.domain_loss.map_or(String::new(), |loss| format!(" + {loss:.3} domain"));
        bar.set_message(format!(
            "loss {:.3}{domain}  λ {:.3}  lr {:.5}  {rate:.0} images/s",
            last.label_loss, last.lambda, last.learning_rate
        ));
    }
}

fn epoch_text(line: &EpochRecord) -> String {
    let mean = &line.mean;
    let domain = mean.domain_loss.map_or(String::new(), |loss| format!("  domain loss {loss:.4}"));
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
