//! How a run of an experiment starts: anew, or from where it was interrupted.

use super::kept::same_run;
use super::spec::{Experiment, PlannedRun};
use crate::error::{Error, Result};
use crate::fit::Training;
use crate::train::{RunDirectory, checkpoints};
use std::fs;
use std::path::Path;

/// The training of a run of the experiment in `path`, from what is there of it.
pub fn training((run, experiment): (&PlannedRun, &Experiment), path: &Path) -> Result<Training> {
    if !checkpoints(path)?.is_empty() {
        let training = Training::resume(path)?;
        let data = training.data().map_or([Path::new(""); 2], |data| [&data.source, &data.target]);
        same_run(path, (&RunDirectory::config(path)?, data), (run, experiment))?;
        return Ok(training);
    }
    // A run that ended before its first checkpoint has nothing to go on from.
    if RunDirectory::vacant(path).is_err() {
        RunDirectory::config(path)
            .map_err(|e| Error::file(path, "a run or a free place for one", format!("neither: {e}")))?;
        fs::remove_dir_all(path).map_err(Error::io(path, "remove"))?;
    }
    Ok(Training::new(run.config.clone()).directory(path))
}

/// An error of the training in `path`. By the same recipe, nothing but other images keep it from going on.
pub fn of_run(path: &Path, error: Error) -> Error {
    match error {
        Error::CannotResume { expected, found } => {
            Error::DataChanged { path: path.to_path_buf(), expected, found }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_cannot_go_on_is_named() {
        let cause = Error::CannotResume { expected: "16 images".into(), found: "15".into() };
        assert_eq!(of_run("runs/a".as_ref(), cause).to_string(), "runs/a: expected 16 images, found 15");
    }
}
