//! The way out of Winograd's domain.

use super::super::{expect, u32_of};
use super::texels::Layout;
use super::winograd::{Spectrum, Winograd, shader};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Texels};

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
    winner_across: u32,
    winner_width: u32,
    winner_height: u32,
    winner_groups: u32,
    across: u32,
}

const KERNEL: Kernel = Kernel {
    label: "winograd_result",
    source: shader!("winograd_result.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// y and winner behind ReLU and pooling.
pub const POOLED: Kernel = Kernel {
    label: "winograd_result.pooled",
    entry_point: "pooled",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read_texels(1),
        Binding::read(2),
        Binding::write(3),
        Binding::write_words(4),
    ],
    ..KERNEL
};

const OP: &str = "winograd_result";

/// `winner` is the layout of what is written beside y.
fn params(winograd: &Winograd, spectrum: &Spectrum, y: &Tensor, winner: &Layout) -> Result<Params> {
    let shape = y.map();
    Ok(Params {
        maps: u32_of(OP, spectrum.maps)?,
        tiles_h: u32_of(OP, winograd.tiles.0)?,
        tiles_w: u32_of(OP, winograd.tiles.1)?,
        groups: u32_of(OP, spectrum.groups)?,
        channels: u32_of(OP, shape.channels)?,
        height: u32_of(OP, shape.height)?,
        width: u32_of(OP, shape.width)?,
        winner_across: u32_of(OP, winner.across)?,
        winner_width: u32_of(OP, winner.image_width)?,
        winner_height: u32_of(OP, winner.image_height)?,
        winner_groups: u32_of(OP, winner.groups)?,
        across: u32_of(OP, spectrum.across)?,
    })
}

/// Records y (N, O, OH/2, OW/2) behind ReLU and pooling from the map's spectrum and bias (O), and winner.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub(super) fn pooled(
    rec: &mut Recording,
    winograd: &Winograd,
    spectrum: &Spectrum,
    bias: &Tensor,
    y: &Tensor,
    (layout, winner): (&Layout, &Texels),
) -> Result<()> {
    expect(OP, "bias", bias, &[y.map().channels])?;
    let params = params(winograd, spectrum, y, layout)?;
    let threads = spectrum.maps * y.map().channels.div_ceil(8);
    let transform = spectrum.maps * y.map().channels * 12 * 22;
    let work = winograd.work(spectrum.maps, transform + 5 * y.len());
    rec.dispatch(&POOLED, &params, &[&spectrum.values, bias, y, winner], threads, work)
}
