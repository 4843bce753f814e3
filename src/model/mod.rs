//! The network: graphs of layers, their parameters, and the recording of one training step.
//!
//! A [`ModelSpec`] says what a network is made of; with a device it becomes a [`Dann`].
//!
//! ```
//! use dann::train::Config;
//!
//! # fn main() -> dann::error::Result<()> {
//! let model = Config::preset("paper")?.model;
//! let (features, classes) = model.check()?;
//! assert_eq!((features.to_string().as_str(), classes), ("48×4×4", 10));
//! for (name, dims) in model.tensors()? {
//!     println!("{name}: {dims:?}");
//! }
//! # Ok(())
//! # }
//! ```

mod activations;
mod adaptation;
mod average;
mod backbone;
mod batch;
mod classes;
mod dann;
mod domain_input;
mod fusion;
mod graph;
mod heads;
mod initialization;
mod layers;
mod learned;
mod network;
mod objective;
mod parameters;
mod plain;
mod prefix;
mod search;
mod size;
mod spec;
mod stage;
mod torch;
mod update;
mod virtual_adversarial;

pub(crate) use adaptation::AdaptationLoss;
pub use adaptation::{Adaptation, AdaptationSchedule};
pub use backbone::Backbone;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use batch::{Batch, Inference, MetricsBuffer, StepOutputs};
pub use classes::Classes;
pub use dann::{Dann, NamedValues};
pub use domain_input::DomainInput;
#[cfg(feature = "export")]
pub(crate) use graph::{Graph, Node};
pub use initialization::Initialization;
pub use layers::*;
pub(crate) use network::Prefix;
pub use objective::DomainLoss;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use objective::Objective;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use parameters::{ParameterInfo, Parameters};
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use search::{Candidate, Found, Search};
pub use size::Size2;
pub use spec::{InputSpec, ModelSpec, Normalization};
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use update::OptimizerState;

pub use crate::ops::gather_batch::Domain;
