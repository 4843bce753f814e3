//! The gradient of a convolution's weight in register tiles, in two stages.

use super::super::{expect, u32_of};
use super::{Convolution, groups, packed_dims};
use crate::error::Result;
use crate::gpu::{Binding, Gpu, Kernel, Recording, Tensor};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    in_h: u32,
    in_w: u32,
    in_groups: u32,
    out_h: u32,
    out_w: u32,
    out_groups: u32,
    kernel_h: u32,
    kernel_w: u32,
    pad_h: u32,
    pad_w: u32,
    slices: u32,
    channels: u32,
    outputs: u32,
    reserved: [u32; 2],
}

const KERNEL: Kernel = Kernel {
    label: "conv2d_weight",
    source: include_str!("../../../shaders/tuned/conv2d_weight.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// One partial sum a slice of the batch.
pub const PARTIAL_SUMS: Kernel = Kernel {
    label: "conv2d_weight.partial_sums",
    entry_point: "partial_sums",
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::read(2), Binding::write(3)],
    ..KERNEL
};

/// The slices added up.
pub const REDUCE: Kernel = Kernel {
    label: "conv2d_weight.reduce",
    entry_point: "reduce",
    bindings: &[Binding::params::<Params>(), Binding::read(4), Binding::write(5)],
    ..KERNEL
};

/// Neighbouring taps that a thread computes.
const TAPS: usize = 5;
/// Threads worth having: enough to fill a large GPU, few enough that the partial sums stay small.
const THREADS: usize = 4096;

fn threads_per_slice(convolution: &Convolution) -> usize {
    let taps = convolution.kernel.0 * convolution.kernel.1.div_ceil(TAPS);
    groups(convolution.x.channels) * taps * groups(convolution.outputs).div_ceil(2)
}

/// Room for the partial sums over a batch of `rows`.
///
/// # Errors
/// As [`Tensor::zeros`].
pub fn partial_sums(gpu: &Gpu, convolution: &Convolution, rows: usize) -> Result<Tensor> {
    let slices = THREADS.div_ceil(threads_per_slice(convolution)).clamp(1, rows);
    let (kh, kw) = convolution.kernel;
    let dims = [slices, convolution.outputs, kh, kw, 4 * groups(convolution.x.channels)];
    Tensor::zeros(gpu, "partial sums of dweight", &dims)
}

/// dweight (O, C, KH, KW) from x4 and dy4, channels last; `partial` is scratch from [`partial_sums`].
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward_weight(
    rec: &mut Recording,
    convolution: &Convolution,
    x4: &Tensor,
    dy4: &Tensor,
    partial: &Tensor,
    dweight: &Tensor,
) -> Result<()> {
    const OP: &str = "conv2d_weight";
    let (x, y) = (convolution.x, convolution.y()?);
    let (kh, kw) = convolution.kernel;
    expect(OP, "x4", x4, &packed_dims(x4.rows(), x))?;
    expect(OP, "dy4", dy4, &packed_dims(x4.rows(), y))?;
    expect(OP, "dweight", dweight, &[y.channels, x.channels, kh, kw])?;
    let params = Params {
        rows: u32_of(OP, x4.rows())?,
        in_h: u32_of(OP, x.height)?,
        in_w: u32_of(OP, x.width)?,
        in_groups: u32_of(OP, groups(x.channels))?,
        out_h: u32_of(OP, y.height)?,
        out_w: u32_of(OP, y.width)?,
        out_groups: u32_of(OP, groups(y.channels))?,
        kernel_h: u32_of(OP, kh)?,
        kernel_w: u32_of(OP, kw)?,
        pad_h: u32_of(OP, convolution.padding.0)?,
        pad_w: u32_of(OP, convolution.padding.1)?,
        slices: u32_of(OP, partial.rows())?,
        channels: u32_of(OP, x.channels)?,
        outputs: u32_of(OP, y.channels)?,
        reserved: [0; 2],
    };
    let threads = partial.rows() * threads_per_slice(convolution);
    rec.dispatch(&PARTIAL_SUMS, &params, &[x4, dy4, partial], threads)?;
    rec.dispatch(&REDUCE, &params, &[partial, dweight], dweight.len())
}
