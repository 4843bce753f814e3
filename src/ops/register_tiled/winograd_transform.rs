//! The maps into Winograd's domain.

use super::super::u32_of;
use super::texels::Layout;
use super::winograd_domain::{Spectrum, TILES, Upstream, Winograd};
use crate::error::Result;
use crate::gpu::{Recording, Texels};
use crate::ops::kernels::winograd_transform as wgsl;

const OP: &str = "winograd_transform";

/// `image` is the layout of what is read.
fn params(winograd: &Winograd, spectrum: &Spectrum, image: &Layout) -> Result<wgsl::Params> {
    Ok(wgsl::Params {
        maps: u32_of(OP, spectrum.maps)?,
        tiles_h: u32_of(OP, winograd.tiles.0)?,
        tiles_w: u32_of(OP, winograd.tiles.1)?,
        groups: u32_of(OP, spectrum.groups)?,
        column: u32_of(OP, spectrum.column)?,
        image_across: u32_of(OP, image.across)?,
        image_width: u32_of(OP, image.image_width)?,
        image_height: u32_of(OP, image.image_height)?,
        image_groups: u32_of(OP, image.groups)?,
    })
}

fn threads(spectrum: &Spectrum) -> usize {
    spectrum.maps.next_multiple_of(TILES) * spectrum.groups
}

/// Records the spectrum of x, which has its border.
///
/// # Errors
/// [`crate::error::Error::Gpu`] when the kernel does not build.
pub(super) fn input(
    rec: &mut Recording,
    winograd: &Winograd,
    (layout, x): (&Layout, &Texels),
    spectrum: &Spectrum,
) -> Result<()> {
    let params = params(winograd, spectrum, layout)?;
    let work = winograd.work(spectrum.maps, spectrum.maps * winograd.convolution.x.channels * 16 * 38);
    rec.dispatch(wgsl::Input { params: &params, x, spectrum: &spectrum.values }, threads(spectrum), work)
}

/// Records the spectrum of the map's gradient from the one behind pooling.
///
/// # Errors
/// [`crate::error::Error::Gpu`] when the kernel does not build.
pub(super) fn gradient(
    rec: &mut Recording,
    winograd: &Winograd,
    upstream: &Upstream<'_>,
    spectrum: &Spectrum,
) -> Result<()> {
    let Upstream { d: (layout, d), argmax, .. } = *upstream;
    let params = params(winograd, spectrum, layout)?;
    let work = winograd.work(spectrum.maps, spectrum.maps * winograd.convolution.outputs * 12 * 18);
    rec.dispatch(
        wgsl::GradientPooled { params: &params, argmax, spectrum: &spectrum.values, d },
        threads(spectrum),
        work,
    )
}
