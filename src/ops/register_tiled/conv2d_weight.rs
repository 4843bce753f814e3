//! The gradients of a convolution's weight and bias: alone, or with ReLU and 2×2 max-pooling behind it.

use super::super::{expect, u32_of};
use super::texels::Layout;
use super::{Convolution, groups};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, TexelFormat, Texels, Work, by};
use crate::ops::kernels::conv2d_weight as wgsl;
use crate::ops::kernels::pooled_sums::{Shader, Sums};
use crate::ops::kernels::weight_sums::Params;
use crate::shape::MapShape;

/// Threads worth having: enough to fill a large GPU, few enough that the partial sums stay small.
const THREADS: usize = 8192;

/// What the kernels read and write.
pub struct Operands<'a> {
    /// With its border.
    pub x: (&'a Layout, &'a Texels),
    /// The gradient of y; behind pooling, 0 where ReLU gave 0.
    pub d: (&'a Layout, &'a Texels),
    /// Epilogue pooling: a byte a channel, which of its window has the gradient; laid out as d, one texel for two.
    pub argmax: Option<&'a Texels>,
    /// (O, C, KH, KW)
    pub dweight: &'a Tensor,
    /// (O)
    pub dbias: &'a Tensor,
}

const OP: &str = "conv2d_weight";

/// What the kernels know of d, maps of `map` over a batch of `rows`.
fn params_of_d((rows, map): (usize, MapShape), layout: &Layout) -> Result<Params> {
    Ok(Params {
        rows: u32_of(OP, rows)?,
        outputs: u32_of(OP, map.channels)?,
        height: u32_of(OP, map.height)?,
        width: u32_of(OP, map.width)?,
        out_groups: u32_of(OP, layout.groups / 2)?,
        d_across: u32_of(OP, layout.across)?,
        d_width: u32_of(OP, layout.image_width / 2)?,
        d_height: u32_of(OP, layout.image_height)?,
        d_top: u32_of(OP, layout.border.0)?,
        d_left: u32_of(OP, layout.border.1)?,
        ..Params::default()
    })
}

/// Records dbias (O) over a batch of `rows` maps of y, `map`, from their gradient.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn bias(
    rec: &mut Recording,
    (rows, map): (usize, MapShape),
    (layout, d): (&Layout, &Texels),
    dbias: &Tensor,
) -> Result<()> {
    expect(OP, "dbias", dbias, &[map.channels])?;
    let dims = [rows, map.channels, map.height, map.width];
    let work = Work::new(rows * map.len(), by(&dims));
    rec.dispatch_workgroups(
        wgsl::Bias { params: &params_of_d((rows, map), layout)?, d, dbias },
        layout.groups / 2,
        work,
    )
}

/// Records dweight and dbias over a batch of `rows` maps of y, `map`.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit, [`crate::error::Error::Gpu`] when there is no memory for
/// the partial sums.
pub fn backward(
    rec: &mut Recording,
    convolution: &Convolution,
    (rows, map): (usize, MapShape),
    operands: &Operands<'_>,
) -> Result<()> {
    let Operands { x: (x_layout, x), d: (d_layout, d), argmax, dweight, dbias } = *operands;
    let (channels, (kh, kw)) = (convolution.x.channels, convolution.kernel);
    expect(OP, "dweight", dweight, &[map.channels, channels, kh, kw])?;
    let threads = groups(channels) * convolution.tap_blocks() * kh * (d_layout.groups / 2);
    let slices = THREADS.div_ceil(threads).min(Texels::most(rec.gpu()) / (kh * kw)).clamp(1, rows);
    let params = Params {
        channels: u32_of(OP, channels)?,
        in_groups: u32_of(OP, groups(channels))?,
        kernel_h: u32_of(OP, kh)?,
        kernel_w: u32_of(OP, kw)?,
        slices: u32_of(OP, slices)?,
        x_across: u32_of(OP, x_layout.across)?,
        x_width: u32_of(OP, x_layout.image_width)?,
        x_height: u32_of(OP, x_layout.image_height)?,
        ..params_of_d((rows, map), d_layout)?
    };
    let (width, height) = (map.channels * groups(channels), slices * kh * kw);
    let partial = Texels::zeros(rec.gpu(), "partial sums of dweight", TexelFormat::Reals, width, height)?;
    let threads = slices * threads;
    let work = convolution.work(rows, (map.height, map.width));
    match argmax {
        Some(argmax) => {
            let shader =
                if channels <= 3 { Shader::Conv2dWeightPooledOfThree } else { Shader::Conv2dWeightPooled };
            let sums = Sums { shader, params: &params, x_texels: x, d, argmax, partial_out: &partial };
            rec.dispatch(sums, threads, work)?;
        }
        None => rec.dispatch(
            wgsl::PlainSums { params: &params, x_texels: x, d, partial_out: &partial },
            threads,
            work,
        )?,
    }
    let work = Work::new(4 * width * height, by(dweight.dims()));
    rec.dispatch(wgsl::Reduce { params: &params, partial: &partial, dweight }, width * kh * kw, work)?;
    bias(rec, (rows, map), (d_layout, d), dbias)
}
