//! What is kept of an experiment's runs on disk, and whether it is theirs.

use super::record::RunRecord;
use super::spec::{Experiment, PlannedRun};
use crate::error::{Error, Result};
use crate::train::Config;
use std::fs;
use std::path::Path;

pub fn is_of(record: &RunRecord, run: &PlannedRun) -> bool {
    let training = &run.config.training;
    record.recipe == run.recipe
        && (record.result.method, record.result.seed) == (training.method, training.seed)
}

/// What decided a run: its recipe, and where source and target are.
pub type Decided<'a> = (&'a Config, [&'a Path; 2]);

/// What is kept in `file` of a run of the experiment, if it was made before, by the same recipe and on the same data sets.
pub fn kept<T>(
    file: &Path,
    run: (&PlannedRun, &Experiment),
    read: fn(&Path) -> Result<T>,
    decided: for<'a> fn(&'a T) -> Decided<'a>,
) -> Result<Option<T>> {
    if !file.exists() {
        return Ok(None);
    }
    let found = read(file)?;
    same_run(file, decided(&found), run)?;
    Ok(Some(found))
}

/// Refuses what `path` holds of a run unless it was made by the same recipe and on the same data sets.
pub fn same_run(
    path: &Path,
    (config, data): Decided<'_>,
    (run, experiment): (&PlannedRun, &Experiment),
) -> Result<()> {
    same_recipe(path, config, run)?;
    same_data(path, data, experiment)
}

/// Whether `config` is the recipe of `run`, for as many classes as there turned out to be.
fn same_recipe(path: &Path, config: &Config, run: &PlannedRun) -> Result<()> {
    let model = run.config.model.for_classes(config.model.classes()?);
    match *config == (Config { model, ..run.config.clone() }) {
        true => Ok(()),
        false => Err(Error::RecipeChanged { path: path.to_path_buf() }),
    }
}

fn same_data(path: &Path, data: [&Path; 2], experiment: &Experiment) -> Result<()> {
    let wanted = [&*experiment.source, &*experiment.target];
    if data.into_iter().zip(wanted).all(|(found, wanted)| is_same_place(found, wanted)) {
        return Ok(());
    }
    let words = |[source, target]: [&Path; 2]| {
        format!("with source {} and target {}", source.display(), target.display())
    };
    let (expected, found) = (format!("a run {}", words(wanted)), format!("one {}", words(data)));
    Err(Error::DataChanged { path: path.to_path_buf(), expected, found })
}

/// Whether both are one directory, however it is written. Of `found`, earlier versions noted nothing where a run diverged.
fn is_same_place(found: &Path, wanted: &Path) -> bool {
    let canonical = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    found.as_os_str().is_empty() || canonical(found) == canonical(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_directory_may_be_written_in_several_ways() {
        let directory = tempfile::tempdir().expect("a directory");
        let (here, there) = (directory.path().join("here"), directory.path().join("there"));
        [&here, &there].iter().for_each(|path| fs::create_dir(path).expect("a directory"));
        assert!(is_same_place(&there.join("../here"), &here) && !is_same_place(&there, &here));
        assert!(is_same_place("gone".as_ref(), "gone".as_ref()));
        assert!(!is_same_place("gone".as_ref(), &here) && is_same_place("".as_ref(), &here));
    }
}
