//! Experiments: recipes × methods × seeds as one file asks for them, and what came out of them side by side.
//!
//! ```
//! use dann::experiment::Experiment;
//!
//! # fn main() -> dann::error::Result<()> {
//! let text = r#"
//!     seeds = [0, 1]
//!     methods = ["source-only", "dann"]
//!     [[recipe]]
//!     name = "short"
//!     preset = "demo"
//!     set = ["training.steps=100"]
//! "#;
//! let experiment = Experiment::parse("my_study.toml".as_ref(), text)?;
//! let runs: Vec<String> = experiment.runs()?.iter().map(|run| run.name()).collect();
//! assert_eq!(runs, ["short/source-only-0", "short/dann-0", "short/source-only-1", "short/dann-1"]);
//! # Ok(())
//! # }
//! ```
//!
//! A [`Runner`] makes the runs and goes on with what was interrupted.

mod choice;
mod figures;
mod jobs;
mod kept;
mod lock;
mod record;
mod remaining;
mod runner;
mod slurm;
mod spec;
mod start;
mod summary;
mod watcher;

pub use choice::{Choice, choices};
pub use jobs::{Job, JobState, Share};
pub use record::{Chosen, Divergence, RunRecord};
pub use runner::Runner;
pub use slurm::Slurm;
pub use spec::{Experiment, PlannedRun, Recipe};
pub use summary::summary;
pub use watcher::{Ending, Watcher};
