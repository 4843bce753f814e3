//! How a training is done, and what it comes to.

use crate::gpu::Gpu;
use crate::train::{Checkpoint, Communicator, Config, History, RunResult};
use std::path::PathBuf;
use std::sync::Arc;

/// How a training is done.
#[derive(Debug)]
pub(super) struct Plan {
    /// The recipe.
    pub config: Config,
    /// Where everything is put; in memory if nowhere.
    pub directory: Option<PathBuf>,
    /// What is written above the recipe.
    pub remark: String,
    /// Steps from one checkpoint to the next within an epoch.
    pub checkpoint_every: Option<u64>,
    /// A model to start from, in place of one drawn at random.
    pub from: Option<Box<Checkpoint>>,
    /// How many checkpoints stay; all if nothing is said.
    pub keep: Option<usize>,
    /// The steps after which a training was made longer: what was said of the model before does not end it. 0 if it was not.
    pub longer_from: u64,
    /// The ranks that train together, of which this is the first.
    pub peers: Option<Arc<dyn Communicator>>,
}

/// What a training has come to.
#[non_exhaustive]
#[derive(Debug)]
pub struct Trained {
    /// The model. If training was stopped, also what is needed to go on:
    /// [`Training::go_on`](super::Training::go_on).
    pub checkpoint: Checkpoint,
    /// Steps, time and accuracies; in a directory, it is written at the end of a training alone.
    pub result: RunResult,
    /// Every step and every epoch.
    pub history: History,
    /// The device that it ended on, which is another than the first one if that was lost.
    pub gpu: Gpu,
    /// Whether training has come to its end rather than been stopped by an observer.
    pub complete: bool,
}
