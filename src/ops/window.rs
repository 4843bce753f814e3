//! The windows of pooling.

use super::u32_of;
use crate::error::{Error, Result};
use crate::gpu::Tensor;
use crate::shape::MapShape;

/// Window size, step and padding, as (height, width).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// (KH, KW).
    pub kernel: (usize, usize),
    /// (SH, SW).
    pub stride: (usize, usize),
    /// (PH, PW): rows and columns around the maps on every side, at most half a window, so that each window holds a value.
    pub padding: (usize, usize),
}

impl Window {
    /// Without padding.
    pub const fn new(kernel: (usize, usize), stride: (usize, usize)) -> Self {
        Self { kernel, stride, padding: (0, 0) }
    }

    /// (OH, OW) of pooling over (H, W); what does not fill a window is left out.
    ///
    /// # Errors
    /// [`Error::Input`] when the window is empty, does not fit, does not move or has more padding than half of it.
    pub fn out_size(&self, (h, w): (usize, usize)) -> Result<(usize, usize)> {
        let Self { kernel: (kh, kw), stride: (sh, sw), padding: (ph, pw) } = *self;
        if ph > kh / 2 || pw > kw / 2 {
            let expected = format!("a padding of at most {}×{}, half the window", kh / 2, kw / 2);
            return Err(Error::input("pooling", expected, format!("{ph}×{pw}")));
        }
        let along = |size: usize, kernel: usize, stride: usize, padding: usize| {
            let padded = size.checked_add(2 * padding)?;
            if kernel == 0 { None } else { Some(padded.checked_sub(kernel)?.checked_div(stride)? + 1) }
        };
        along(h, kh, sh, ph).zip(along(w, kw, sw, pw)).ok_or_else(|| {
            let expected = format!("a window within {h}×{w} and a stride of at least 1");
            Error::input("pooling", expected, format!("a window of {kh}×{kw} and a stride of {sh}×{sw}"))
        })
    }

    /// Shapes taken from x (or dx), checked against what pooling makes of it.
    pub(super) fn sizes(&self, op: &str, x: &Tensor, outs: &[(&str, &Tensor)]) -> Result<Sizes> {
        super::expect_rank(op, "x", x, 4)?;
        let MapShape { channels, height, width } = x.map();
        let (out_h, out_w) = self.out_size((height, width))?;
        for (name, out) in outs {
            super::expect(op, name, out, &[x.rows(), channels, out_h, out_w])?;
        }
        let pair = |(h, w): (usize, usize)| Ok::<_, Error>([u32_of(op, h)?, u32_of(op, w)?]);
        Ok(Sizes {
            planes: u32_of(op, x.rows() * channels)?,
            size: pair((height, width))?,
            kernel: pair(self.kernel)?,
            stride: pair(self.stride)?,
            padding: pair(self.padding)?,
            out: pair((out_h, out_w))?,
        })
    }
}

/// What kernels know of a pooling; each pair is height and width.
pub(super) struct Sizes {
    pub planes: u32,
    pub size: [u32; 2],
    pub kernel: [u32; 2],
    pub stride: [u32; 2],
    pub padding: [u32; 2],
    pub out: [u32; 2],
}
