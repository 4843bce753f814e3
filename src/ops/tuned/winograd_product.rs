//! The sums of Winograd's domain.

use super::super::u32_of;
use super::winograd::{BLOCK, POINTS, Spectrum, TILES, Winograd, shader, weight_room};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Texels};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    maps: u32,
    in_groups: u32,
    out_groups: u32,
    in_column: u32,
    out_column: u32,
    reserved: [u32; 3],
}

const KERNEL: Kernel = Kernel {
    label: "winograd_product",
    source: shader!("winograd_product.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// For each tile, over channels.
pub const SUM_CHANNELS: Kernel = Kernel {
    label: "winograd_product.sum_channels",
    entry_point: "sum_channels",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read_texels(1),
        Binding::read_texels(3),
        Binding::write_texels(4),
    ],
    ..KERNEL
};

/// For each weight, over tiles.
pub const SUM_TILES: Kernel = Kernel {
    label: "winograd_product.sum_tiles",
    entry_point: "sum_tiles",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read_texels(1),
        Binding::read_texels(2),
        Binding::write_texels(5),
    ],
    ..KERNEL
};

fn params(input: &Spectrum, output: &Spectrum) -> Result<Params> {
    const OP: &str = "winograd_product";
    Ok(Params {
        maps: u32_of(OP, input.maps)?,
        in_groups: u32_of(OP, input.groups)?,
        out_groups: u32_of(OP, output.groups)?,
        in_column: u32_of(OP, input.column)?,
        out_column: u32_of(OP, output.column)?,
        reserved: [0; 3],
    })
}

/// Records product[p,o,t] = Σ_c left[p,c,t] · weight[p,c,o].
///
/// # Errors
/// [`crate::error::Error::Gpu`] when the kernel does not build.
pub(super) fn sum_channels(
    rec: &mut Recording,
    winograd: &Winograd,
    left: &Spectrum,
    weight: &Texels,
    product: &Spectrum,
) -> Result<()> {
    let threads = POINTS * product.groups.div_ceil(BLOCK) * left.maps.div_ceil(TILES);
    let params = params(left, product)?;
    rec.dispatch(
        &SUM_CHANNELS,
        &params,
        &[&left.values, weight, &product.values],
        threads,
        winograd.product(left.maps),
    )
}

/// Records the gradient of a weight's spectrum, Σ_t left[p,c,t] · right[p,o,t].
///
/// # Errors
/// [`crate::error::Error::Input`] when it does not fit a texture.
pub(super) fn sum_tiles(
    rec: &mut Recording,
    winograd: &Winograd,
    left: &Spectrum,
    right: &Spectrum,
) -> Result<Texels> {
    let dweight = weight_room(rec.gpu(), "spectrum of dweight", left.groups, right.groups)?;
    let threads = POINTS * left.groups.div_ceil(BLOCK) * right.groups.div_ceil(BLOCK);
    let params = params(left, right)?;
    let work = winograd.product(left.maps);
    rec.dispatch(&SUM_TILES, &params, &[&left.values, &right.values, &dweight], threads, work)?;
    Ok(dweight)
}
