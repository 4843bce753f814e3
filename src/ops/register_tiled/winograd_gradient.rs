//! The way of the input's gradient out of Winograd's domain.

use super::super::u32_of;
use super::groups;
use super::texels::Layout;
use super::winograd_domain::{POINTS, Spectrum, TILES, Winograd};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Texels};
use crate::ops::kernels::winograd_gradient as wgsl;

/// Where the gradient of x goes.
#[derive(Clone, Copy)]
pub enum Destination<'a> {
    /// dx (N, C, H, W).
    Tensor(&'a Tensor),
    /// d, the gradient behind the ReLU and pooling that gave x: 0 where x is not above 0.
    Texels {
        /// With its border.
        x: (&'a Layout, &'a Texels),
        /// Without one.
        d: (&'a Layout, &'a Texels),
    },
}

const OP: &str = "winograd_gradient";

fn params(winograd: &Winograd, spectrum: &Spectrum, to: Destination<'_>) -> Result<wgsl::Params> {
    let (shape, padding) = (winograd.convolution.x, winograd.convolution.padding);
    let of_x = |value: fn(&Layout) -> usize| match to {
        Destination::Texels { x, .. } => u32_of(OP, value(x.0)),
        Destination::Tensor(_) => Ok(0),
    };
    let of_d = |value: fn(&Layout) -> usize| match to {
        Destination::Texels { d, .. } => u32_of(OP, value(d.0)),
        Destination::Tensor(_) => Ok(0),
    };
    Ok(wgsl::Params {
        maps: u32_of(OP, spectrum.maps)?,
        tiles_h: u32_of(OP, winograd.tiles.0)?,
        tiles_w: u32_of(OP, winograd.tiles.1)?,
        groups: u32_of(OP, spectrum.groups)?,
        channels: u32_of(OP, shape.channels)?,
        height: u32_of(OP, shape.height)?,
        width: u32_of(OP, shape.width)?,
        pad_h: u32_of(OP, padding.0)?,
        pad_w: u32_of(OP, padding.1)?,
        column: u32_of(OP, spectrum.column)?,
        x_across: of_x(|layout| layout.across)?,
        x_width: of_x(|layout| layout.image_width)?,
        x_height: of_x(|layout| layout.image_height)?,
        d_across: of_d(|layout| layout.across)?,
        d_width: of_d(|layout| layout.image_width)?,
        d_height: of_d(|layout| layout.image_height)?,
        d_groups: of_d(|layout| layout.groups)?,
    })
}

/// Records the gradient of x over a batch of `rows` from the spectrum of what its tiles get.
///
/// # Errors
/// [`crate::error::Error::Gpu`] when there is no memory for the tiles.
pub(super) fn input(
    rec: &mut Recording,
    winograd: &Winograd,
    rows: usize,
    spectrum: &Spectrum,
    to: Destination<'_>,
) -> Result<()> {
    let shape = winograd.convolution.x;
    assert_eq!(groups(shape.channels), spectrum.groups);
    let params = params(winograd, spectrum, to)?;
    let tiles = Spectrum::new(rec.gpu(), "tiles of dx", spectrum.maps, spectrum.groups)?.values;
    let threads = spectrum.maps.next_multiple_of(TILES) * spectrum.groups;
    let work = winograd.work(spectrum.maps, spectrum.maps * shape.channels * 16 * 39);
    rec.dispatch(
        wgsl::Tiles { params: &params, spectrum: &spectrum.values, tiles_out: &tiles },
        threads,
        work,
    )?;
    let threads = rows * shape.height * shape.width;
    let work = winograd.work(spectrum.maps, spectrum.maps * spectrum.groups * 4 * POINTS);
    match to {
        Destination::Tensor(dx) => {
            rec.dispatch(wgsl::Join { params: &params, overlapping: &tiles, dx }, threads, work)
        }
        Destination::Texels { x: (_, x), d: (_, d) } => {
            rec.dispatch(wgsl::JoinMasked { params: &params, overlapping: &tiles, x, d }, threads, work)
        }
    }
}
