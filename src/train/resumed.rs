//! The checkpoints of a run, and going on from one of them.

use super::checkpoint::Checkpoint;
use super::history::History;
use super::length::Length;
use super::recorded::{CONFIG, METRICS};
use super::resumption::DataSets;
use super::run::RunDirectory;
use super::training_spec::TrainingSpec;
use super::whole_file::write_whole;
use crate::error::{Error, Result};
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const CHECKPOINTS: &str = "checkpoints";
const EXTENSION: &str = "safetensors";

/// A run that goes on.
#[derive(Debug)]
#[non_exhaustive]
pub struct Resumed {
    /// Its directory.
    pub path: PathBuf,
    /// What it goes on from.
    pub checkpoint: Checkpoint,
    /// What it was trained on.
    pub data: DataSets,
    /// What it has reported up to there.
    pub history: History,
    /// How long the run was to be, if it is to be of another length now.
    former: Option<TrainingSpec>,
}

fn name(step: u64) -> String {
    format!("step_{step:08}.{EXTENSION}")
}

/// After how many steps the checkpoint `file` was kept; `None` for files that a run does not write, which are somebody's own.
fn step_of(file: &Path) -> Option<u64> {
    let found = file.file_name()?.to_str()?;
    let digits = found.strip_prefix("step_")?.strip_suffix(EXTENSION)?.strip_suffix('.')?;
    digits.parse().ok().filter(|&step| name(step) == found)
}

/// The checkpoints of the run at `path`, oldest first; none where `path` is a file.
///
/// # Errors
/// [`Error::Io`] when their directory cannot be listed.
pub fn checkpoints(path: &Path) -> Result<Vec<PathBuf>> {
    let directory = path.join(CHECKPOINTS);
    let entries = match fs::read_dir(&directory) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(vec![]),
        other => other.map_err(Error::io(&directory, "list"))?,
    };
    let files = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut files = files.map_err(Error::io(&directory, "list"))?;
    files.retain(|file| step_of(file).is_some());
    files.sort_by_key(|file| step_of(file));
    Ok(files)
}

/// As [`checkpoints`], without that of step 0.
///
/// # Errors
/// As [`checkpoints`].
pub fn trained_checkpoints(path: &Path) -> Result<Vec<PathBuf>> {
    let mut files = checkpoints(path)?;
    files.retain(|file| step_of(file) != Some(0));
    Ok(files)
}

/// As [`trained_checkpoints`], without those of steps at which `history` has neither an epoch's end nor a rating: they are there
/// because the run was interrupted, or because more were asked for.
#[cfg(feature = "fit")]
pub(crate) fn reported_checkpoints(path: &Path, history: &History) -> Result<Vec<PathBuf>> {
    let ends = history.epochs.iter().map(|epoch| epoch.steps);
    let steps = ends.chain(history.ratings.iter().map(|rated| rated.rated_step));
    let names: Vec<String> = steps.map(name).collect();
    let mut files = trained_checkpoints(path)?;
    files.retain(|file| names.iter().any(|name| file.ends_with(name)));
    Ok(files)
}

/// The checkpoint of the run at `path` from before its first step, if it is there.
#[cfg(feature = "report")]
pub(crate) fn first_checkpoint(path: &Path) -> Option<PathBuf> {
    Some(path.join(CHECKPOINTS).join(name(0))).filter(|file| file.exists())
}

impl RunDirectory {
    /// The model of the run at `path`, finished or not: the one that it ended with, or its newest checkpoint; or the checkpoint
    /// that `path` is.
    ///
    /// # Errors
    /// [`Error::NoRun`] when there is none, [`Error::Io`] or [`Error::Input`] when it cannot be read.
    pub fn newest(path: &Path) -> Result<Checkpoint> {
        match (Self::checkpoint(path), checkpoints(path)?.pop()) {
            (Err(Error::NoRun { .. }), Some(file)) => Checkpoint::read(&file),
            (found, _) => found,
        }
    }

    /// Writes `checkpoints/step_STEPS.safetensors`, then removes the oldest ones until `keep` are left, and that of step `spared`
    /// beside them; `None` keeps all.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file; the checkpoints that were there still are.
    pub fn keep_checkpoint(
        &self,
        checkpoint: &Checkpoint,
        keep: Option<usize>,
        spared: Option<u64>,
    ) -> Result<()> {
        // A checkpoint is worth nothing without the lines in front of it.
        self.sync()?;
        let directory = self.path.join(CHECKPOINTS);
        fs::create_dir_all(&directory).map_err(Error::io(&directory, "create the directory"))?;
        checkpoint.write(&directory.join(name(checkpoint.step)))?;
        let Some(keep) = keep else { return Ok(()) };
        let mut files = checkpoints(&self.path)?;
        files.retain(|file| step_of(file) != spared);
        for old in &files[..files.len().saturating_sub(keep.max(1))] {
            fs::remove_file(old).map_err(Error::io(old, "remove"))?;
        }
        Ok(())
    }

    /// Removes what [`RunDirectory::create`] has made in `path`, of a run that has no checkpoint, so that it can be made again.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    #[cfg(feature = "fit")]
    pub(crate) fn remove_record(path: &Path) -> Result<()> {
        for file in [METRICS, CONFIG].map(|name| path.join(name)) {
            fs::remove_file(&file).map_err(Error::io(&file, "remove"))?;
        }
        match fs::remove_dir(path.join(CHECKPOINTS)) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                Err(Error::io(&path.join(CHECKPOINTS), "remove the directory")(e))
            }
            _ => Ok(()),
        }
    }

    /// Reads the checkpoint of step `step`.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file.
    pub fn kept_checkpoint(&self, step: u64) -> Result<Checkpoint> {
        Checkpoint::read(&self.path.join(CHECKPOINTS).join(name(step)))
    }
}

