//! The contract of every op, one file each.

mod augment;
mod batch_norm2d;
mod clip_grad_norm;
mod conv2d;
mod conv_block;
mod conv_chain;
mod dense;
mod dense_relu_dense;
mod dropout;
mod gather_batch;
mod gradient_reversal;
mod image_input;
mod max_pool2d;
mod metrics;
mod relu;
mod sgd;
mod softmax;
mod softmax_cross_entropy;

use super::{Array, Arrays, Bound, Bounds, Case, Gradient, Op, Rig, Values};
use crate::error::{Error, Result};
use crate::gpu::Variant;

/// Every op.
pub const OPS: &[&dyn Op] = &[
    &conv2d::Conv2d,
    &conv_block::ConvBlock,
    &conv_chain::ConvChain,
    &dense::Dense,
    &dense_relu_dense::DenseReluDense,
    &relu::Relu { leaky: false },
    &relu::Relu { leaky: true },
    &max_pool2d::MaxPool2d,
    &batch_norm2d::BatchNorm2d,
    &dropout::Dropout,
    &softmax::Softmax,
    &softmax_cross_entropy::SoftmaxCrossEntropy,
    &gradient_reversal::GradientReversal,
    &sgd::Sgd,
    &clip_grad_norm::ClipGradNorm,
    &gather_batch::GatherBatch,
    &augment::Augment,
    &metrics::Metrics,
    &image_input::ImageInput { texture: true },
    &image_input::ImageInput { texture: false },
];

/// The op called `name`.
///
/// # Errors
/// [`Error::Input`] when there is none.
pub fn find(name: &str) -> Result<&'static dyn Op> {
    OPS.iter().copied().find(|op| op.name() == name).ok_or_else(|| {
        let known: Vec<&str> = OPS.iter().map(|op| op.name()).collect();
        Error::input("op", format!("one of {known:?}"), format!("\"{name}\""))
    })
}

/// Outputs by name, all real.
fn reals<const T: usize>(outputs: [(&str, &[usize], Vec<f64>); T]) -> Arrays {
    outputs.into_iter().map(|(name, dims, values)| (name.into(), Array::f64(dims, values))).collect()
}

/// The case with the absolute values of its real inputs: for an op that only multiplies and adds inputs,
/// its outputs are the sums of the absolute values of the terms that the op adds up.
fn absolute(case: &Case) -> Case {
    let mut case = case.clone();
    for array in case.inputs.values_mut() {
        if let Some(values) = array.reals() {
            *array = Array::f64(&array.dims, values.into_iter().map(f64::abs).collect());
        }
    }
    case
}

/// The rounding bounds of outputs with those numbers of roundings, their magnitudes being the outputs of the
/// absolute case.
fn bilinear_bounds<const T: usize>(
    op: &dyn Op,
    case: &Case,
    roundings: [(&'static str, usize); T],
) -> Result<Bounds> {
    let magnitudes = op.twin(&absolute(case))?;
    let bound = |(name, roundings)| {
        Ok((name, Bound::rounding(&super::contract::real_output(&magnitudes, name)?, roundings)))
    };
    roundings.into_iter().map(bound).collect()
}

/// The product of `dims`.
fn product(dims: &[usize]) -> usize {
    dims.iter().product()
}

/// The gradients of a layer with weight and bias.
const PARAMETRIC: &[Gradient] = &[
    Gradient { result: "dx", input: "x", output: "y" },
    Gradient { result: "dweight", input: "weight", output: "y" },
    Gradient { result: "dbias", input: "bias", output: "y" },
];

/// The gradient of a layer without parameters.
const OF_INPUT: &[Gradient] = &[Gradient { result: "dx", input: "x", output: "y" }];
