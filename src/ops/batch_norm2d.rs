//! Batch normalisation; twin: [`crate::reference::batch_norm2d`].

use super::{expect, expect_real, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Bind, Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    channels: u32,
    plane: u32,
    eps: f32,
    momentum: f32,
    reserved: [u32; 3],
}

const KERNEL: Kernel = Kernel {
    label: "batch_norm2d",
    source: include_str!("../../shaders/batch_norm2d.wgsl"),
    entry_point: "",
    workgroup_size: 256,
    bindings: &[],
};

/// Mean and variance of the batch, and the running ones brought up to date.
pub const STATISTICS: Kernel = Kernel {
    label: "batch_norm2d.statistics",
    entry_point: "statistics",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read(1),
        Binding::write(2),
        Binding::write(3),
        Binding::write(4),
        Binding::write(5),
    ],
    ..KERNEL
};

/// y from x and statistics: the batch's in training, the running ones in evaluation.
pub const FORWARD: Kernel = Kernel {
    label: "batch_norm2d.forward",
    entry_point: "forward",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read(1),
        Binding::read(6),
        Binding::read(7),
        Binding::read(8),
        Binding::read(9),
        Binding::write(10),
    ],
    ..KERNEL
};

/// dweight and dbias from x and dy.
pub const BACKWARD_PARAMETERS: Kernel = Kernel {
    label: "batch_norm2d.backward_parameters",
    entry_point: "backward_parameters",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read(1),
        Binding::read(6),
        Binding::read(7),
        Binding::read(11),
        Binding::write(12),
        Binding::write(13),
    ],
    ..KERNEL
};

/// dx from x, dy, dweight and dbias.
pub const BACKWARD_INPUT: Kernel = Kernel {
    label: "batch_norm2d.backward_input",
    entry_point: "backward_input",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read(1),
        Binding::read(6),
        Binding::read(7),
        Binding::read(8),
        Binding::read(11),
        Binding::read(14),
        Binding::read(15),
        Binding::write(16),
    ],
    ..KERNEL
};

/// Mean and (biased) variance of each channel, (C) each.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// (C)
    pub mean: Tensor,
    /// (C)
    pub variance: Tensor,
}

fn params(x: &Tensor, per_channel: &[&Tensor], eps: f32, momentum: f32) -> Result<Params> {
    const OP: &str = "batch_norm2d";
    let map = x.map();
    expect_real(OP, "x", x)?;
    for tensor in per_channel {
        expect(OP, "a value per channel", tensor, &[map.channels])?;
    }
    Ok(Params {
        rows: u32_of(OP, x.rows())?,
        channels: u32_of(OP, map.channels)?,
        plane: u32_of(OP, map.height * map.width)?,
        eps,
        momentum,
        reserved: [0; 3],
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
    let [mean, variance, running_mean, running_variance] = outs;
    let buffers: [&dyn Bind; _] = [x, mean, variance, running_mean, running_variance];
    // The running statistics are read too.
    let work = work(x, 4).moving(4 * (x.len() + 6 * map.channels));
    rec.dispatch_groups(&STATISTICS, &params, &buffers, map.channels, work)
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
    rec.dispatch(&FORWARD, &params, &[x, mean, variance, weight, bias, y], x.len(), work(x, 4))
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
    let buffers: [&dyn Bind; _] = [x, mean, variance, dy, dweight, dbias];
    rec.dispatch_groups(&BACKWARD_PARAMETERS, &params, &buffers, dbias.len(), work(x, 5))
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
    let buffers: [&dyn Bind; _] = [x, mean, variance, weight, dy, dweight, dbias, dx];
    rec.dispatch(&BACKWARD_INPUT, &params, &buffers, x.len(), work(x, 6))
}
