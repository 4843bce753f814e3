//! What every op is held to: its contract, its cases and how far its results may be off.
//!
//! ```text
//! case ──► kernels on the device ──┐
//!   │                              ├─► compare ──► comparison
//!   └────► twin in f64 ────────────┘
//!            └─► central differences of its own forward pass
//! ```
//!
//! An op states its [`Op`] contract in its own folder, `src/ops/<op>/proof.rs`, beside its twin: plain loops in f64,
//! straight from the formula. A twin is there to be read and believed, not to be fast. It shares no code with its shader,
//! and its gradients are themselves tested against central differences of its own forward pass. Tensors are row-major,
//! images NCHW, and the contract has checked the shapes.

mod array;
mod bound;
mod case;
mod central_difference;
mod compare;
mod gradients;
mod op;
mod rig;
#[cfg(test)]
pub(crate) mod testing;

pub use array::{Array, Arrays, Values};
pub use bound::Bound;
pub use case::{Case, SEED};
pub use central_difference::central_difference;
pub use compare::{Comparison, compare, compare_reals};
pub use gradients::compare_gradients;
pub use op::{Bounds, Gradient, Op, record, run};
pub(crate) use op::{OF_INPUT, PARAMETRIC, absolute, bilinear_bounds, output, product, real_output, reals};
pub use rig::Rig;
