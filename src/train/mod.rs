//! Training and evaluation: schedules, the step, the loop over epochs, what is kept of a run.
//!
//! A [`Config`] decides everything, and a [`Stepper`] does the steps. What is around them in a whole training (test
//! accuracies, checkpoints, resuming, lost devices) is in the module `fit`.
//!
//! ```no_run
//! use dann::data::Dataset;
//! use dann::gpu::{Gpu, Options, choose};
//! use dann::train::{Config, Stepper};
//!
//! # fn train(source: &Dataset, target: &Dataset) -> dann::error::Result<()> {
//! let gpu = Gpu::open(&choose(None)?, Options::default())?;
//! let mut config = Config::preset("demo")?;
//! config.training.batch = 32;
//! let mut trainer = Stepper::new(&gpu, &config, source, Some(target))?;
//! loop {
//!     let metrics = trainer.advance()?;
//!     let Some(last) = metrics.last() else { break };
//!     println!("step {}: label loss {}", last.step, last.label_loss);
//! }
//! # Ok(())
//! # }
//! ```

mod adopted;
mod batch_norm_ranks;
mod batch_rows;
mod bench;
mod checkpoint;
mod classes;
mod communicator;
mod config;
mod course;
mod data_checks;
mod data_loader;
mod data_spec;
mod device_data;
mod evaluate;
mod evaluation;
mod exchange;
mod frames;
mod frozen;
pub mod health;
mod history;
mod idle_settings;
mod in_flight;
mod inspect;
mod keep_frozen;
mod length;
mod metrics;
mod overrides;
mod predictions;
#[cfg(feature = "report")]
mod preview;
mod read_ahead;
mod recorded;
mod repeat;
mod reports;
mod resumed;
mod resumption;
mod ring;
mod rows;
mod rule;
mod run;
mod schedule;
mod selection_spec;
mod sequence;
mod shuffled;
mod step;
mod stepper;
mod stream;
mod submission;
mod training_loop;
mod training_spec;
mod views;
mod whole_file;

pub use crate::ops::adamw::AdamW;
pub use crate::ops::augment::Augmentation;
pub use crate::ops::optimizer::ParameterGroup;
pub use crate::ops::optimizers::OptimizerSpec;
pub use crate::ops::sgd::Sgd;
pub use adopted::Adopted;
pub use batch_norm_ranks::BatchNormRanks;
pub use bench::StepBench;
pub use checkpoint::{Checkpoint, Description};
pub use communicator::Communicator;
pub use config::Config;
pub use data_spec::DataSpec;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use device_data::DeviceData;
pub(crate) use device_data::Uploads;
pub use evaluate::Evaluator;
pub use evaluation::{ClassCounts, Evaluation, argmax, softmax};
pub use exchange::ExchangeTimes;
pub use frames::{Frames, Images, Keep};
pub use frozen::FrozenPart;
pub use history::{EpochRecord, History};
pub(crate) use in_flight::{InFlight, Outcome};
pub use inspect::{Inspection, Inspector};
pub use keep_frozen::KeepFrozen;
pub use length::Length;
pub use metrics::{Report, StepMetrics};
pub use predictions::Predictions;
#[cfg(feature = "report")]
pub(crate) use preview::views_of;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use repeat::{again, quoted, quoted_path, repetition};
#[cfg(feature = "report")]
pub(crate) use resumed::first_checkpoint;
#[cfg(feature = "fit")]
pub(crate) use resumed::reported_checkpoints;
pub use resumed::{Resumed, checkpoints, trained_checkpoints};
pub use resumption::{DataSets, Resumption};
pub use rule::Rule;
pub use run::{RunDirectory, RunResult};
pub use schedule::{Lambda, LearningRate};
pub use selection_spec::{Rated, SelectionSpec};
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use step::TrainingStep;
pub use stepper::Stepper;
pub(crate) use training_loop::TrainingLoop;
pub use training_spec::{Method, Sampling, TrainingSpec};
#[cfg(feature = "fit")]
pub(crate) use whole_file::read_json;
#[cfg(any(feature = "export", feature = "fit"))]
pub(crate) use whole_file::write_whole;

use crate::error::Result;
use crate::gpu::Gpu;

/// What `make` makes for `most` rows, or for as many of them as there is memory for: a half, a quarter, ….
fn with_room<T>(gpu: &Gpu, most: usize, make: impl Fn(usize) -> Result<T>) -> Result<T> {
    let mut rows = most;
    loop {
        match make(rows) {
            Err(error) if error.is_too_large() && rows > 1 && gpu.healthy().is_ok() => {
                log::debug!("{rows} rows: {error}");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::gpu::{Options, choose};
    use std::cell::Cell;

    #[test]
    fn rows_are_halved_while_they_are_too_many_and_for_no_other_reason() {
        let gpu = choose(None).and_then(|adapter| Gpu::open(&adapter, Options::default())).expect("a device");
        let too_many: [fn() -> Error; 2] =
            [|| Error::OutOfMemory("full".into()), || Error::beyond_limit("x", "few", "many")];
        for error in too_many {
            let made = with_room(&gpu, 9, |rows| if rows > 2 { Err(error()) } else { Ok(rows) });
            assert_eq!(made.expect("two rows fit"), 2);
            assert!(with_room(&gpu, 9, |_| Err::<(), _>(error())).is_err());
        }
        let tries = Cell::new(0);
        let refused = with_room(&gpu, 9, |_| {
            tries.set(tries.get() + 1);
            Err::<(), _>(Error::Gpu("refused".into()))
        });
        assert!(matches!(refused, Err(Error::Gpu(_))) && tries.get() == 1);
    }
}
