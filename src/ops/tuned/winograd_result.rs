//! The way out of Winograd's domain.

use super::super::{expect, u32_of};
use super::pooled::{Destination, MapParams, Pooled};
use super::winograd::{Spectrum, Winograd, shader};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor};
use crate::shape::MapShape;

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    maps: u32,
    tiles_h: u32,
    tiles_w: u32,
    groups: u32,
    column: u32,
    reserved: [u32; 3],
    map: MapParams,
}

const KERNEL: Kernel = Kernel {
    label: "winograd_result",
    source: shader!("pooled_map.wgsl", "winograd_windows.wgsl", "winograd_result.wgsl"),
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

/// y in a texture and winner behind ReLU and pooling.
pub const POOLED_TEXELS: Kernel = Kernel {
    label: "winograd_result.pooled_texels",
    entry_point: "pooled_texels",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read_texels(1),
        Binding::read(2),
        Binding::write_words(4),
        Binding::write_texels(5),
    ],
    ..KERNEL
};

const OP: &str = "winograd_result";

fn params(winograd: &Winograd, spectrum: &Spectrum, y: MapShape, to: &Pooled<'_>) -> Result<Params> {
    Ok(Params {
        maps: u32_of(OP, spectrum.maps)?,
        tiles_h: u32_of(OP, winograd.tiles.0)?,
        tiles_w: u32_of(OP, winograd.tiles.1)?,
        groups: u32_of(OP, spectrum.groups)?,
        column: u32_of(OP, spectrum.column)?,
        reserved: [0; 3],
        map: MapParams::pooled(OP, y, to)?,
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
    let (values, winner) = (&spectrum.values, to.winner.1);
    match to.y {
        Destination::Tensor(y) => rec.dispatch(&POOLED, &params, &[values, bias, y, winner], threads, work),
        Destination::Texels(_, y) => {
            rec.dispatch(&POOLED_TEXELS, &params, &[values, bias, winner, y], threads, work)
        }
    }
}
