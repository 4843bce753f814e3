//! Max-pooling; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::max_pool2d as wgsl;
use super::{expect, expect_rank, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

/// Window size and step, as (height, width).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// (KH, KW).
    pub kernel: (usize, usize),
    /// (SH, SW).
    pub stride: (usize, usize),
}

impl Window {
    /// (OH, OW) of pooling over (H, W); what does not fill a window is left out.
    ///
    /// # Errors
    /// [`Error::Input`] when the window is empty, does not fit or does not move.
    pub fn out_size(&self, (h, w): (usize, usize)) -> Result<(usize, usize)> {
        let along = |size: usize, kernel: usize, stride: usize| {
            if kernel == 0 { None } else { Some(size.checked_sub(kernel)?.checked_div(stride)? + 1) }
        };
        let out_h = along(h, self.kernel.0, self.stride.0);
        let out_w = along(w, self.kernel.1, self.stride.1);
        out_h.zip(out_w).ok_or_else(|| {
            let expected = format!("a window within {h}×{w} and a stride of at least 1");
            let Self { kernel: (kh, kw), stride: (sh, sw) } = self;
            Error::input("max_pool2d", expected, format!("a window of {kh}×{kw} and a stride of {sh}×{sw}"))
        })
    }
}

/// Shapes taken from x (or dx), checked against y, argmax or dy.
fn params(x: &Tensor, outs: [(&str, &Tensor); 2], window: Window) -> Result<wgsl::Params> {
    const OP: &str = "max_pool2d";
    expect_rank(OP, "x", x, 4)?;
    let map = x.map();
    let (out_h, out_w) = window.out_size((map.height, map.width))?;
    for (name, out) in outs {
        expect(OP, name, out, &[x.rows(), map.channels, out_h, out_w])?;
    }
    Ok(wgsl::Params {
        planes: u32_of(OP, x.rows() * map.channels)?,
        height: u32_of(OP, map.height)?,
        width: u32_of(OP, map.width)?,
        kernel_h: u32_of(OP, window.kernel.0)?,
        kernel_w: u32_of(OP, window.kernel.1)?,
        stride_h: u32_of(OP, window.stride.0)?,
        stride_w: u32_of(OP, window.stride.1)?,
        out_h: u32_of(OP, out_h)?,
        out_w: u32_of(OP, out_w)?,
    })
}

/// y and argmax (N, C, OH, OW) from x (N, C, H, W); argmax holds u32 indices into each plane of x.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn forward(rec: &mut Recording, x: &Tensor, y: &Tensor, argmax: &Tensor, window: Window) -> Result<()> {
    let params = params(x, [("y", y), ("argmax", argmax)], window)?;
    let work = Work::new(y.len() * window.kernel.0 * window.kernel.1, by(x.dims()));
    rec.dispatch(wgsl::Forward { params: &params, x, y, argmax_out: argmax }, y.len(), work)
}

/// dx (N, C, H, W) from argmax and dy (N, C, OH, OW).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward(
    rec: &mut Recording,
    argmax: &Tensor,
    dy: &Tensor,
    dx: &Tensor,
    window: Window,
) -> Result<()> {
    let params = params(dx, [("argmax", argmax), ("dy", dy)], window)?;
    rec.dispatch(
        wgsl::Backward { params: &params, argmax, dy, dx },
        dx.len(),
        Work::new(dy.len(), by(dx.dims())),
    )
}
