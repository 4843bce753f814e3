//! Everything that a page tells of one run.

use super::study::{Shown, Study, features, shown};
use crate::data::{Labels, LoadOptions};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::model::Domain;
use crate::profile;
use crate::selection::proxy_a_distance;
use crate::train::health::{Finding, findings};
use crate::train::{Checkpoint, History, RunDirectory, RunResult, first_checkpoint};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What the profiler leaves in a run's directory.
const PROFILE: &str = "profile.json";

/// Images that several runs share.
#[derive(Default)]
pub struct Sets(HashMap<(PathBuf, LoadOptions, Vec<String>), Option<Shown>>);

impl Sets {
    fn get(&mut self, path: &Path, options: LoadOptions, classes: &[String]) -> Result<Option<Shown>> {
        let key = (path.to_path_buf(), options, classes.to_vec());
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let read = shown(path, options, classes)?;
        if read.is_none() {
            log::warn!("{}: no data set there, so the report shows none of its images", path.display());
        }
        self.0.insert(key, read.clone());
        Ok(read)
    }
}

/// The features of the two domains' samples.
pub struct Features {
    /// Of the source's sample.
    pub source: Vec<f32>,
    /// Of the target's sample.
    pub target: Vec<f32>,
}

/// Everything that a page tells of one run.
pub struct Story {
    /// The run's directory.
    pub path: PathBuf,
    /// What the page calls it.
    pub name: String,
    /// How it ended.
    pub result: RunResult,
    /// What was trained.
    pub checkpoint: Checkpoint,
    /// K
    pub classes: usize,
    /// Its training_loop.
    pub history: History,
    /// Images of the source; `None` where it is gone.
    pub source: Option<Study>,
    /// Images of the target; `None` where it is gone.
    pub target: Option<Study>,
    /// The features before the first step; `None` where the checkpoint of it is gone.
    pub before: Option<Features>,
    /// Of the trained features.
    pub distance: Option<f64>,
    /// Whether it went as it should.
    pub findings: Vec<Finding>,
    /// If the run was profiled.
    pub profile: Option<profile::Report>,
}

impl Story {
    /// Reads the run at `path`, which the page calls `name`, and shows its model both test parts.
    ///
    /// # Errors
    /// As [`super::write`].
    pub fn read(gpu: &Gpu, path: &Path, name: String, sets: &mut Sets) -> Result<Self> {
        let result = RunDirectory::result(path)?;
        let checkpoint = RunDirectory::checkpoint(path)?;
        let history = RunDirectory::history(path)?;
        let config = &checkpoint.config;
        let options = config.load_options(config.model.input.frame(), Labels::Required);
        let model = checkpoint.model(gpu)?;
        let source = sets.get(&result.source, options, &checkpoint.classes)?;
        let target = sets.get(&result.target, options, &checkpoint.classes)?;
        let before = match (&source, &target, first_checkpoint(path)) {
            (Some(source), Some(target), Some(first)) => {
                let start = Checkpoint::read(&first)?.model(gpu)?;
                Some(Features {
                    source: features(&start, &source.data, Domain::Source)?,
                    target: features(&start, &target.data, Domain::Target)?,
                })
            }
            _ => None,
        };
        let source = source.map(|data| Study::of(&model, data, Domain::Source)).transpose()?;
        let target = target.map(|data| Study::of(&model, data, Domain::Target)).transpose()?;
        let distance = match (&source, &target) {
            (Some(source), Some(target)) => {
                let length = source.features.len() / source.sample.len();
                proxy_a_distance(&source.features, &target.features, length)
            }
            _ => None,
        };
        let classes = checkpoint.config.model.classes()?;
        Ok(Self {
            findings: findings(&checkpoint.config.training, classes, &history, distance),
            classes,
            profile: profile(&path.join(PROFILE))?,
            path: path.to_path_buf(),
            name,
            result,
            checkpoint,
            history,
            source,
            target,
            before,
            distance,
        })
    }

    /// Whether both runs were about the same data sets and classes, so that their accuracies can be compared.
    pub fn is_beside(&self, other: &Self) -> bool {
        let of = |story: &Self| {
            (story.result.source.clone(), story.result.target.clone(), story.checkpoint.classes.clone())
        };
        of(self) == of(other)
    }

    /// The share of rightly classified images of each class of the target (or source); empty without labels.
    pub fn recall(&self, of_target: bool) -> Vec<Option<f64>> {
        let study = if of_target { &self.target } else { &self.source };
        study.as_ref().and_then(|study| study.recall(self.classes)).unwrap_or_default()
    }
}

/// The profile in `file`, as `dann profile --json` prints it; `None` if the run was not profiled.
fn profile(file: &Path) -> Result<Option<profile::Report>> {
    if !file.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(file).map_err(Error::io(file, "read"))?;
    let report = serde_json::from_str(&text);
    report.map(Some).map_err(|e| Error::file(file, "a profile of this program as JSON", e))
}
