//! A training as it is shown in a terminal: a bar, and a line an epoch.

use crate::cli::output::{Output, bar, share, wrapped};
use dann::error::Result;
use dann::fit::{Observer, State};
use dann::train::health::Warning;
use dann::train::{EpochRecord, ExchangeTimes, Rated, RunResult, StepMetrics, again, quoted_path};
use indicatif::ProgressBar;
use std::time::{Duration, Instant};

/// Shows how training goes on.
pub struct Progress<'a> {
    out: &'a Output,
    bar: ProgressBar,
    began: Instant,
}

impl<'a> Progress<'a> {
    pub fn new(out: &'a Output) -> Self {
        Self { out, bar: ProgressBar::hidden(), began: Instant::now() }
    }

    /// What of the time so far images were waited for, in words; nothing where all are in memory.
    fn waiting(&self, state: &State<'_>) -> String {
        let share = |waited: Duration| waited.as_secs_f64() / self.began.elapsed().as_secs_f64().max(1e-9);
        let words = |waited| format!("  {:.0} % waiting for images", 100.0 * share(waited));
        state.waited_for_images().map_or(String::new(), words)
    }
}

impl Observer for Progress<'_> {
    fn began(&mut self, state: &State<'_>) -> Result<()> {
        if let (true, Some(run)) = (state.is_resumed(), state.directory()) {
            let steps = state.steps_done();
            self.out.remark_on(format!("going on with {} after step {steps}", run.display()))?;
        }
        self.began = Instant::now();
        self.bar = bar(state.total_steps(), "{pos}/{len} [{wide_bar}] {msg}  {eta} left");
        self.bar.set_position(state.steps_done());
        self.bar.reset_eta();
        Ok(())
    }

    fn preparing(&mut self, state: &State<'_>, share: f64) -> Result<()> {
        let waiting = self.waiting(state);
        self.bar.set_message(format!("frozen layers: {:.0} % of all images{waiting}", 100.0 * share));
        self.bar.reset_eta();
        Ok(())
    }

    fn steps(&mut self, state: &State<'_>, steps: &[StepMetrics]) -> Result<()> {
        self.bar.inc(steps.len() as u64);
        let Some(last) = steps.last() else { return Ok(()) };
        let rate = state.images_per_step() as f64 * self.bar.per_sec();
        let domain = last.domain_loss.map_or(String::new(), |loss| format!(" + {loss:.3} domain"));
        self.bar.set_message(format!(
            "loss {:.3}{domain}  λ {:.3}  lr {:.5}  {rate:.0} images/s{}",
            last.label_loss,
            last.lambda,
            last.learning_rate,
            self.waiting(state)
        ));
        Ok(())
    }

    fn epoch_ended(&mut self, state: &State<'_>, epoch: &EpochRecord, warnings: &[Warning]) -> Result<()> {
        self.bar.suspend(|| {
            self.out.json_on(epoch)?;
            self.out.remark_on(epoch_text(epoch, &self.waiting(state)))?;
            warnings.iter().for_each(|warning| log::warn!("{warning}"));
            if warnings.iter().any(Warning::looks_harmful) {
                comparison(state).iter().for_each(|line| log::warn!("{line}"));
            }
            Ok(())
        })
    }

    fn rated(&mut self, _: &State<'_>, rated: &Rated, best: bool) -> Result<()> {
        let value = rated.value.map_or("no value".into(), |value| format!("{value:.4}"));
        let best = if best { ", the best so far" } else { "" };
        self.bar.suspend(|| {
            self.out.json_on(rated)?;
            self.out.remark_on(format!("step {:5}  {} {value}{best}", rated.rated_step, rated.rule.name()))
        })
    }

    fn stopped(&mut self, _: &State<'_>) -> Result<()> {
        self.bar.finish_and_clear();
        Ok(())
    }

    fn finished(&mut self, state: &State<'_>, result: &RunResult) -> Result<()> {
        self.bar.finish_and_clear();
        if let Some(times) = state.exchange_times().filter(|times| times.steps > 0) {
            self.out.remark_on(wrapped(&exchanged(&times, state.ranks())))?;
        }
        if state.steps_done() < state.total_steps() {
            let steps = state.steps_done();
            self.out.remark_on(format!("ended early after step {steps}: the model has not become better"))?;
        }
        result.selected.map_or(Ok(()), |selected| self.out.remark_on(kept(&selected, result)))
    }
}

/// What ranks have spent on a step, on the average.
fn exchanged(times: &ExchangeTimes, ranks: usize) -> String {
    let ms = |all: Duration| 1e3 * all.as_secs_f64() / times.steps.max(1) as f64;
    let ExchangeTimes { computing, readback, waiting, sum, upload, .. } = *times;
    format!(
        "{ranks} ranks; a step of rank 0 computes for {:.1} ms, waits {:.1} ms for other ranks, and exchanges {:.3} MB in \
         {:.1} ms: readback {:.1}, sum {:.1}, upload {:.1}",
        ms(computing),
        ms(waiting),
        times.bytes as f64 / 1e6,
        ms(readback + sum + upload),
        ms(readback),
        ms(sum),
        ms(upload)
    )
}

/// How to see whether adaptation is worth it, for a run that has a directory.
fn comparison(state: &State<'_>) -> Option<String> {
    let (directory, sets) = (state.directory()?, state.sets());
    let [config, run, other] =
        [directory.join("config.toml"), directory.to_path_buf(), again(directory, "source-only")]
            .map(|path| quoted_path(&path));
    let [source, target] = [&sets.source, &sets.target].map(|path| quoted_path(path));
    Some(format!(
        "to see whether adaptation is worth it:\n  dann train --config {config} --method source-only --source {source} \
         --target {target} --out {other}\n  dann select {run} {other}"
    ))
}

fn kept(selected: &Rated, result: &RunResult) -> String {
    format!(
        "the model of step {} is kept, chosen by {} | for report only: source test {}, target test {}",
        selected.rated_step,
        selected.rule.name(),
        share(result.report.source_test_accuracy),
        share(result.report.target_test_accuracy),
    )
}

fn epoch_text(epoch: &EpochRecord, waiting: &str) -> String {
    let mean = &epoch.mean;
    let domain = mean.domain_loss.map_or(String::new(), |loss| format!("  domain loss {loss:.4}"));
    let others: String = mean.adaptation().map(|(name, loss)| format!("  {name} {loss:.4}")).collect();
    format!(
        "epoch {:2}  label loss {:.4}{domain}{others}  λ {:.3}  lr {:.5}  {:.0} s{waiting} | for report only: source test {}, target test {}",
        epoch.epoch,
        mean.label_loss,
        mean.lambda,
        mean.learning_rate,
        epoch.seconds,
        share(epoch.for_report_only.source_test_accuracy),
        share(epoch.for_report_only.target_test_accuracy),
    )
}
