//! The f64 twin of every GPU op: plain loops, straight from the formula, on the CPU.
//!
//! A twin is there to be read and believed, not to be fast. It shares no code with its shader, and its
//! gradients are themselves tested against central differences of its own forward pass. Tensors are
//! row-major, images NCHW, and shapes have been validated by the caller.

pub mod augment;
pub mod batch_norm2d;
pub mod clip_grad_norm;
pub mod conv2d;
pub mod dense;
pub mod dropout;
pub mod gather_batch;
pub mod gradient_reversal;
pub mod image_input;
pub mod max_pool2d;
pub mod metrics;
pub mod relu;
pub mod sgd;
pub mod softmax;
pub mod softmax_cross_entropy;

mod central_difference;
#[cfg(test)]
mod testing;

pub use central_difference::central_difference;
