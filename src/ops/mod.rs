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

pub use step::Step;

use crate::error::{Error, Result};
use crate::gpu::{Element, Kernel, Tensor, Variant};
use tuned::{conv2d_spread, conv2d_tile, conv2d_weight, dense_tile, texels, weight_texels};
use tuned::{winograd_gradient, winograd_image, winograd_product, winograd_result};
use tuned::{winograd_transform, winograd_weight};

/// Every kernel of the crate, for the tests that compare them with their shaders.
pub const KERNELS: &[&Kernel] = &[
    &augment::VIEWS,
    &batch_norm2d::STATISTICS,
    &batch_norm2d::FORWARD,
    &batch_norm2d::BACKWARD_PARAMETERS,
    &batch_norm2d::BACKWARD_INPUT,
    &conv2d_spread::SPREAD,
    &conv2d_spread::JOIN,
    &conv2d_tile::PLAIN,
    &conv2d_tile::POOLED,
    &conv2d_tile::POOLED_TEXELS,
    &conv2d_weight::PLAIN_SUMS,
    &conv2d_weight::POOLED_SUMS,
    &conv2d_weight::POOLED_SUMS_OF_THREE,
    &conv2d_weight::REDUCE,
    &conv2d_weight::BIAS,
    &conv2d::FORWARD,
    &conv2d::BACKWARD_INPUT,
    &conv2d::BACKWARD_WEIGHT,
    &conv2d::BACKWARD_BIAS,
    &dense_tile::PACK,
    &dense_tile::FORWARD,
    &dense_tile::FORWARD_RELU,
    &dense_tile::BACKWARD_INPUT,
    &dense_tile::BACKWARD_INPUT_RELU,
    &dense_tile::BACKWARD_PARAMETERS,
    &dense::FORWARD,
    &dense::BACKWARD_INPUT,
    &dense::BACKWARD_WEIGHT,
    &dense::BACKWARD_BIAS,
    &dropout::APPLY,
    &gather_batch::IMAGES,
    &gather_batch::LABELS,
    &gradient_reversal::BACKWARD,
    &gradient_reversal::BACKWARD_FAN_IN,
    &image_input::TEXTURE,
    &image_input::VALUES,
    &max_pool2d::FORWARD,
    &max_pool2d::BACKWARD,
    &metrics::REDUCE,
    &product::tiled::WORKGROUP.forward,
    &product::tiled::WORKGROUP.forward_pooled,
    &product::tiled::WORKGROUP.backward_input,
    &product::tiled::WORKGROUP.backward_weight,
    &product::tiled::WORKGROUP.sums,
    &product::tiled::HALF.forward,
    &product::tiled::HALF.forward_pooled,
    &product::tiled::HALF.backward_input,
    &product::tiled::HALF.backward_weight,
    &product::tiled::HALF.sums,
    &product::tiled::COOPERATIVE.forward,
    &product::tiled::COOPERATIVE.forward_pooled,
    &product::tiled::COOPERATIVE.backward_input,
    &product::tiled::COOPERATIVE.backward_weight,
    &product::tiled::COOPERATIVE.sums,
    &product::kernels::BORDER_VALUES,
    &product::kernels::BEFORE_RELU,
    &product::kernels::BEFORE_POOLING,
    &product::kernels::SUBGROUP_FORWARD,
    &product::kernels::SUBGROUP_FORWARD_POOLED,
    &product::kernels::SUBGROUP_BACKWARD_INPUT,
    &product::kernels::SUBGROUP_BACKWARD_WEIGHT,
    &product::kernels::REDUCE_GRADIENTS,
    &product::kernels::REDUCE_FORWARD,
    &relu::FORWARD,
    &relu::BACKWARD,
    &sgd::UPDATE,
    &clip_grad_norm::SQUARES,
    &clip_grad_norm::FACTOR,
    &texels::PACK,
    &texels::PACK_GRADIENT,
    &weight_texels::PACK_FORWARD,
    &weight_texels::PACK_TURNED,
    &weight_texels::PACK_SPREAD,
    &winograd_gradient::TILES_OF_DX,
    &winograd_gradient::JOIN,
    &winograd_gradient::JOIN_MASKED,
    &winograd_image::POOLED,
    &winograd_image::POOLED_TEXELS,
    &winograd_product::SUM_CHANNELS,
    &winograd_product::SUM_TILES,
    &winograd_result::POOLED,
    &winograd_result::POOLED_TEXELS,
    &winograd_transform::INPUT,
    &winograd_transform::GRADIENT_POOLED,
    &winograd_weight::FORWARD,
    &winograd_weight::IMAGE,
    &winograd_weight::TURNED,
    &winograd_weight::GRADIENT,
    &softmax::FORWARD,
    &softmax_cross_entropy::FORWARD_BACKWARD,
];

/// The family that `kernel` belongs to. What the families of products share counts as the first one's.
pub fn variant(kernel: &Kernel) -> Variant {
    let op = kernel.label.split('.').next().unwrap_or_default();
    match op {
        "workgroup_product" | "product_border" | "product_reduce" => Variant::Workgroup,
        "subgroup_product" => Variant::Subgroup,
        "half_product" => Variant::Half,
        "cooperative_product" => Variant::Cooperative,
        "conv2d_spread" | "conv2d_tile" | "dense_tile" | "texels" | "weight_texels" => Variant::Register,
        op if op.starts_with("conv2d_weight") || op.starts_with("winograd_") => Variant::Register,
        _ => Variant::Plain,
    }
}

/// Refuses `tensor` unless it holds real numbers in the shape `dims`.
fn expect(op: &str, name: &str, tensor: &Tensor, dims: &[usize]) -> Result<()> {
    expect_real(op, name, tensor)?;
    expect_dims(op, name, tensor, dims)
}

/// Refuses `tensor` unless it holds whole numbers in the shape `dims`.
fn expect_whole(op: &str, name: &str, tensor: &Tensor, dims: &[usize]) -> Result<()> {
    expect_element(op, name, tensor, Element::Whole)?;
    expect_dims(op, name, tensor, dims)
}

/// Refuses `tensor` unless it holds real numbers, in any shape.
fn expect_real(op: &str, name: &str, tensor: &Tensor) -> Result<()> {
    expect_element(op, name, tensor, Element::Real)
}

/// Refuses `step` unless it holds one [`Step`].
fn expect_step(op: &str, step: &Tensor) -> Result<()> {
    expect_element(op, "step", step, Element::Step)?;
    expect_dims(op, "step", step, &[1, Step::WORDS])
}

fn expect_element(op: &str, name: &str, tensor: &Tensor, element: Element) -> Result<()> {
    if tensor.element() == element {
        return Ok(());
    }
    Err(Error::input(format!("{op}: {name}"), format!("a tensor of {element}"), tensor.element()))
}

fn expect_dims(op: &str, name: &str, tensor: &Tensor, dims: &[usize]) -> Result<()> {
    if tensor.dims() == dims {
        return Ok(());
    }
    let found = format!("{:?}", tensor.dims());
    Err(Error::input(format!("{op}: {name}"), format!("shape {dims:?}"), found))
}

/// Refuses `tensor` unless it holds real numbers in `rank` dimensions.
fn expect_rank(op: &str, name: &str, tensor: &Tensor, rank: usize) -> Result<()> {
    expect_real(op, name, tensor)?;
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
