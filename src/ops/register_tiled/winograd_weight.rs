//! The weight's side of Winograd's domain.

use super::super::{expect, u32_of};
use super::Convolution;
use super::winograd_domain::{Winograd, weight_room};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Texels, Work, by};
use crate::ops::kernels::winograd_weight as wgsl;

const OP: &str = "winograd_weight";

/// `out_groups`: of the side that lies four to a texel.
fn params(convolution: &Convolution, out_groups: usize) -> Result<wgsl::Params> {
    Ok(wgsl::Params {
        outputs: u32_of(OP, convolution.outputs)?,
        channels: u32_of(OP, convolution.x.channels)?,
        out_groups: u32_of(OP, out_groups)?,
    })
}

/// Records the spectrum of `weight` (O, C, 5, 5) for the way from x, which has `from` groups of channels, to y, which has
/// `to`.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub(super) fn forward(
    rec: &mut Recording,
    winograd: &Winograd,
    weight: &Tensor,
    (from, to): (usize, usize),
) -> Result<Texels> {
    let (channels, outputs) = (winograd.convolution.x.channels, winograd.convolution.outputs);
    let (params, spectrum) = transform(rec, winograd, weight, (from, to))?;
    let threads = outputs.div_ceil(4) * channels;
    let work = work(weight, channels * outputs);
    rec.dispatch(wgsl::Forward { params: &params, weight, spectrum: &spectrum }, threads, work)?;
    Ok(spectrum)
}

/// Records the spectrum of `weight` for the way from dy, which has `from` groups of channels, to dx, which has `to`.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub(super) fn rotated(
    rec: &mut Recording,
    winograd: &Winograd,
    weight: &Tensor,
    (from, to): (usize, usize),
) -> Result<Texels> {
    let (channels, outputs) = (winograd.convolution.x.channels, winograd.convolution.outputs);
    let (params, spectrum) = transform(rec, winograd, weight, (from, to))?;
    let threads = channels.div_ceil(4) * outputs;
    let work = work(weight, channels * outputs);
    rec.dispatch(wgsl::Rotated { params: &params, weight, spectrum: &spectrum }, threads, work)?;
    Ok(spectrum)
}

/// The parameters, and room for the spectrum.
fn transform(
    rec: &Recording,
    winograd: &Winograd,
    weight: &Tensor,
    (from, to): (usize, usize),
) -> Result<(wgsl::Params, Texels)> {
    expect(OP, "weight", weight, &winograd.convolution.weight_dims())?;
    let spectrum = weight_room(rec.gpu(), "spectrum of weight", from, to)?;
    Ok((params(&winograd.convolution, to)?, spectrum))
}

/// What the spectra of `kernels` kernels of `weight` take.
fn work(weight: &Tensor, kernels: usize) -> Work {
    Work::new(kernels * 13 * 29, by(weight.dims()))
}

/// Records the spectrum of `weight` (O, C, 5, 5), whose C is at most `channels`, into `spectrum`, which has `groups` of outputs.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub(super) fn image(
    rec: &mut Recording,
    convolution: &Convolution,
    weight: &Tensor,
    (groups, channels): (usize, usize),
    spectrum: &Tensor,
) -> Result<()> {
    expect(OP, "weight", weight, &convolution.weight_dims())?;
    let work = work(weight, convolution.outputs * convolution.x.channels);
    rec.dispatch(
        wgsl::Image { params: &params(convolution, groups)?, weight, blocks: spectrum },
        groups * channels,
        work,
    )
}

/// Records dweight (O, C, 5, 5) from its spectrum, which has `groups` of outputs.
///
/// # Errors
/// [`crate::error::Error::Gpu`] when the kernel does not build.
pub(super) fn gradient(
    rec: &mut Recording,
    winograd: &Winograd,
    spectrum: &Texels,
    groups: usize,
    dweight: &Tensor,
) -> Result<()> {
    let params = params(&winograd.convolution, groups)?;
    let convolution = &winograd.convolution;
    let threads = convolution.outputs.div_ceil(4) * convolution.x.channels;
    let work = Work::new(convolution.outputs * convolution.x.channels * 13 * 31, by(dweight.dims()));
    rec.dispatch(wgsl::Gradient { params: &params, dspectrum: spectrum, dweight }, threads, work)
}
