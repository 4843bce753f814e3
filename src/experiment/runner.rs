//! Making the runs of an experiment: what is finished is kept, what was interrupted goes on.

use super::jobs::{Job, JobState, Share};
use super::kept::{is_of, kept, same_run};
use super::lock::{self, Lock};
use super::spec::{Experiment, PlannedRun};
use super::watcher::{Ending, Watcher};
use super::{Choice, Divergence, RunRecord, choices, summary};
use super::{remaining, start};
use crate::data::Progress;
use crate::error::{Error, Result};
use crate::fit::{Observer, Sets, Trained};
use crate::gpu::Gpu;
use crate::selection::{Candidates, Images, Selection};
use crate::train::{Method, RunDirectory, write_whole};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The tables, in the experiment's directory.
const RESULTS: &str = "RESULTS.md";
/// Held by the process that writes the tables.
const LOCK: &str = ".lock";

/// An experiment in a directory.
///
/// ```no_run
/// use dann::data::NoProgress;
/// use dann::experiment::{Experiment, Runner};
/// use dann::gpu::{Gpu, Options, choose};
///
/// # fn main() -> dann::error::Result<()> {
/// let experiment = Experiment::read("assets/experiments/paper.toml".as_ref())?;
/// let mut runner = Runner::new(experiment, "runs/paper")?;
/// let open = || Gpu::open(&choose(None)?, Options::default());
/// runner.run(&open, &NoProgress, &mut [], &mut ())?;
/// println!("{}", runner.summary());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Runner {
    experiment: Experiment,
    directory: PathBuf,
    runs: Vec<PlannedRun>,
    share: Share,
    records: Vec<RunRecord>,
    divergences: Vec<Divergence>,
    images: Images,
}

impl Runner {
    /// Plans the runs of `experiment`, and reads what `directory` holds of them. Writes
    /// nothing.
    ///
    /// # Errors
    /// [`Error::Input`] naming what is wrong with the experiment; [`Error::RecipeChanged`] or [`Error::DataChanged`]
    /// naming a run that was made by another recipe, or on other data sets; [`Error::Io`].
    pub fn new(experiment: Experiment, directory: impl Into<PathBuf>) -> Result<Self> {
        let runs = experiment.runs()?;
        let (source, target) = (experiment.source.clone(), experiment.target.clone());
        let images = Images::new(Images::MOST, Some(source), Some(target));
        let (directory, records, divergences, share) = (directory.into(), vec![], vec![], Share::All);
        let mut runner = Self { experiment, directory, runs, share, records, divergences, images };
        runner.read_kept()?;
        Ok(runner)
    }

    /// Makes a share of the runs alone. Other processes may make the others in the same directory at the same time.
    ///
    /// # Errors
    /// [`Error::Input`] naming a job or rank that there is not.
    pub fn with_share(mut self, share: Share) -> Result<Self> {
        share.check(self.runs.len())?;
        self.share = share;
        Ok(self)
    }

    /// Every run with its number, and how far it is.
    pub fn jobs(&self) -> Vec<Job> {
        let job =
            |(number, run): (usize, &PlannedRun)| Job { number, run: run.clone(), state: self.state(run) };
        self.runs.iter().enumerate().map(job).collect()
    }

    fn state(&self, run: &PlannedRun) -> JobState {
        if self.records.iter().any(|record| is_of(record, run)) {
            JobState::Done
        } else if self.is_done(run) {
            JobState::Diverged
        } else if lock::is_held(&self.lock_file(run)) {
            JobState::Running
        } else if self.directory.join(run.name()).exists() {
            JobState::Begun
        } else {
            JobState::Open
        }
    }

    /// Reads what the directory holds of the runs, those that other processes have made among them.
    fn read_kept(&mut self) -> Result<()> {
        let (mut records, mut divergences) = (vec![], vec![]);
        for run in &self.runs {
            let (of_run, file) = ((run, &self.experiment), self.record_file(run));
            let record = kept(&file, of_run, RunRecord::read, |record| {
                (&record.config, [&record.result.source, &record.result.target])
            })?;
            records.extend(record.map(|record| self.with_ratings(record, run)).transpose()?);
            let divergence = kept(&self.divergence_file(run), of_run, Divergence::read, |divergence| {
                (&divergence.config, [&divergence.source, &divergence.target])
            })?;
            divergences.extend(divergence);
        }
        (self.records, self.divergences) = (records, divergences);
        Ok(())
    }

    /// What has been made so far, in the order of the runs.
    pub fn records(&self) -> &[RunRecord] {
        &self.records
    }

    /// What has diverged so far.
    pub fn divergences(&self) -> &[Divergence] {
        &self.divergences
    }

    /// The tables of what has been made so far.
    pub fn summary(&self) -> String {
        let Experiment { rule, .. } = self.experiment;
        summary(&self.experiment.name(), rule, &self.records, &self.divergences)
    }

    /// What the experiment's rule, which sees no target label, takes of each recipe and seed.
    pub fn choices(&self) -> Vec<Choice> {
        choices(&self.records, self.experiment.rule)
    }

