//! Choosing among a run's checkpoints, or among runs, without target labels.
//!
//! In unsupervised adaptation there are no target labels to choose by; each [`Rule`] rates a model by what there is:
//! source images with labels that were not trained on, and target images without. [`Selection::of_run`] rates all
//! checkpoints of a run; accuracies on the target enter only into [`Outcome`], which tells how good the choices were.
//! No rule is known to be best, and some are easily misled: a domain classifier that has stopped learning looks like
//! aligned domains, and a model that is surely wrong has little entropy.

mod candidates;
mod distance;
mod images;
mod importance;
mod logistic;
mod outputs;
mod rating;
mod rule;
mod selected;

pub use candidates::Candidates;
pub use distance::proxy_a_distance;
pub use images::{Images, Sample};
pub use rating::Rating;
pub use rule::Rule;
pub use selected::{Counts, Outcome, Selection, best_runs};
