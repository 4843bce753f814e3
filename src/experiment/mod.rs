//! Experiments: recipes × methods × seeds as one file asks for them, and what came out of them side by side.

mod record;
mod spec;
mod summary;

pub use record::{Chosen, Divergence, RunRecord};
pub use spec::{Experiment, PlannedRun, Recipe};
pub use summary::summary;
