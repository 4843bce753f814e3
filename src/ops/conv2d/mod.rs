//! 2-D convolution with stride 1; twin: `twin.rs`.

pub(crate) mod proof;
pub(crate) mod twin;

use super::kernels::conv2d as wgsl;
use super::{expect, expect_rank, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

/// (OH, OW) of a convolution over (H, W) with a kernel of (KH, KW) and that padding on each side.
///
/// # Errors
/// [`Error::Input`] when the kernel is empty or does not fit.
pub fn out_size(
    size: (usize, usize),
    kernel: (usize, usize),
    padding: (usize, usize),
) -> Result<(usize, usize)> {
    let along = |size: usize, kernel: usize, padding: usize| {
        let padded = padding.checked_mul(2)?.checked_add(size)?;
        if kernel == 0 { None } else { Some(padded.checked_sub(kernel)? + 1) }
    };
    let (h, w) = size;
    along(h, kernel.0, padding.0).zip(along(w, kernel.1, padding.1)).ok_or_else(|| {
        let expected = format!("a kernel that fits {h}×{w} with padding {}×{}", padding.0, padding.1);
        Error::input("conv2d", expected, format!("{}×{}", kernel.0, kernel.1))
    })
}

/// Shapes taken from x (or dx), checked against the weight.
fn params(x: &Tensor, weight: &Tensor, padding: (usize, usize)) -> Result<wgsl::Params> {
    const OP: &str = "conv2d";
    expect_rank(OP, "x", x, 4)?;
    expect_rank(OP, "weight", weight, 4)?;
    let (map, filter) = (x.map(), weight.map());
    if map.channels != filter.channels {
        let expected = format!("{} input channels, as x has", map.channels);
        return Err(Error::input("conv2d: weight", expected, filter.channels));
    }
    let kernel = (filter.height, filter.width);
    let (out_h, out_w) = out_size((map.height, map.width), kernel, padding)?;
    Ok(wgsl::Params {
        rows: u32_of(OP, x.rows())?,
        channels: u32_of(OP, map.channels)?,
        height: u32_of(OP, map.height)?,
        width: u32_of(OP, map.width)?,
        outputs: u32_of(OP, weight.rows())?,
        kernel_h: u32_of(OP, kernel.0)?,
        kernel_w: u32_of(OP, kernel.1)?,
        pad_h: u32_of(OP, padding.0)?,
        pad_w: u32_of(OP, padding.1)?,
        out_h: u32_of(OP, out_h)?,
        out_w: u32_of(OP, out_w)?,
    })
}

fn expect_out(name: &str, y: &Tensor, p: &wgsl::Params) -> Result<()> {
    let dims = [p.rows, p.outputs, p.out_h, p.out_w].map(|d| d as usize);
    expect("conv2d", name, y, &dims)
}

/// What a pass over x (or dx) takes: a multiplication and an addition for each tap of each output.
fn work(x: &Tensor, weight: &Tensor, p: &wgsl::Params) -> Work {
    let outputs = x.rows() * (p.out_h * p.out_w) as usize;
    Work::new(2 * outputs * weight.len(), shape(x, weight))
}

/// For people.
fn shape(x: &Tensor, weight: &Tensor) -> String {
    format!("{} * {}", by(x.dims()), by(weight.dims()))
}

/// y (N, O, OH, OW) = x (N, C, H, W) ⋆ weight (O, C, KH, KW) + bias (O).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn forward(
    rec: &mut Recording,
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    y: &Tensor,
    padding: (usize, usize),
) -> Result<()> {
    let params = params(x, weight, padding)?;
    expect("conv2d", "bias", bias, &[weight.rows()])?;
    expect_out("y", y, &params)?;
    rec.dispatch(wgsl::Forward { params: &params, x, weight, bias, y }, y.len(), work(x, weight, &params))
}

/// dx (N, C, H, W) from dy (N, O, OH, OW) and weight (O, C, KH, KW).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward_input(
    rec: &mut Recording,
    dy: &Tensor,
    weight: &Tensor,
    dx: &Tensor,
    padding: (usize, usize),
) -> Result<()> {
    let params = params(dx, weight, padding)?;
    expect_out("dy", dy, &params)?;
    rec.dispatch(wgsl::BackwardInput { params: &params, weight, dy, dx }, dx.len(), work(dx, weight, &params))
}

/// dweight (O, C, KH, KW) and dbias (O) from x (N, C, H, W) and dy (N, O, OH, OW).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward_parameters(
    rec: &mut Recording,
    x: &Tensor,
    dy: &Tensor,
    dweight: &Tensor,
    dbias: &Tensor,
    padding: (usize, usize),
) -> Result<()> {
    let params = params(x, dweight, padding)?;
    expect_out("dy", dy, &params)?;
    expect("conv2d", "dbias", dbias, &[dweight.rows()])?;
    let threads = dweight.len() * wgsl::BACKWARD_WEIGHT.workgroup_size as usize;
    rec.dispatch(
        wgsl::BackwardWeight { params: &params, x, dy, dweight },
        threads,
        work(x, dweight, &params),
    )?;
    rec.dispatch_groups(
        wgsl::BackwardBias { params: &params, dy, dbias },
        dbias.len(),
        Work::new(dy.len(), by(dy.dims())),
    )
}
