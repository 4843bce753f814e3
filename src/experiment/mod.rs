//! Experiments: recipes × methods × seeds as one file asks for them, and what came out of them side by side.

mod record;
mod runner;
mod spec;
mod summary;
mod watcher;

pub use record::{Chosen, Divergence, RunRecord};
pub use runner::Runner;
pub use spec::{Experiment, PlannedRun, Recipe};
pub use summary::summary;
pub use watcher::{Ending, Watcher};
