//! The maps into Winograd's domain.

use super::super::u32_of;
use super::winograd::{Spectrum, TILES, Upstream, Winograd};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    maps: u32,
    tiles_h: u32,
    tiles_w: u32,
    groups: u32,
    height: u32,
    width: u32,
    pad_h: u32,
    pad_w: u32,
    across: u32,
    image_width: u32,
    image_height: u32,
    image_groups: u32,
}

const KERNEL: Kernel = Kernel {
    label: "winograd_transform",
    source: include_str!("../../../shaders/tuned/winograd_transform.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::write(3)],
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
        Binding::write(3),
        Binding::read_texels(4),
    ],
    ..KERNEL
};

const OP: &str = "winograd_transform";

/// What both ways know of the tiles.
fn params(winograd: &Winograd, spectrum: &Spectrum) -> Result<Params> {
    Ok(Params {
        maps: u32_of(OP, spectrum.maps)?,
        tiles_h: u32_of(OP, winograd.tiles.0)?,
        tiles_w: u32_of(OP, winograd.tiles.1)?,
        groups: u32_of(OP, spectrum.groups)?,
        ..bytemuck::Zeroable::zeroed()
    })
}

fn threads(spectrum: &Spectrum) -> usize {
    spectrum.maps.next_multiple_of(TILES) * spectrum.groups
}

/// Records the spectrum of x in the order of pixels, (N, H, W, C).
///
/// # Errors
/// [`crate::error::Error::Gpu`] when the kernel does not build.
pub(super) fn input(rec: &mut Recording, winograd: &Winograd, x: &Tensor, spectrum: &Spectrum) -> Result<()> {
    let (shape, padding) = (winograd.convolution.x, winograd.convolution.padding);
    let params = Params {
        height: u32_of(OP, shape.height)?,
        width: u32_of(OP, shape.width)?,
        pad_h: u32_of(OP, padding.0)?,
        pad_w: u32_of(OP, padding.1)?,
        ..params(winograd, spectrum)?
    };
    let work = winograd.work(spectrum.maps, spectrum.maps * shape.channels * 16 * 38);
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
    let layout = upstream.d.0;
    let params = Params {
        across: u32_of(OP, layout.across)?,
        image_width: u32_of(OP, layout.image_width)?,
        image_height: u32_of(OP, layout.image_height)?,
        image_groups: u32_of(OP, layout.groups)?,
        ..params(winograd, spectrum)?
    };
    let Upstream { d: (_, d), winner, .. } = *upstream;
    let work = winograd.work(spectrum.maps, spectrum.maps * winograd.convolution.outputs * 12 * 18);
    rec.dispatch(&GRADIENT_POOLED, &params, &[winner, &spectrum.values, d], threads(spectrum), work)
}
