//! 2-D convolution; twin: `twin.rs`.

#[cfg(feature = "check")]
mod families;
#[cfg(feature = "check")]
pub(crate) mod proof;
#[cfg(feature = "check")]
pub(crate) mod twin;

use super::kernels::conv2d as wgsl;
use super::{expect, expect_rank, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by, nested};

const OP: &str = "conv2d";

/// How a kernel goes over its maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// From one position to the next, (SH, SW).
    pub stride: (usize, usize),
    /// Rows and columns of zeros before the maps: above and left.
    pub before: (usize, usize),
    /// Behind them: below and right.
    pub behind: (usize, usize),
    /// G: groups of channels that are convolved apart; as many as channels makes a depthwise convolution.
    pub groups: usize,
}

impl From<(usize, usize)> for Geometry {
    /// Stride 1 and one group, with that padding on both sides.
    fn from(padding: (usize, usize)) -> Self {
        Self { stride: (1, 1), before: padding, behind: padding, groups: 1 }
    }
}

/// (OH, OW) of a convolution over (H, W) with a kernel of (KH, KW).
///
/// # Errors
/// [`Error::Input`] when the kernel is empty, does not fit or does not move.
pub fn out_size(
    size: (usize, usize),
    kernel: (usize, usize),
    geometry: impl Into<Geometry>,
) -> Result<(usize, usize)> {
    let Geometry { stride, before, behind, .. } = geometry.into();
    let along = |size: usize, kernel: usize, stride: usize, before: usize, behind: usize| {
        let padded = before.checked_add(behind)?.checked_add(size)?;
        if kernel == 0 { None } else { Some(padded.checked_sub(kernel)?.checked_div(stride)? + 1) }
    };
    let (h, w) = size;
    let out_h = along(h, kernel.0, stride.0, before.0, behind.0);
    out_h.zip(along(w, kernel.1, stride.1, before.1, behind.1)).ok_or_else(|| {
        let ((top, left), (bottom, right)) = (before, behind);
        let expected = format!(
            "a kernel that fits {h}×{w} with padding {top}×{left}, {bottom}×{right}, and a stride of at least 1"
        );
        let ((kh, kw), (sh, sw)) = (kernel, stride);
        Error::input(OP, expected, format!("{kh}×{kw} and a stride of {sh}×{sw}"))
    })
}

/// Shapes taken from x (or dx), checked against the weight.
fn params(x: &Tensor, weight: &Tensor, geometry: Geometry) -> Result<wgsl::Params> {
    expect_rank(OP, "x", x, 4)?;
    expect_rank(OP, "weight", weight, 4)?;
    let Geometry { stride, before, groups, .. } = geometry;
    let (map, filter, outputs) = (x.map(), weight.map(), weight.rows());
    if groups == 0 || !map.channels.is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
        let expected = format!("a divisor of {} channels and {outputs} outputs", map.channels);
        return Err(Error::input("conv2d: groups", expected, groups));
    }
    if map.channels / groups != filter.channels {
        let expected = format!("{} input channels, as x has in a group", map.channels / groups);
        return Err(Error::input("conv2d: weight", expected, filter.channels));
    }
    let kernel = (filter.height, filter.width);
    let (out_h, out_w) = out_size((map.height, map.width), kernel, geometry)?;
    Ok(wgsl::Params {
        rows: u32_of(OP, x.rows())?,
        channels: u32_of(OP, map.channels)?,
        height: u32_of(OP, map.height)?,
        width: u32_of(OP, map.width)?,
        outputs: u32_of(OP, outputs)?,
        kernel_h: u32_of(OP, kernel.0)?,
        kernel_w: u32_of(OP, kernel.1)?,
        pad_h: u32_of(OP, before.0)?,
        pad_w: u32_of(OP, before.1)?,
        out_h: u32_of(OP, out_h)?,
        out_w: u32_of(OP, out_w)?,
        stride_h: u32_of(OP, stride.0)?,
        stride_w: u32_of(OP, stride.1)?,
        groups: u32_of(OP, groups)?,
    })
}

fn expect_out(name: &str, y: &Tensor, p: &wgsl::Params) -> Result<()> {
    let dims = [p.rows, p.outputs, p.out_h, p.out_w].map(|d| d as usize);
    expect(OP, name, y, &dims)
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

/// y (N, O, OH, OW) = x (N, C, H, W) ⋆ weight (O, C/G, KH, KW) + bias (O), if there is one.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn forward<'a>(
    rec: &mut Recording,
    x: &Tensor,
    weight: &Tensor,
    bias: impl Into<Option<&'a Tensor>>,
    y: &Tensor,
    geometry: impl Into<Geometry>,
) -> Result<()> {
    let params = params(x, weight, geometry.into())?;
    let none;
    let bias = match bias.into() {
        Some(bias) => bias,
        None => {
            none = Tensor::zeros(rec.gpu(), "no bias", &[weight.rows()])?;
            &none
        }
    };
    expect(OP, "bias", bias, &[weight.rows()])?;
    expect_out("y", y, &params)?;
    let work = work(x, weight, &params).turns(nested([
        weight.map().channels,
        params.kernel_h as usize,
        params.kernel_w as usize,
    ]));
    rec.dispatch(wgsl::Forward { params: &params, x, weight, bias, y }, y.len(), work)
}

/// dx (N, C, H, W) from dy (N, O, OH, OW) and weight (O, C/G, KH, KW).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward_input(
    rec: &mut Recording,
    dy: &Tensor,
    weight: &Tensor,
    dx: &Tensor,
    geometry: impl Into<Geometry>,
) -> Result<()> {
    let params = params(dx, weight, geometry.into())?;
    expect_out("dy", dy, &params)?;
    let outputs = weight.rows() / params.groups as usize;
    let work = work(dx, weight, &params).turns(nested([
        outputs,
        params.kernel_h as usize,
        params.kernel_w as usize,
    ]));
    rec.dispatch(wgsl::BackwardInput { params: &params, weight, dy, dx }, dx.len(), work)
}

/// dweight (O, C/G, KH, KW) and dbias (O) from x (N, C, H, W) and dy (N, O, OH, OW).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward_parameters<'a>(
    rec: &mut Recording,
    x: &Tensor,
    dy: &Tensor,
    dweight: &Tensor,
    dbias: impl Into<Option<&'a Tensor>>,
    geometry: impl Into<Geometry>,
) -> Result<()> {
    let params = params(x, dweight, geometry.into())?;
    expect_out("dy", dy, &params)?;
    let lanes = wgsl::BACKWARD_WEIGHT.workgroup_size as usize;
    let (threads, map) = (dweight.len() * lanes, dy.map());
    rec.dispatch(
        wgsl::BackwardWeight { params: &params, x, dy, dweight },
        threads,
        work(x, dweight, &params).turns(nested([(dy.rows() * map.height).div_ceil(lanes), map.width])),
    )?;
    let Some(dbias) = dbias.into() else { return Ok(()) };
    expect(OP, "dbias", dbias, &[dweight.rows()])?;
    rec.dispatch_workgroups(
        wgsl::BackwardBias { params: &params, dy, dbias },
        dbias.len(),
        Work::new(dy.len(), by(dy.dims()))
            .turns(nested([dy.rows(), (map.height * map.width).div_ceil(lanes)])),
    )
}
