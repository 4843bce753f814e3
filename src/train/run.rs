//! The directory that a training run leaves behind.

use super::checkpoint::Checkpoint;
use super::config::Config;
use super::history::History;
use super::metrics::Report;
use super::recorded::{CONFIG, METRICS};
use super::selection_spec::Rated;
use super::training_spec::{self, Method};
use super::whole_file::{read_json, write_whole};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

const MODEL: &str = "model.safetensors";
const RESULT: &str = "result.json";

/// What came out of a run: `result.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunResult {
    /// What was trained on what.
    pub method: Method,
    /// Of the run.
    pub seed: u64,
    /// Steps taken.
    pub steps: u64,
    /// Source rows a batch.
    pub batch: usize,
    /// Batches that make one update.
    #[serde(default = "training_spec::one", skip_serializing_if = "training_spec::is_one")]
    pub accumulate: usize,
    /// How many ranks have shared it.
    #[serde(default = "training_spec::one", skip_serializing_if = "training_spec::is_one")]
    pub ranks: usize,
    /// The program's version; empty in results of versions that did not say.
    #[serde(default)]
    pub version: String,
    /// What it ran on.
    pub adapter: String,
    /// The family of kernels, or that a search has chosen several; "" of runs from before there were families.
    #[serde(default)]
    pub kernels: String,
    /// The labelled data set.
    pub source: PathBuf,
    /// The data set adapted to.
    pub target: PathBuf,
    /// The run's directory; empty for a run that was kept in memory alone.
    pub directory: PathBuf,
    /// How long training took, reports included.
    pub seconds: f64,
    /// Which model was kept in place of the last step's, if a rule chose one. Version 0.2 called it `selected`, as an experiment's
    /// record, which holds this result, calls what rules choose among a run's checkpoints.
    #[serde(default, rename = "kept", alias = "selected", skip_serializing_if = "Option::is_none")]
    pub selected: Option<Rated>,
    /// Accuracies of the model that was kept.
    #[serde(flatten)]
    pub report: Report,
}

/// A run's directory: `config.toml`, `metrics.jsonl`, `checkpoints/`, `model.safetensors`, `result.json`.
#[derive(Debug)]
pub struct RunDirectory {
    pub(super) path: PathBuf,
    metrics: File,
}

impl RunDirectory {
    /// Refuses `path` if it holds anything already; touches nothing.
    ///
    /// # Errors
    /// [`Error::Taken`] naming what was found.
    pub fn vacant(path: &Path) -> Result<()> {
        let taken = |found| Err(Error::Taken { path: path.to_path_buf(), found });
        match fs::read_dir(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(Error::io(path, "use as the run's directory")(e)),
            Ok(_) if path.join(CONFIG).exists() => taken("another run"),
            Ok(mut entries) => match entries.next() {
                None => Ok(()),
                Some(_) => taken("other files"),
            },
        }
    }

    /// Makes the directory and writes the configuration into it, with `remark` above it.
    ///
    /// # Errors
    /// [`Error::Taken`], and [`Error::Io`] when it cannot be written.
    pub fn create(path: &Path, config: &Config, remark: &str) -> Result<Self> {
        Self::vacant(path)?;
        fs::create_dir_all(path).map_err(Error::io(path, "create the directory"))?;
        let file = path.join(CONFIG);
        let remark: String = remark.lines().map(|line| format!("# {line}\n")).collect();
        write_whole(&file, (remark + &config.to_toml()?).as_bytes())?;
        let file = path.join(METRICS);
        Ok(Self::opened(path, File::create(&file).map_err(Error::io(&file, "write"))?))
    }

