//! The sums of Winograd's domain.

use super::super::u32_of;
use super::winograd_domain::{BLOCK, POINTS, Spectrum, TILES, Winograd, weight_room};
use crate::error::Result;
use crate::gpu::{Recording, Texels};
use crate::ops::kernels::winograd_gemm as wgsl;

fn params(input: &Spectrum, output: &Spectrum) -> Result<wgsl::Params> {
    const OP: &str = "winograd_gemm";
    Ok(wgsl::Params {
        maps: u32_of(OP, input.maps)?,
        in_groups: u32_of(OP, input.groups)?,
        out_groups: u32_of(OP, output.groups)?,
        in_column: u32_of(OP, input.column)?,
        out_column: u32_of(OP, output.column)?,
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
        wgsl::SumChannels { params: &params, left: &left.values, weight, product: &product.values },
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
    // Four maps a turn.
    let work = winograd.product(left.maps).turns(left.maps.div_ceil(4));
    rec.dispatch(
        wgsl::SumTiles { params: &params, left: &left.values, right: &right.values, dweight: &dweight },
        threads,
        work,
    )?;
    Ok(dweight)
}
