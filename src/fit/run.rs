//! What a training keeps on its way: steps, epochs and checkpoints, in a run's directory or in memory.

use crate::error::{Error, Result};
use crate::train::health::{Monitor, Warning};
use crate::train::{
    Checkpoint, Config, EpochRecord, History, Rated, Report, Resumed, RunDirectory, RunResult, SelectionSpec,
    StepMetrics,
};
use std::time::Duration;

/// What a training goes on from.
#[derive(Debug)]
pub(super) enum Start {
    /// A checkpoint, what was reported up to there, and the model that a rule has rated best so far, from memory.
    Memory(Box<Checkpoint>, History, Option<Box<Checkpoint>>),
    /// A run's directory.
    Directory(Box<Resumed>),
}

impl Start {
    pub fn checkpoint(&self) -> &Checkpoint {
        match self {
            Self::Memory(checkpoint, ..) => checkpoint,
            Self::Directory(resumed) => &resumed.checkpoint,
        }
    }

    /// Refuses a new length of `steps` steps that leaves none to be made.
    pub fn check_length(&self, steps: u64) -> Result<()> {
        let done = self.checkpoint().step;
        match self {
            Self::Directory(resumed) if resumed.has_new_length() && steps <= done => {
                let expected = format!("more steps in all than the {done} that the run has made");
                Err(Error::CannotResume { expected, found: steps.to_string() })
            }
            _ => Ok(()),
        }
    }

    pub fn history(&self) -> &History {
        match self {
            Self::Memory(_, history, _) => history,
            Self::Directory(resumed) => &resumed.history,
        }
    }
}

/// A run and what is known of its steps.
pub(super) struct Run {
    /// Where everything is written; `None` keeps it in memory.
    directory: Option<RunDirectory>,
    pub history: History,
    /// Where the steps of the epoch that has begun start in the history.
    epoch_from: usize,
    monitor: Monitor,
    /// What training took before it was interrupted.
    pub before: Duration,
    /// After how many steps the last checkpoint was kept.
    kept: Option<u64>,
    /// The model that a rule has rated best so far, where it is not in a directory.
    best: Option<Box<Checkpoint>>,
}

impl Run {
    /// A new run.
    pub fn new(directory: Option<RunDirectory>, config: &Config) -> Result<Self> {
        let monitor = Monitor::new(&config.training, config.model.classes()?);
        let (history, before) = (History::default(), Duration::ZERO);
        Ok(Self { directory, history, epoch_from: 0, monitor, before, kept: None, best: None })
    }

    /// Goes on from `start`.
    pub fn resumed(start: &Start, steps_per_epoch: u64) -> Result<Self> {
        let directory = match start {
            Start::Memory(..) => None,
            Start::Directory(resumed) => Some(resumed.open()?),
        };
        let (checkpoint, history) = (start.checkpoint(), start.history().clone());
        let mut run = Self::new(directory, &checkpoint.config)?;
        for epoch in &history.epochs {
            // What they had to say was said when they ended.
            run.monitor.epoch(&epoch.mean, None, None);
        }
        let ended = checkpoint.step - checkpoint.step % steps_per_epoch;
        run.epoch_from = history.steps.partition_point(|step| step.step < ended);
        let seconds = history.epochs.last().map_or(0.0, |epoch| epoch.seconds);
        (run.before, run.kept) = (Duration::from_secs_f64(seconds), Some(checkpoint.step));
        run.history = history;
        if let Start::Memory(_, _, best) = start {
            run.best = best.clone();
            if run.best.is_none() {
                // Nothing of what was rated is there to be chosen.
                run.history.ratings.clear();
            }
        }
        Ok(run)
    }

    /// Whether the state after `step` steps is kept.
    pub fn has_kept(&self, step: u64) -> bool {
        self.kept == Some(step)
    }

    /// Whether any state is kept.
    pub fn has_kept_any(&self) -> bool {
        self.kept.is_some()
    }

    /// Notes the metrics of steps.
    pub fn log(&mut self, steps: &[StepMetrics]) -> Result<()> {
        if let Some(directory) = &mut self.directory {
            steps.iter().try_for_each(|step| directory.log(step))?;
        }
        self.history.steps.extend(steps);
        Ok(())
    }

    /// The means of the epoch that has begun; `None` before its first step.
    pub fn epoch_mean(&self) -> Option<StepMetrics> {
        StepMetrics::mean(&self.history.steps[self.epoch_from..])
    }

    /// Notes the end of an epoch.
    pub fn end_epoch(&mut self, epoch: &EpochRecord) -> Result<()> {
        if let Some(directory) = &mut self.directory {
            directory.log(epoch)?;
        }
        self.history.epochs.push(*epoch);
        self.epoch_from = self.history.steps.len();
        Ok(())
    }

    /// What there is to warn of after an epoch, of whose features the share `live` differ between images.
    pub fn warnings(&mut self, epoch: &EpochRecord, live: f64) -> Vec<Warning> {
        self.monitor.epoch(&epoch.mean, Some(live), epoch.predictions.as_ref())
    }

    /// Notes what a rule says of the model, and whether it is the best so far.
    pub fn rate(&mut self, rated: Rated, select: &SelectionSpec) -> Result<bool> {
        if let Some(directory) = &mut self.directory {
            directory.log(&rated)?;
        }
        self.history.ratings.push(rated);
        Ok(self.best_step(select) == Some(rated.rated_step))
    }

    /// The step of the model that is rated best so far.
    pub fn best_step(&self, select: &SelectionSpec) -> Option<u64> {
        select.best(&self.history.ratings).map(|rated| rated.rated_step)
    }

    /// The model after `step` steps, which was rated best.
    pub fn chosen(&self, step: u64) -> Result<Option<Checkpoint>> {
        match &self.directory {
            Some(directory) => directory.kept_checkpoint(step).map(Some),
            None => Ok(self.best.as_deref().filter(|best| best.step == step).cloned()),
        }
    }

    /// Keeps a checkpoint: of those in a directory the newest `most`, of those in memory the last, in `latest`.
    pub fn keep(
        &mut self,
        checkpoint: &Checkpoint,
        most: Option<usize>,
        latest: &mut Option<Start>,
    ) -> Result<()> {
        self.kept = Some(checkpoint.step);
        let select = checkpoint.config.training.selection();
        let best = select.and_then(|select| self.best_step(&select));
        match &self.directory {
            Some(directory) => directory.keep_checkpoint(checkpoint, most, best)?,
            None => {
                if best == Some(checkpoint.step) {
                    self.best = Some(Box::new(checkpoint.clone()));
                }
                let checkpoint = Box::new(checkpoint.clone());
                *latest = Some(Start::Memory(checkpoint, self.history.clone(), self.best.clone()));
            }
        }
        Ok(())
    }

    /// Accuracies after the last epoch.
    pub fn report(&self) -> Report {
        self.history.epochs.last().map_or(Report::default(), |epoch| epoch.for_report_only)
    }

    /// Writes model and result.
    pub fn finish(&self, checkpoint: &Checkpoint, result: &RunResult) -> Result<()> {
        self.directory.as_ref().map_or(Ok(()), |directory| directory.finish(checkpoint, result))
    }
}