    /// Makes the finished run in the directory one that goes on by `config`, with `remark` added above it.
    pub(super) fn reopen(path: &Path, config: &Config, remark: &str) -> Result<()> {
        let file = path.join(CONFIG);
        let before = fs::read_to_string(&file).map_err(Error::io(&file, "read"))?;
        let mut text: String =
            before.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        text += &format!("# {remark}\n");
        write_whole(&file, (text + &config.to_toml()?).as_bytes())?;
        // The result last: as long as it is there, the run counts as finished.
        for name in [MODEL, RESULT] {
            let file = path.join(name);
            match fs::remove_file(&file) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io(&file, "remove")(e));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A run's directory whose files are there.
    pub(super) fn opened(path: &Path, metrics: File) -> Self {
        Self { path: path.to_path_buf(), metrics }
    }

    /// Appends a line to `metrics.jsonl`.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub fn log(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::json!(line).to_string();
        text.push('\n');
        let file = self.path.join(METRICS);
        self.metrics.write_all(text.as_bytes()).map_err(Error::io(&file, "write"))
    }

    /// Brings the lines of `metrics.jsonl` to the disk.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub(super) fn sync(&self) -> Result<()> {
        self.metrics.sync_data().map_err(Error::io(&self.path.join(METRICS), "write"))
    }

    /// Writes model and result, the last things a run writes.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub fn finish(&self, checkpoint: &Checkpoint, result: &RunResult) -> Result<()> {
        self.keep(checkpoint)?;
        let text = format!("{:#}\n", serde_json::json!(result));
        write_whole(&self.path.join(RESULT), text.as_bytes())
    }

    /// Writes the model alone, as for one that was trained elsewhere.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub fn keep(&self, checkpoint: &Checkpoint) -> Result<()> {
        checkpoint.write(&self.path.join(MODEL))
    }

    /// Reads the model of the run at `path`, or the checkpoint that `path` is.
    ///
    /// # Errors
    /// [`Error::NoRun`] when there is no finished run, [`Error::Io`] when it cannot be read.
    pub fn checkpoint(path: &Path) -> Result<Checkpoint> {
        if path.is_file() {
            return Checkpoint::read(path);
        }
        let file = path.join(MODEL);
        if !file.exists() {
            let expected = format!("a finished run of `dann train`, with its {MODEL}");
            let found = if path.exists() { "none" } else { "no such directory" };
            return Err(Error::NoRun { path: path.to_path_buf(), expected, found: found.into() });
        }
        Checkpoint::read(&file)
    }

    /// The recipe of the run at `path`.
    ///
    /// # Errors
    /// [`Error::Input`] or [`Error::Io`] naming the file.
    pub fn config(path: &Path) -> Result<Config> {
        Config::read(&path.join(CONFIG))
    }

    /// The course of the run at `path`.
    ///
    /// # Errors
    /// [`Error::Input`] or [`Error::Io`] naming the file.
    pub fn history(path: &Path) -> Result<History> {
        History::read(&path.join(METRICS))
    }

    /// The results of the finished run at `path`, or of those in its sub-directories, by name. As an experiment has them, they may lie
    /// two levels down.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file that cannot be read.
    pub fn results(path: &Path) -> Result<Vec<RunResult>> {
        if Self::is_finished(path) {
            return Ok(vec![Self::result(path)?]);
        }
        let mut runs = Vec::new();
        for within in directories(path)? {
            match Self::is_finished(&within) {
                true => runs.push(within),
                false => runs.extend(directories(&within)?.into_iter().filter(|run| Self::is_finished(run))),
            }
        }
        runs.iter().map(|run| Self::result(run)).collect()
    }

    /// Whether there is a finished run at `path`.
    pub fn is_finished(path: &Path) -> bool {
        path.join(RESULT).exists()
    }

    /// The result of the finished run at `path`.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none, [`Error::Io`] when it cannot be read.
    pub fn result(path: &Path) -> Result<RunResult> {
        let result: RunResult = read_json(&path.join(RESULT), "a run's result")?;
        Ok(RunResult { directory: path.to_path_buf(), ..result })
    }
}

/// Those in `path`, by name.
fn directories(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path).map_err(Error::io(path, "list"))?;
    let entries = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>();
    let mut found = entries.map_err(Error::io(path, "list"))?;
    found.retain(|path| path.is_dir());
    found.sort();
    Ok(found)
}
