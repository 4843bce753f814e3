//! Training from the first step to the last: the service behind `dann train`.
//!
//! [`Training`] takes a recipe and data sets, writes checkpoints and metrics into a run's directory (or keeps them in
//! memory), measures test accuracies for the report, opens a lost device again, and stops where an [`Observer`] asks
//! for it. What it leaves behind it can go on from, to the same bits as if it had never stopped.
//!
//! ```no_run
//! use dann::fit::{Sets, Training};
//! use dann::gpu::{Gpu, Options, choose};
//! use dann::train::Config;
//!
//! # fn main() -> dann::error::Result<()> {
//! let config = Config::preset("paper")?;
//! let sets = Sets::read("data/mnist".as_ref(), "data/mnist_m".as_ref(), &config)?;
//! let open = || Gpu::open(&choose(None)?, Options::default());
//! let trained = Training::new(config).directory("runs/first").run(&sets, &open, &mut [])?;
//! println!("target test accuracy: {:?}", trained.result.report.target_test_accuracy);
//! # Ok(())
//! # }
//! ```

mod evaluators;
#[cfg(feature = "mpi")]
mod mpi;
mod observer;
mod plan;
mod ranks;
mod run;
mod selector;
mod session;
mod sets;
mod training;

#[cfg(test)]
mod tests;

#[cfg(feature = "mpi")]
pub use mpi::Mpi;
pub use observer::{Observer, State};
pub use plan::Trained;
pub use ranks::follow;
pub use sets::Sets;
pub use training::Training;
