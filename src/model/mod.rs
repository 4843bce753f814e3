//! The network: lists of layers, their parameters, and the recording of one training step.

mod batch;
mod convolution;
mod dann;
mod dense_chain;
mod initialization;
mod layer;
mod parameters;
mod product;
mod search;
mod sequential;
mod spec;
mod stage;
mod tensors;

pub use batch::{Batch, Inference, Ledger, StepOutputs};
pub use dann::{Dann, DomainLoss, NamedValues, Objective};
pub use initialization::Initialization;
pub use parameters::{ParameterInfo, Parameters};
pub use search::{Candidate, Found, Search};
pub use sequential::{Mode, Sequential, Trace};
pub use spec::{InputSpec, LayerSpec, ModelSpec, Normalization, PlacedLayer, Size2};
