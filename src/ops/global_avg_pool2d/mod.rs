//! Global average pooling; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::{global_avg_pool2d as wgsl, sixteen_means};
use super::{expect, expect_rank, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Variant, Work, by};

const OP: &str = "global_avg_pool2d";

/// Shapes taken from x (or dx), checked against y (or dy), and how many planes there are.
fn params(x: &Tensor, name: &str, y: &Tensor) -> Result<(wgsl::Params, usize)> {
    expect_rank(OP, "x", x, 4)?;
    let map = x.map();
    expect(OP, name, y, &[x.rows(), map.channels, 1, 1])?;
    let planes = x.rows() * map.channels;
    Ok((wgsl::Params { planes: u32_of(OP, planes)?, plane: u32_of(OP, map.height * map.width)? }, planes))
}

/// y (N, C, 1, 1), the mean of each plane of x (N, C, H, W).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward(rec: &mut Recording, x: &Tensor, y: &Tensor) -> Result<()> {
    let (params, planes) = params(x, "y", y)?;
    // Software adapters are slow to add up what the threads of a workgroup have.
    if params.plane == 16 && rec.gpu().variant() == Variant::Register {
        let params = &sixteen_means::Params { planes: params.planes };
        let invocation = sixteen_means::Forward { params, x, y };
        return rec.dispatch(invocation, planes, Work::new(x.len(), by(x.dims())));
    }
    let threads = planes * wgsl::FORWARD.workgroup_size as usize;
    rec.dispatch(wgsl::Forward { params: &params, x, y }, threads, Work::new(x.len(), by(x.dims())))
}

/// dx (N, C, H, W) from dy (N, C, 1, 1).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward(rec: &mut Recording, dy: &Tensor, dx: &Tensor) -> Result<()> {
    let (params, _) = params(dx, "dy", dy)?;
    rec.dispatch(wgsl::Backward { params: &params, dy, dx }, dx.len(), Work::new(dx.len(), by(dx.dims())))
}
