//! Average pooling; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::avg_pool2d as wgsl;
pub use super::window::Window;
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

/// How means are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Averaging {
    /// Over which windows.
    pub window: Window,
    /// Whether padding counts as zeros; else a mean is that of the values in the map alone.
    pub count_include_pad: bool,
}

/// Shapes taken from x (or dx), checked against y or dy.
fn params(x: &Tensor, out: (&str, &Tensor), averaging: Averaging) -> Result<wgsl::Params> {
    let sizes = averaging.window.sizes("avg_pool2d", x, &[out])?;
    let ([height, width], [kernel_h, kernel_w]) = (sizes.size, sizes.kernel);
    let ([stride_h, stride_w], [pad_h, pad_w], [out_h, out_w]) = (sizes.stride, sizes.padding, sizes.out);
    let (planes, whole) = (sizes.planes, averaging.count_include_pad.into());
    Ok(wgsl::Params {
        planes,
        height,
        width,
        kernel_h,
        kernel_w,
        stride_h,
        stride_w,
        pad_h,
        pad_w,
        out_h,
        out_w,
        whole,
    })
}

/// y (N, C, OH, OW) from x (N, C, H, W).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward(rec: &mut Recording, x: &Tensor, y: &Tensor, averaging: Averaging) -> Result<()> {
    let params = params(x, ("y", y), averaging)?;
    let (kh, kw) = averaging.window.kernel;
    rec.dispatch(wgsl::Forward { params: &params, x, y }, y.len(), Work::new(y.len() * kh * kw, by(x.dims())))
}

/// dx (N, C, H, W) from dy (N, C, OH, OW).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward(rec: &mut Recording, dy: &Tensor, dx: &Tensor, averaging: Averaging) -> Result<()> {
    let params = params(dx, ("dy", dy), averaging)?;
    let (kh, kw) = averaging.window.kernel;
    let work = Work::new(2 * dy.len() * kh * kw, by(dx.dims()));
    rec.dispatch(wgsl::Backward { params: &params, dy, dx }, dx.len(), work)
}
