//! What is kept of an experiment's runs on disk, and whether it is theirs.

use super::record::RunRecord;
use super::spec::PlannedRun;
use crate::error::{Error, Result};
use crate::train::Config;
use std::path::Path;

pub fn is_of(record: &RunRecord, run: &PlannedRun) -> bool {
    let training = &run.config.training;
    record.recipe == run.recipe
        && (record.result.method, record.result.seed) == (training.method, training.seed)
}

/// What is kept in `file` of `run`, if it was made before, by the same recipe.
pub fn kept<T>(
    file: &Path,
    run: &PlannedRun,
    read: fn(&Path) -> Result<T>,
    config: fn(&T) -> &Config,
) -> Result<Option<T>> {
    if !file.exists() {
        return Ok(None);
    }
    let found = read(file)?;
    same_recipe(file, config(&found), run)?;
    Ok(Some(found))
}

/// Whether `config` is the recipe of `run`, for as many classes as there turned out to be.
pub fn same_recipe(path: &Path, config: &Config, run: &PlannedRun) -> Result<()> {
    let model = run.config.model.for_classes(config.model.classes()?);
    match *config == (Config { model, ..run.config.clone() }) {
        true => Ok(()),
        false => Err(Error::RecipeChanged { path: path.to_path_buf() }),
    }
}
