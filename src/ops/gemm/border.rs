//! What a product reads, with a border of zeros around its maps.

use super::{Epilogue, Gemm, OP, Saved};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};
use crate::ops::kernels::gemm_border as wgsl;
use crate::ops::u32_of;

/// Rows above and below, columns left and right.
pub(super) type Border = (usize, usize);

/// (N, C, H, W) with a border.
fn widened([n, c, h, w]: [usize; 4], border: Border) -> [usize; 4] {
    [n, c, h + 2 * border.0, w + 2 * border.1]
}

/// For maps of x that go into `size`, inside of a border.
fn params(x: [usize; 4], size: [usize; 4], border: Border) -> Result<wgsl::Params> {
    let [n, c, height, width] = x;
    Ok(wgsl::Params {
        size: [u32_of(OP, n * c)?, u32_of(OP, height)?, u32_of(OP, width)?],
        height: u32_of(OP, size[2])?,
        width: u32_of(OP, size[3])?,
        border_h: u32_of(OP, border.0)?,
        border_w: u32_of(OP, border.1)?,
        reserved: 0,
    })
}

impl Gemm {
    /// x (N, C, H, W) with its padding; itself where it has none.
    pub(super) fn padded(&self, rec: &mut Recording, x: &Tensor) -> Result<Tensor> {
        let border = self.convolution.padding;
        if border == (0, 0) {
            return Ok(x.clone());
        }
        let dims = self.x_dims(x.rows());
        let size = widened(dims, border);
        let out = Tensor::zeros(rec.gpu(), "padded x", &size)?;
        let params = params(dims, size, border)?;
        rec.dispatch(wgsl::Values { params: &params, x, bordered: &out }, x.len(), Work::new(0, by(&size)))?;
        Ok(out)
    }

    /// The gradient in front of what stands behind the convolution, (N, O, OH, OW) with a border; dy itself where
    /// nothing does and there is none.
    pub(super) fn gradient(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        dy: &Tensor,
        border: Border,
    ) -> Result<Tensor> {
        if self.epilogue == Epilogue::Nothing && border == (0, 0) {
            return Ok(dy.clone());
        }
        let rows = dy.rows();
        let size = widened([rows, self.map.channels, self.map.height, self.map.width], border);
        let d = Tensor::zeros(rec.gpu(), "d", &size)?;
        let params = &params(self.y_dims(rows), size, border)?;
        let work = Work::new(0, by(&size));
        match (&saved.argmax, self.epilogue) {
            (Some(argmax), _) => {
                let invocation = wgsl::BeforePooling { params, x: dy, y: &saved.y, argmax, bordered: &d };
                rec.dispatch(invocation, dy.len(), work)?;
            }
            (None, Epilogue::Nothing) => {
                rec.dispatch(wgsl::Values { params, x: dy, bordered: &d }, dy.len(), work)?;
            }
            (None, _) => {
                let invocation = wgsl::BeforeRelu { params, x: dy, y: &saved.y, bordered: &d };
                rec.dispatch(invocation, dy.len(), work)?;
            }
        }
        Ok(d)
    }
}
