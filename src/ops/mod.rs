//! The host side of every shader: what its kernels bind, and functions that check shapes and record.
//!
//! Every function checks the shapes once, when recording, and overwrites its results when replayed.

pub mod augment;
pub mod batch_norm2d;
pub mod clip_grad_norm;
pub mod conv2d;
pub mod dense;
pub mod dropout;
pub mod gather_batch;
pub mod gradient_reversal;
pub mod image_input;
mod kernels;
pub mod max_pool2d;
pub mod metrics;
pub mod product;
pub mod relu;
pub mod sgd;
pub mod softmax;
pub mod softmax_cross_entropy;
mod step;
pub mod tuned;
pub mod tuning;

pub use kernels::KERNELS;
pub use step::Step;

use crate::error::{Error, Result};
use crate::gpu::Tensor;

/// Refuses `tensor` unless its shape is `dims`.
fn expect(op: &str, name: &str, tensor: &Tensor, dims: &[usize]) -> Result<()> {
    if tensor.dims() == dims {
        return Ok(());
    }
    let found = format!("{:?}", tensor.dims());
    Err(Error::input(format!("{op}: {name}"), format!("shape {dims:?}"), found))
}

/// Refuses `tensor` unless it has `rank` dimensions.
fn expect_rank(op: &str, name: &str, tensor: &Tensor, rank: usize) -> Result<()> {
    if tensor.dims().len() == rank {
        return Ok(());
    }
    let found = format!("shape {:?}", tensor.dims());
    Err(Error::input(format!("{op}: {name}"), format!("{rank} dimensions"), found))
}

/// `value` as the u32 that a parameter block holds; sizes are bounded by the device's memory limits.
fn u32_of(op: &str, value: usize) -> Result<u32> {
    u32::try_from(value).map_err(|_| Error::input(op, "a size below 2^32", value))
}