    /// The experiment.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// The experiment's directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes the runs of its share that are left and that no other process makes, one after the other, each on the device that
    /// `open` gives, and writes the tables after each. `progress` counts the models that are rated, `observers` watch the trainings.
    ///
    /// # Errors
    /// Those of [`Training::run`](crate::fit::Training::run) but [`Error::Diverged`], which is noted; those of the watcher.
    pub fn run(
        &mut self,
        open: &dyn Fn() -> Result<Gpu>,
        progress: &dyn Progress,
        observers: &mut [&mut dyn Observer],
        watcher: &mut dyn Watcher,
    ) -> Result<Ending> {
        for (number, run) in self.runs.clone().into_iter().enumerate() {
            if self.is_done(&run) || !self.share.holds(number) {
                continue;
            }
            let Some(lock) = Lock::take(&self.lock_file(&run))? else {
                watcher.run_elsewhere(&run)?;
                continue;
            };
            // Another process may have made it since the records were read.
            self.read_kept()?;
            if self.is_done(&run) {
                lock.remove();
                continue;
            }
            watcher.run_begins(&run, number + 1, self.runs.len(), self.left())?;
            match self.perform(&run, open, progress, observers, watcher) {
                Ok(Made::Record(record)) => watcher.run_ended(&run, &record)?,
                Ok(Made::Stopped(steps)) => {
                    return Ok(Ending::Stopped { directory: self.directory.join(run.name()), steps });
                }
                Err(error @ Error::Diverged(_)) => {
                    let Experiment { source, target, .. } = self.experiment.clone();
                    let divergence = Divergence { source, target, ..Divergence::new(&run, error) };
                    watcher.run_diverged(&run, &divergence)?;
                    divergence.write(&self.divergence_file(&run))?;
                }
                Err(error) => return Err(error),
            }
            lock.remove();
            self.write_summary()?;
        }
        self.write_summary()?;
        Ok(Ending::Complete)
    }

    /// Writes the tables of all that is kept. Processes that share the runs take turns, so that the last of them to end has
    /// the records of all.
    fn write_summary(&mut self) -> Result<()> {
        let _turn = Lock::wait(&self.directory.join(LOCK))?;
        self.read_kept()?;
        write_whole(&self.directory.join(RESULTS), self.summary().as_bytes())
    }

    fn is_done(&self, run: &PlannedRun) -> bool {
        let is_same = |d: &Divergence| d.recipe == run.recipe && d.config == run.config;
        self.records.iter().any(|record| is_of(record, run)) || self.divergences.iter().any(is_same)
    }

    fn record_file(&self, run: &PlannedRun) -> PathBuf {
        self.directory.join(run.name() + ".json")
    }

    /// Held by the process that makes the run.
    fn lock_file(&self, run: &PlannedRun) -> PathBuf {
        self.directory.join(run.name() + ".lock")
    }

    fn divergence_file(&self, run: &PlannedRun) -> PathBuf {
        self.directory.join(run.name() + ".diverged.json")
    }

    /// Makes a run, or goes on with it, and lets the rules choose among its checkpoints.
    fn perform(
        &mut self,
        run: &PlannedRun,
        open: &dyn Fn() -> Result<Gpu>,
        progress: &dyn Progress,
        observers: &mut [&mut dyn Observer],
        watcher: &dyn Watcher,
    ) -> Result<Made> {
        let path = self.directory.join(run.name());
        let (gpu, result) = if RunDirectory::is_finished(&path) {
            let result = RunDirectory::result(&path)?;
            let decided = (&RunDirectory::config(&path)?, [&*result.source, &*result.target]);
            same_run(&path, decided, (run, &self.experiment))?;
            (open()?, result)
        } else {
            let Experiment { source, target, .. } = &self.experiment;
            let remark = watcher.remark(&path, source, target);
            let training = start::training((run, &self.experiment), &path)?.remark(remark);
            let sets = Sets::read(source, target, training.config())?;
            let trained =
                training.run(&sets, open, observers).map_err(|error| start::of_run(&path, error))?;
            let Trained { gpu, result, complete, .. } = trained;
            if !complete {
                return Ok(Made::Stopped(result.steps));
            }
            (gpu, result)
        };
        let record = self.rated(&gpu, (run, &path), RunRecord::new(run, result), progress)?;
        record.write(&self.record_file(run))?;
        Ok(Made::Record(Box::new(record)))
    }

    /// With ratings of the checkpoints, unless the run has learned from target labels.
    fn rated(
        &mut self,
        gpu: &Gpu,
        (run, path): (&PlannedRun, &Path),
        record: RunRecord,
        progress: &dyn Progress,
    ) -> Result<RunRecord> {
        if record.result.method == Method::TargetOnly {
            return Ok(record);
        }
        let candidates = Candidates::of_run(path)?.reported()?;
        let sample = self.images.of(&candidates)?;
        let selection = candidates.rate(gpu, &sample, progress)?;
        selection.write()?;
        let Experiment { rule, source, .. } = &self.experiment;
        let last = selection.ratings.last();
        if let Some(reason) = last.and_then(|rating| rating.missing.get(rule)) {
            let (source, rule) = (source.display(), rule.name());
            log::warn!("{source}: {rule} takes none of the methods of {}: {reason}", run.recipe);
        }
        Ok(record.with_selection(&selection, &RunDirectory::history(path)?))
    }

    /// With the ratings that are in the run's directory, where an earlier version kept none in the record.
    fn with_ratings(&self, record: RunRecord, run: &PlannedRun) -> Result<RunRecord> {
        let path = self.directory.join(run.name());
        if !record.ratings.is_empty() || !Selection::is_in(&path) {
            return Ok(record);
        }
        let selection = Selection::read(&path)?;
        let Experiment { source, target, .. } = &self.experiment;
        let same_images = (&selection.source, &selection.target) == (source, target);
        Ok(if same_images { record.with_ratings_of(&selection) } else { record })
    }

    /// How long the runs of the share that are left take, as far as finished ones tell.
    fn left(&self) -> Option<Duration> {
        let mine = self.runs.iter().enumerate().filter(|(number, _)| self.share.holds(*number));
        remaining::time(mine.map(|(_, run)| run).filter(|run| !self.is_done(run)), &self.records)
    }
}

/// What became of a run.
enum Made {
    Record(Box<RunRecord>),
    /// After so many steps.
    Stopped(u64),
}
