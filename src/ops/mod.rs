//! Every op in a folder of its own: the functions that check shapes and record its kernels, and the proof that these compute
//! what the formula says. The kernels lie in `shaders/<op>.wgsl`, those of faster families in folders named after them.
//!
//! Every function checks the shapes once, when recording, and overwrites its results when replayed.

pub mod adamw;
pub mod add;
pub mod augment;
pub mod average;
pub mod avg_pool2d;
pub mod axpy;
pub mod batch_norm2d;
pub mod class_confusion;
pub mod clip_grad_norm;
pub mod conv2d;
pub mod dense;
pub mod depthwise;
pub mod dropout;
pub mod entropy;
pub mod entropy_weights;
pub mod gather_batch;
pub mod gather_rows;
pub mod gemm;
pub mod global_avg_pool2d;
pub mod gradient_reversal;
pub mod image_input;
mod kernels;
pub mod kl_divergence;
pub mod max_pool2d;
pub mod metrics;
pub mod optimizer;
pub mod optimizers;
pub mod outer_product;
pub mod perturb;
pub mod pointwise;
mod predictions;
pub mod pseudo_label;
pub mod random_view;
pub mod rectified_norm;
pub mod register_tiled;
pub mod relu;
pub mod relu6;
pub mod sgd;
pub mod softmax;
pub mod softmax_cross_entropy;
pub mod stem;
mod step;
pub mod store_image;
pub mod tuning;
pub mod unfolded;
#[cfg(feature = "check")]
mod updates;
mod window;

pub use kernels::KERNELS;
pub use predictions::Predictions;
pub use step::Step;

#[cfg(feature = "check")]
use crate::contract::Op;
use crate::error::{Error, Result};
use crate::gpu::Tensor;
#[cfg(feature = "check")]
use register_tiled::{conv_block, conv_chain, dense_chain};

/// The contract of every op, in the order in which they are checked.
#[cfg(feature = "check")]
pub const OPS: &[&dyn Op] = &[
    &conv2d::proof::Conv2d,
    &conv_block::proof::ConvBlock,
    &conv_chain::proof::ConvChain,
    &dense::proof::Dense,
    &dense_chain::proof::DenseReluDense,
    &relu::proof::Relu { leaky: false },
    &relu::proof::Relu { leaky: true },
    &relu6::proof::Relu6,
    &max_pool2d::proof::MaxPool2d,
    &avg_pool2d::proof::AvgPool2d,
    &global_avg_pool2d::proof::GlobalAvgPool2d,
    &batch_norm2d::proof::BatchNorm2d,
    &batch_norm2d::frozen::BatchNorm2dFrozen,
    &rectified_norm::proof::RectifiedNorm,
    &dropout::proof::Dropout,
    &softmax_cross_entropy::proof::SoftmaxCrossEntropy,
    &entropy::proof::Entropy,
    &class_confusion::proof::ClassConfusion,
    &kl_divergence::proof::KlDivergence,
    &pseudo_label::proof::PseudoLabel,
    &perturb::proof::Perturb,
    &entropy_weights::proof::EntropyWeights,
    &outer_product::proof::OuterProduct,
    &gradient_reversal::proof::GradientReversal,
    &add::proof::AddRelu,
    &sgd::proof::Sgd,
    &sgd::proof::SgdNesterov,
    &adamw::proof::AdamW,
    &clip_grad_norm::proof::ClipGradNorm,
    &average::proof::Average,
    &axpy::proof::Axpy,
    &gather_batch::proof::GatherBatch,
    &gather_rows::proof::GatherRows,
    &augment::proof::Augment,
    &random_view::proof::RandomView,
    &metrics::proof::Metrics,
    &softmax::proof::Softmax,
    &image_input::proof::ImageInput { texture: true },
    &image_input::proof::ImageInput { texture: false },
    &store_image::proof::StoreImage,
];

/// The op called `name`.
///
/// # Errors
/// [`Error::Input`] when there is none.
#[cfg(feature = "check")]
pub fn find(name: &str) -> Result<&'static dyn Op> {
    OPS.iter().copied().find(|op| op.name() == name).ok_or_else(|| {
        let known: Vec<&str> = OPS.iter().map(|op| op.name()).collect();
        Error::input("op", format!("one of {known:?}"), format!("\"{name}\""))
    })
}

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

/// Refuses `rows` that reach beyond those of `tensor`.
fn expect_rows(op: &str, tensor: &Tensor, rows: &std::ops::Range<usize>) -> Result<()> {
    if rows.start <= rows.end && rows.end <= tensor.rows() {
        return Ok(());
    }
    Err(Error::input(format!("{op}: rows"), format!("at most {}", tensor.rows()), format!("{rows:?}")))
}

/// `value` as the u32 that a parameter block holds; sizes are bounded by the device's memory limits.
fn u32_of(op: &str, value: usize) -> Result<u32> {
    u32::try_from(value).map_err(|_| Error::input(op, "a size below 2^32", value))
}
