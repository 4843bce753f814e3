//! The way of the input's gradient out of Winograd's domain.

use super::super::u32_of;
use super::groups;
use super::winograd::{POINTS, Spectrum, TILES, Winograd, shader};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    maps: u32,
    tiles_h: u32,
    tiles_w: u32,
    groups: u32,
    channels: u32,
    height: u32,
    width: u32,
    pad_h: u32,
    pad_w: u32,
    across: u32,
    reserved: [u32; 2],
}

const KERNEL: Kernel = Kernel {
    label: "winograd_gradient",
    source: shader!("winograd_gradient.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// What each tile gives to dx.
pub const TILES_OF_DX: Kernel = Kernel {
    label: "winograd_gradient.tiles",
    entry_point: "tiles",
    bindings: &[Binding::params::<Params>(), Binding::read_texels(1), Binding::write_texels(2)],
    ..KERNEL
};

/// The tiles added up.
pub const JOIN: Kernel = Kernel {
    label: "winograd_gradient.join",
    entry_point: "join",
    bindings: &[Binding::params::<Params>(), Binding::read_texels(3), Binding::write(4)],
    ..KERNEL
};

/// Records dx from the spectrum of what its tiles get.
///
/// # Errors
/// [`crate::error::Error::Gpu`] when there is no memory for the tiles.
pub(super) fn input(
    rec: &mut Recording,
    winograd: &Winograd,
    spectrum: &Spectrum,
    dx: &Tensor,
) -> Result<()> {
    const OP: &str = "winograd_gradient";
    let (shape, padding) = (dx.map(), winograd.convolution.padding);
    debug_assert_eq!(groups(shape.channels), spectrum.groups);
    let params = Params {
        maps: u32_of(OP, spectrum.maps)?,
        tiles_h: u32_of(OP, winograd.tiles.0)?,
        tiles_w: u32_of(OP, winograd.tiles.1)?,
        groups: u32_of(OP, spectrum.groups)?,
        channels: u32_of(OP, shape.channels)?,
        height: u32_of(OP, shape.height)?,
        width: u32_of(OP, shape.width)?,
        pad_h: u32_of(OP, padding.0)?,
        pad_w: u32_of(OP, padding.1)?,
        across: u32_of(OP, spectrum.across)?,
        reserved: [0; 2],
    };
    let tiles = Spectrum::new(rec.gpu(), "tiles of dx", spectrum.maps, spectrum.groups)?.values;
    let threads = spectrum.maps.next_multiple_of(TILES) * spectrum.groups;
    let work = winograd.work(spectrum.maps, spectrum.maps * shape.channels * 16 * 39);
    rec.dispatch(&TILES_OF_DX, &params, &[&spectrum.values, &tiles], threads, work)?;
    let threads = dx.rows() * shape.height * shape.width * spectrum.groups;
    let work = winograd.work(spectrum.maps, spectrum.maps * spectrum.groups * 4 * POINTS);
    rec.dispatch(&JOIN, &params, &[&tiles, dx], threads, work)
}
