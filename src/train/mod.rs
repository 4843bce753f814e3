//! Training and evaluation: schedules, the step, the loop over epochs, what is kept of a run.

mod bench;
mod checkpoint;
mod config;
mod course;
mod device_data;
mod evaluate;
mod feed;
mod flight;
pub mod health;
mod history;
mod inspect;
mod metrics;
mod overrides;
mod reports;
mod resumed;
mod resumption;
mod run;
pub mod schedule;
mod step;
mod trainer;
mod whole_file;

pub use bench::StepBench;
pub use checkpoint::{Checkpoint, Description};
pub use config::{Config, Method, TrainingSpec};
pub(crate) use course::{Course, Landing, Leg};
pub use device_data::DeviceData;
pub use evaluate::{Evaluation, Evaluator, argmax, softmax};
pub use history::{EpochRecord, History};
pub use inspect::{Inspection, Inspector};
pub use metrics::StepMetrics;
pub use resumed::{Resumed, checkpoints, trained_checkpoints};
pub use resumption::{DataSets, Resumption};
pub use run::{Report, RunDirectory, RunResult};
pub use step::TrainingStep;
pub use trainer::Trainer;
pub use whole_file::{read_json, write_whole};

use crate::error::{Error, Result};
use crate::gpu::Gpu;

/// What `make` makes for `most` rows, or for as many of them as there is memory for: a half, a quarter, ….
fn with_room<T>(gpu: &Gpu, most: usize, make: impl Fn(usize) -> Result<T>) -> Result<T> {
    let mut rows = most;
    loop {
        match make(rows) {
            Err(Error::Gpu(message)) if rows > 1 && gpu.healthy().is_ok() => {
                log::debug!("{rows} rows: {message}");
                rows /= 2;
            }
            made => return made,
        }
    }
}

/// The smallest piece with room for `bytes` bytes, taken out of `free`.
fn fitting<T>(free: &mut Vec<T>, bytes: u64, room: impl Fn(&T) -> u64) -> Option<T> {
    let enough = (0..free.len()).filter(|&index| room(&free[index]) >= bytes);
    let index = enough.min_by_key(|&index| room(&free[index]))?;
    Some(free.swap_remove(index))
}
