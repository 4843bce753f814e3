//! The gradients of weight and bias of a convolution with ReLU and 2×2 max-pooling behind it.

use super::super::{expect, u32_of};
use super::texels::Layout;
use super::{Convolution, groups};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Texels};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    outputs: u32,
    channels: u32,
    pooled_h: u32,
    pooled_w: u32,
    in_groups: u32,
    out_groups: u32,
    kernel_h: u32,
    kernel_w: u32,
    slices: u32,
    x_across: u32,
    x_width: u32,
    x_height: u32,
    d_across: u32,
    d_width: u32,
    d_height: u32,
}

const KERNEL: Kernel = Kernel {
    label: "conv2d_pooled_weight",
    source: include_str!("../../../shaders/tuned/conv2d_pooled_weight.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// One partial sum of dweight a slice of the batch.
pub const PARTIAL_SUMS: Kernel = Kernel {
    label: "conv2d_pooled_weight.partial_sums",
    entry_point: "partial_sums",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read_texels(1),
        Binding::read_texels(2),
        Binding::read_words(3),
        Binding::write(4),
    ],
    ..KERNEL
};

/// The slices added up.
pub const REDUCE: Kernel = Kernel {
    label: "conv2d_pooled_weight.reduce",
    entry_point: "reduce",
    bindings: &[Binding::params::<Params>(), Binding::read(5), Binding::write(6)],
    ..KERNEL
};

/// dbias.
pub const BIAS: Kernel = Kernel {
    label: "conv2d_pooled_weight.bias",
    entry_point: "bias",
    bindings: &[Binding::params::<Params>(), Binding::read_texels(2), Binding::write(7)],
    ..KERNEL
};

/// Threads worth having: enough to fill a large GPU, few enough that the partial sums stay small.
const THREADS: usize = 8192;

/// What the kernels read and write.
pub struct Operands<'a> {
    /// With its border.
    pub x: (&'a Layout, &'a Texels),
    /// The gradient behind pooling, 0 where ReLU gave 0; two texels for one of `winner`.
    pub d: &'a Texels,
    /// A byte a channel, which of its window has the gradient.
    pub winner: (&'a Layout, &'a Texels),
    /// (O, C, KH, KW)
    pub dweight: &'a Tensor,
    /// (O)
    pub dbias: &'a Tensor,
}

/// Records dweight and dbias over a batch of `rows`.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit, [`crate::error::Error::Gpu`] when there is no memory for
/// the partial sums.
pub fn backward(
    rec: &mut Recording,
    convolution: &Convolution,
    rows: usize,
    operands: &Operands<'_>,
) -> Result<()> {
    const OP: &str = "conv2d_pooled_weight";
    let Operands { x: (x_layout, x), d, winner: (d_layout, winner), dweight, dbias } = *operands;
    let pooled = convolution.pooled()?;
    let (channels, (kh, kw)) = (convolution.x.channels, convolution.kernel);
    expect(OP, "dweight", dweight, &[pooled.channels, channels, kh, kw])?;
    expect(OP, "dbias", dbias, &[pooled.channels])?;
    let out_groups = d_layout.groups;
    let threads = groups(channels) * convolution.tap_blocks() * kh * out_groups;
    let slices = THREADS.div_ceil(threads).clamp(1, rows);
    let params = Params {
        rows: u32_of(OP, rows)?,
        outputs: u32_of(OP, pooled.channels)?,
        channels: u32_of(OP, channels)?,
        pooled_h: u32_of(OP, pooled.height)?,
        pooled_w: u32_of(OP, pooled.width)?,
        in_groups: u32_of(OP, groups(channels))?,
        out_groups: u32_of(OP, out_groups)?,
        kernel_h: u32_of(OP, kh)?,
        kernel_w: u32_of(OP, kw)?,
        slices: u32_of(OP, slices)?,
        x_across: u32_of(OP, x_layout.across)?,
        x_width: u32_of(OP, x_layout.image_width)?,
        x_height: u32_of(OP, x_layout.image_height)?,
        d_across: u32_of(OP, d_layout.across)?,
        d_width: u32_of(OP, d_layout.image_width)?,
        d_height: u32_of(OP, d_layout.image_height)?,
    };
    let dims = [slices, kh * kw, pooled.channels, 4 * groups(channels)];
    let partial = Tensor::zeros(rec.gpu(), "partial sums of dweight", &dims)?;
    rec.dispatch(&PARTIAL_SUMS, &params, &[x, d, winner, &partial], slices * threads)?;
    rec.dispatch(&REDUCE, &params, &[&partial, dweight], partial.len() / 4 / slices)?;
    rec.dispatch_groups(&BIAS, &params, &[d, dbias], out_groups)
}
