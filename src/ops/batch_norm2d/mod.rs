//! Batch normalisation; twin: `twin.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;
#[cfg(feature = "check")]
pub(crate) mod twin;

use super::kernels::batch_norm2d as wgsl;
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

/// Mean and (biased) variance of each channel, (C) each.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// (C)
    pub mean: Tensor,
    /// (C)
    pub variance: Tensor,
}

fn params(x: &Tensor, per_channel: &[&Tensor], eps: f32, momentum: f32) -> Result<wgsl::Params> {
    const OP: &str = "batch_norm2d";
    let map = x.map();
    for tensor in per_channel {
        expect(OP, "a value per channel", tensor, &[map.channels])?;
    }
    Ok(wgsl::Params {
        rows: u32_of(OP, x.rows())?,
        channels: u32_of(OP, map.channels)?,
        plane: u32_of(OP, map.height * map.width)?,
        eps,
        momentum,
    })
}

/// `flops` operations on each value of x.
fn work(x: &Tensor, flops: usize) -> Work {
    Work::new(flops * x.len(), by(x.dims()))
}

/// The statistics of x (N, C, H, W) into `batch`; `running` moves towards them by the share `momentum`.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit or a channel has a single value, whose variance is undefined.
pub fn statistics(
    rec: &mut Recording,
    x: &Tensor,
    batch: &Statistics,
    running: &Statistics,
    momentum: f32,
) -> Result<()> {
    let map = x.map();
    if x.rows() * map.height * map.width < 2 {
        let found = format!("shape {:?}", x.dims());
        return Err(Error::input("batch_norm2d: x", "two or more values a channel", found));
    }
    let outs = [&batch.mean, &batch.variance, &running.mean, &running.variance];
    let params = params(x, &outs, 0.0, momentum)?;
    let [mean, variance, running_mean, running_var] = outs;
    let invocation =
        wgsl::Statistics { params: &params, x, mean_out: mean, var_out: variance, running_mean, running_var };
    // The running statistics are read too.
    let work = work(x, 4).moving(4 * (x.len() + 6 * map.channels));
    rec.dispatch_workgroups(invocation, map.channels, work)
}

/// y = (x - mean) / √(variance + eps) · weight + bias; x and y (N, C, H, W), weight and bias (C).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn forward(
    rec: &mut Recording,
    x: &Tensor,
    statistics: &Statistics,
    weight: &Tensor,
    bias: &Tensor,
    y: &Tensor,
    eps: f32,
) -> Result<()> {
    let Statistics { mean, variance } = statistics;
    let params = params(x, &[mean, variance, weight, bias], eps, 0.0)?;
    expect("batch_norm2d", "y", y, x.dims())?;
    rec.dispatch(wgsl::Forward { params: &params, x, mean, variance, weight, bias, y }, x.len(), work(x, 4))
}

/// dweight and dbias (C) from x and dy (N, C, H, W), under the batch's own statistics.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward_parameters(
    rec: &mut Recording,
    x: &Tensor,
    statistics: &Statistics,
    dy: &Tensor,
    dweight: &Tensor,
    dbias: &Tensor,
    eps: f32,
) -> Result<()> {
    let Statistics { mean, variance } = statistics;
    let params = params(x, &[mean, variance, dweight, dbias], eps, 0.0)?;
    expect("batch_norm2d", "dy", dy, x.dims())?;
    let invocation = wgsl::BackwardParameters {
        params: &params,
        x,
        mean,
        variance,
        dy,
        dweight_out: dweight,
        dbias_out: dbias,
    };
    rec.dispatch_workgroups(invocation, dbias.len(), work(x, 5))
}

/// The gradients of weight and bias, (C) each, as [`backward_parameters`] leaves them.
#[derive(Debug)]
pub struct ParameterGradients<'a> {
    /// (C)
    pub dweight: &'a Tensor,
    /// (C)
    pub dbias: &'a Tensor,
}

/// dx (N, C, H, W), through the batch's mean and variance too.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
#[allow(clippy::too_many_arguments)] // one tensor an argument, as in the formula
pub fn backward_input(
    rec: &mut Recording,
    x: &Tensor,
    statistics: &Statistics,
    weight: &Tensor,
    dy: &Tensor,
    gradients: &ParameterGradients<'_>,
    dx: &Tensor,
    eps: f32,
) -> Result<()> {
    let Statistics { mean, variance } = statistics;
    let ParameterGradients { dweight, dbias } = *gradients;
    let params = params(x, &[mean, variance, weight, dweight, dbias], eps, 0.0)?;
    expect("batch_norm2d", "dy", dy, x.dims())?;
    expect("batch_norm2d", "dx", dx, x.dims())?;
    let invocation =
        wgsl::BackwardInput { params: &params, x, mean, variance, weight, dy, dweight, dbias, dx };
    rec.dispatch(invocation, x.len(), work(x, 6))
}
