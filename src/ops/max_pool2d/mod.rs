//! Max-pooling; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::max_pool2d as wgsl;
pub use super::window::Window;
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

/// Shapes taken from x (or dx), checked against y, argmax or dy.
fn params(x: &Tensor, outs: &[(&str, &Tensor)], window: Window) -> Result<wgsl::Params> {
    let sizes = window.sizes("max_pool2d", x, outs)?;
    let ([height, width], [kernel_h, kernel_w]) = (sizes.size, sizes.kernel);
    let ([stride_h, stride_w], [pad_h, pad_w], [out_h, out_w]) = (sizes.stride, sizes.padding, sizes.out);
    let planes = sizes.planes;
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
    })
}

/// y and argmax (N, C, OH, OW) from x (N, C, H, W); argmax holds u32 indices into each plane of x.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward(rec: &mut Recording, x: &Tensor, y: &Tensor, argmax: &Tensor, window: Window) -> Result<()> {
    let params = params(x, &[("y", y), ("argmax", argmax)], window)?;
    let work = Work::new(y.len() * window.kernel.0 * window.kernel.1, by(x.dims()));
    rec.dispatch(wgsl::Forward { params: &params, x, y, argmax_out: argmax }, y.len(), work)
}

/// dx (N, C, H, W) from argmax and dy (N, C, OH, OW).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward(
    rec: &mut Recording,
    argmax: &Tensor,
    dy: &Tensor,
    dx: &Tensor,
    window: Window,
) -> Result<()> {
    let params = params(dx, &[("argmax", argmax), ("dy", dy)], window)?;
    rec.dispatch(
        wgsl::Backward { params: &params, argmax, dy, dx },
        dx.len(),
        Work::new(dy.len(), by(dx.dims())),
    )
}
