//! Choosing among a run's checkpoints, or among runs, without target labels.
//!
//! In unsupervised adaptation there are no target labels to choose by; each [`Rule`] rates a model by what there is:
//! source images with labels that were not trained on, and target images without. Where the source has none of the former, the
//! rules that need none rate. [`Selection::of_run`] rates all checkpoints of a run; accuracies on the target enter only into
//! [`Outcome`], which tells how good the choices were.
//! No rule is known to be best, and some are easily misled: features that are alike in both domains say nothing of
//! the classes, and a model that is surely wrong has little entropy.
//!
//! ```no_run
//! use dann::data::NoProgress;
//! use dann::gpu::{Gpu, Options, choose};
//! use dann::selection::{Images, Selection};
//!
//! # fn main() -> dann::error::Result<()> {
//! let gpu = Gpu::open(&choose(None)?, Options::default())?;
//! // At most 1,000 images of each kind, from the data sets that the run was trained on.
//! let mut images = Images::new(1000, None, None);
//! let selection = Selection::of_run(&gpu, "runs/first".as_ref(), &mut images, &NoProgress)?;
//! for (rule, step) in &selection.picks {
//!     println!("{}: the checkpoint of step {step}", rule.name());
//! }
//! # Ok(())
//! # }
//! ```

mod candidates;
mod distance;
mod images;
mod importance;
mod logistic;
mod outputs;
mod rater;
mod rating;
mod sample;
mod selected;
mod views;

pub use crate::train::Rule;
pub use candidates::Candidates;
pub use distance::proxy_a_distance;
pub use images::Images;
pub(crate) use rater::Rater;
pub use rating::Rating;
pub use sample::Sample;
pub use selected::{Counts, Outcome, Selection, best_runs};
pub(crate) use views::NO_VALIDATION;
