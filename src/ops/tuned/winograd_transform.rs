//! The maps into Winograd's domain.

use super::super::u32_of;
use super::texels::Layout;
use super::winograd::{Spectrum, TILES, Upstream, Winograd, shader};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Texels};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    maps: u32,
    tiles_h: u32,
    tiles_w: u32,
    groups: u32,
    column: u32,
    image_across: u32,
    image_width: u32,
    image_height: u32,
    image_groups: u32,
    reserved: [u32; 3],
}

const KERNEL: Kernel = Kernel {
    label: "winograd_transform",
    source: shader!("winograd_transform.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[Binding::params::<Params>(), Binding::read_texels(1), Binding::write_texels(3)],
};

/// The spectrum of x.
pub const INPUT: Kernel = Kernel { label: "winograd_transform.input", entry_point: "input", ..KERNEL };

/// The spectrum of a map's gradient from the one behind pooling.
pub const GRADIENT_POOLED: Kernel = Kernel {
    label: "winograd_transform.gradient_pooled",
    entry_point: "gradient_pooled",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read_words(2),
        Binding::write_texels(3),
        Binding::read_texels(4),
    ],
    ..KERNEL
};

const OP: &str = "winograd_transform";

/// `image` is the layout of what is read.
fn params(winograd: &Winograd, spectrum: &Spectrum, image: &Layout) -> Result<Params> {
    Ok(Params {
        maps: u32_of(OP, spectrum.maps)?,
        tiles_h: u32_of(OP, winograd.tiles.0)?,
        tiles_w: u32_of(OP, winograd.tiles.1)?,
        groups: u32_of(OP, spectrum.groups)?,
        column: u32_of(OP, spectrum.column)?,
        image_across: u32_of(OP, image.across)?,
        image_width: u32_of(OP, image.image_width)?,
        image_height: u32_of(OP, image.image_height)?,
        image_groups: u32_of(OP, image.groups)?,
        reserved: [0; 3],
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
    rec.dispatch(&INPUT, &params, &[x, &spectrum.values], threads(spectrum), work)
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
    let Upstream { d: (layout, d), winner, .. } = *upstream;
    let params = params(winograd, spectrum, layout)?;
    let work = winograd.work(spectrum.maps, spectrum.maps * winograd.convolution.outputs * 12 * 18);
    rec.dispatch(&GRADIENT_POOLED, &params, &[winner, &spectrum.values, d], threads(spectrum), work)
}
