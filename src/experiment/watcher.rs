//! Those who watch an experiment, and how it ends.

use super::record::{Divergence, RunRecord};
use super::spec::PlannedRun;
use crate::error::Result;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Watches an experiment. Every method has a default that does nothing; an error ends the experiment.
#[expect(unused_variables, reason = "the names say what implementations are given")]
pub trait Watcher {
    /// A run is made, the `number`-th of `count`, or goes on. As far as finished runs tell, `left` is what it and those
    /// after it take.
    ///
    /// # Errors
    /// Whatever ends the experiment.
    fn run_begins(
        &mut self,
        run: &PlannedRun,
        number: usize,
        count: usize,
        left: Option<Duration>,
    ) -> Result<()> {
        Ok(())
    }

    /// Another process makes a run now, so that it is left out here.
    ///
    /// # Errors
    /// Whatever ends the experiment.
    fn run_elsewhere(&mut self, run: &PlannedRun) -> Result<()> {
        Ok(())
    }

    /// A run diverged, which is noted; the others go on.
    ///
    /// # Errors
    /// Whatever ends the experiment.
    fn run_diverged(&mut self, run: &PlannedRun, divergence: &Divergence) -> Result<()> {
        Ok(())
    }

    /// A run has ended and is kept.
    ///
    /// # Errors
    /// Whatever ends the experiment.
    fn run_ended(&mut self, run: &PlannedRun, record: &RunRecord) -> Result<()> {
        Ok(())
    }

    /// What is written above the recipe in a run's directory, where it is trained on `source` and `target`.
    fn remark(&self, directory: &Path, source: &Path, target: &Path) -> String {
        String::new()
    }
}

/// No one watches.
impl Watcher for () {}

/// How an experiment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// Every run of the share has been made, but those that other processes make.
    Complete,
    /// An observer stopped the run in `directory` after so many `steps`; a checkpoint is kept.
    Stopped {
        /// The run's directory.
        directory: PathBuf,
        /// Steps behind it.
        steps: u64,
    },
}
