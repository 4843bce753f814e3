//! Training and evaluation: schedules, the step, the loop over epochs, what is kept of a run.

mod bench;
mod checkpoint;
mod config;
mod course;
mod device_data;
mod evaluate;
mod feed;
mod flight;
mod history;
mod inspect;
mod metrics;
mod overrides;
mod run;
pub mod schedule;
mod step;
mod trainer;
mod whole_file;

pub use bench::StepBench;
pub use checkpoint::Checkpoint;
pub use config::{Config, Method, TrainingSpec};
pub(crate) use course::{Course, Landing, Leg};
pub use device_data::DeviceData;
pub use evaluate::{Evaluation, Evaluator, argmax, softmax};
pub use history::{EpochRecord, History};
pub use inspect::{Inspection, Inspector};
pub use metrics::StepMetrics;
pub use run::{Report, RunDirectory, RunResult};
pub use step::TrainingStep;
pub use trainer::Trainer;
pub use whole_file::write_whole;
