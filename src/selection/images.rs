//! The images that models are rated by.

use super::candidates::Candidates;
use super::sample::Sample;
use crate::data::LoadOptions;
use crate::error::Result;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Which images models are rated by; runs on the same data share them.
#[derive(Debug)]
pub struct Images {
    most: usize,
    source: Option<PathBuf>,
    target: Option<PathBuf>,
    read: HashMap<(PathBuf, PathBuf, LoadOptions, Vec<String>), Arc<Sample>>,
}

impl Images {
    /// How many images are taken of each kind where nothing else is asked for.
    pub const MOST: usize = 2000;

    /// At most `most` images of each kind; `source` and `target` are where the runs found them unless they are given.
    pub fn new(most: usize, source: Option<PathBuf>, target: Option<PathBuf>) -> Self {
        Self { most, source, target, read: HashMap::new() }
    }

    /// Those that the models of `candidates` are rated by.
    ///
    /// # Errors
    /// [`crate::error::Error`] naming the data set or the file that is missing, or that is not what the models take.
    pub fn of(&mut self, candidates: &Candidates) -> Result<Arc<Sample>> {
        let source = self.source.as_ref().unwrap_or(&candidates.result.source).clone();
        let target = self.target.as_ref().unwrap_or(&candidates.result.target).clone();
        let classes = &candidates.last.classes;
        let key = (source, target, candidates.load_options(), classes.clone());
        if let Some(known) = self.read.get(&key) {
            return Ok(known.clone());
        }
        let sample = Arc::new(Sample::read(&key.0, &key.1, key.2, classes, self.most)?);
        if let Some(validation) = &sample.validation {
            validation.check_labels(candidates.last.config.model.classes()?)?;
        }
        self.read.insert(key, sample.clone());
        Ok(sample)
    }
}
