//! The network: graphs of layers, their parameters, and the recording of one training step.

mod batch;
mod dann;
mod fusion;
mod graph;
mod initialization;
mod layers;
mod network;
mod objective;
mod parameters;
mod search;
mod spec;
mod stage;
mod torch;
mod update;

pub use batch::{Batch, Inference, Ledger, StepOutputs};
pub use dann::{Dann, NamedValues};
pub(crate) use graph::{Graph, Node};
pub use initialization::Initialization;
pub use layers::*;
pub use objective::{DomainLoss, Objective};
pub use parameters::{ParameterInfo, Parameters};
pub use search::{Candidate, Found, Search};
pub use spec::{InputSpec, ModelSpec, Normalization, Size2};
pub use update::OptimizerState;