/// The run's directory and the checkpoint that `from` names.
fn located(from: &Path, finished_too: bool) -> Result<(PathBuf, PathBuf)> {
    let inside = from.parent().filter(|parent| parent.ends_with(CHECKPOINTS)).and_then(Path::parent);
    let (path, file) = match inside {
        Some(path) if from.is_file() => (path.to_path_buf(), Some(from.to_path_buf())),
        _ => (from.to_path_buf(), checkpoints(from)?.pop()),
    };
    if !finished_too && RunDirectory::is_finished(&path) {
        return Err(Error::file(&path, "a run that was interrupted", "a finished run"));
    }
    let expected = if finished_too { "a run" } else { "a run that was interrupted" };
    let missing = |found: &str| Error::file(&path, format!("{expected}, with its checkpoints"), found);
    match file {
        Some(file) => Ok((path, file)),
        None if path.is_file() => Err(missing("a file that is not in the checkpoints/ of a run")),
        None if path.join(CONFIG).exists() => Err(missing("no checkpoint")),
        None if path.exists() => Err(missing("no run")),
        None => Err(missing("no such directory")),
    }
}

impl Resumed {
    /// Finds what the run at `from` goes on from: its newest checkpoint, or `from` itself if it is one. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Input`] naming what is wrong with the run or the checkpoint; [`Error::Io`].
    pub fn find(from: &Path) -> Result<Self> {
        Self::found(located(from, false)?)
    }

    /// As [`Resumed::find`], for the run to be of another length in all; it may be finished.
    ///
    /// # Errors
    /// As [`Resumed::find`].
    pub fn find_for(from: &Path, length: Length) -> Result<Self> {
        let mut resumed = Self::found(located(from, true)?)?;
        let training = &mut resumed.checkpoint.config.training;
        resumed.former = Some(training.clone());
        length.apply(training);
        Ok(resumed)
    }

    fn found((path, file): (PathBuf, PathBuf)) -> Result<Self> {
        let checkpoint = Checkpoint::read(&file)?;
        let Some(data) = checkpoint.resumption.as_ref().map(|resumption| resumption.data.clone()) else {
            let expected = "a checkpoint with its optimiser's state";
            return Err(Error::file(&file, expected, "a model alone"));
        };
        let metrics = path.join(METRICS);
        let mut history = History::read_whole_lines(&metrics)?.up_to(checkpoint.step);
        let select = checkpoint.config.training.selection();
        while let Some(best) = select.and_then(|select| select.best(&history.ratings).copied()) {
            let step = best.rated_step;
            if path.join(CHECKPOINTS).join(name(step)).exists() {
                break;
            }
            log::warn!("{}: the model of step {step} is gone and can no longer be chosen", path.display());
            history.ratings.retain(|rated| rated.rated_step != step);
        }
        if history.steps.len() as u64 != checkpoint.step {
            let expected = format!("the {} steps in front of {}", checkpoint.step, file.display());
            return Err(Error::file(&metrics, expected, history.steps.len()));
        }
        Ok(Self { path, checkpoint, data, history, former: None })
    }

    /// Whether the run is to be of another length than it was.
    pub fn has_new_length(&self) -> bool {
        self.former.is_some()
    }

    /// Opens the directory to go on; what the run had of later steps is taken out of it, for it comes again.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub fn open(&self) -> Result<RunDirectory> {
        if let Some(former) = &self.former {
            // First the checkpoint: whoever goes on from it trains so long.
            self.checkpoint.write(&self.path.join(CHECKPOINTS).join(name(self.checkpoint.step)))?;
            let was =
                former.steps.map_or(format!("{} epochs", former.epochs), |steps| format!("{steps} steps"));
            let remark =
                format!("The first {} steps were made when it was to take {was}.", self.checkpoint.step);
            RunDirectory::reopen(&self.path, &self.checkpoint.config, &remark)?;
        }
        for file in checkpoints(&self.path)? {
            if step_of(&file) > Some(self.checkpoint.step) {
                fs::remove_file(&file).map_err(Error::io(&file, "remove"))?;
            }
        }
        let metrics = self.path.join(METRICS);
        write_whole(&metrics, self.history.to_lines().as_bytes())?;
        let log = OpenOptions::new().append(true).open(&metrics).map_err(Error::io(&metrics, "write"))?;
        Ok(RunDirectory::opened(&self.path, log))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_the_files_that_a_run_writes_by_their_steps() {
        let run = tempfile::tempdir().expect("a directory");
        let directory = run.path().join(CHECKPOINTS);
        fs::create_dir(&directory).expect("a directory");
        let kept = [0, 7, 99_999_999, 100_000_000].map(name);
        let own = ["zz.safetensors", "step_7.safetensors", "step_000000007.safetensors", "step_00000008.bak"];
        for file in kept.iter().map(String::as_str).chain(own) {
            fs::write(directory.join(file), "").expect(file);
        }
        let found = checkpoints(run.path()).expect("a listing");
        assert_eq!(found, kept.map(|file| directory.join(file)));
        assert_eq!(trained_checkpoints(run.path()).expect("a listing"), found[1..]);
        // A file has none.
        assert!(checkpoints(&found[0]).expect("no listing").is_empty());
    }
}
