//! The way out of Winograd's domain.

use super::super::{expect, u32_of};
use super::pooled::{Destination, Pooled};
use super::winograd_domain::{Spectrum, Winograd};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::ops::kernels::map_params::MapParams;
use crate::ops::kernels::winograd_result as wgsl;
use crate::shape::MapShape;

const OP: &str = "winograd_result";

fn params(winograd: &Winograd, spectrum: &Spectrum, y: MapShape, to: &Pooled<'_>) -> Result<wgsl::Params> {
    Ok(wgsl::Params {
        maps: u32_of(OP, spectrum.maps)?,
        tiles_h: u32_of(OP, winograd.tiles.0)?,
        tiles_w: u32_of(OP, winograd.tiles.1)?,
        groups: u32_of(OP, spectrum.groups)?,
        column: u32_of(OP, spectrum.column)?,
        padding0: [0; 3],
        map: MapParams::pooled(OP, y, to)?,
        padding1: [0; 3],
    })
}

/// Records maps of y, the shape behind ReLU and pooling, from their spectrum and bias (O), and which values they are.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub(super) fn pooled(
    rec: &mut Recording,
    winograd: &Winograd,
    spectrum: &Spectrum,
    bias: &Tensor,
    y: MapShape,
    to: &Pooled<'_>,
) -> Result<()> {
    expect(OP, "bias", bias, &[y.channels])?;
    let params = params(winograd, spectrum, y, to)?;
    let threads = spectrum.maps * y.channels.div_ceil(8);
    let transform = spectrum.maps * y.channels * 12 * 22;
    let work = winograd.work(spectrum.maps, transform + 5 * winograd.rows(spectrum.maps) * y.len());
    let (values, argmax) = (&spectrum.values, to.argmax.1);
    match to.y {
        Destination::Tensor(y) => {
            rec.dispatch(wgsl::Pooled { params: &params, spectrum: values, bias, y, argmax }, threads, work)
        }
        Destination::Texels(_, y) => rec.dispatch(
            wgsl::PooledTexels { params: &params, spectrum: values, bias, argmax, y_texels: y },
            threads,
            work,
        ),
    }
}
