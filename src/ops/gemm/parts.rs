//! Results that are added up in parts.

use super::{Epilogue, Gemm, OP};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};
use crate::ops::kernels::gemm_reduce as wgsl;
use crate::ops::register_tiled::Parameters;
use crate::ops::u32_of;

impl Gemm {
    /// Memory for `parts` of (O, columns).
    pub(super) fn allocate_parts(&self, rec: &Recording, parts: usize, columns: usize) -> Result<Tensor> {
        Tensor::zeros(rec.gpu(), "parts of a product", &[parts, self.map.channels, columns])
    }

    fn reduce_params(&self, sums: &Tensor) -> Result<wgsl::Params> {
        Ok(wgsl::Params {
            parts: u32_of(OP, sums.rows())?,
            outputs: u32_of(OP, self.map.channels)?,
            columns: u32_of(OP, sums.dims()[2])?,
            pixels: u32_of(OP, self.map.height * self.map.width)?,
            relu: (self.epilogue != Epilogue::Nothing).into(),
        })
    }

    /// Records dweight and dbias from their parts, (parts, O, taps and 1), added up in order.
    pub(super) fn add_gradients(
        &self,
        rec: &mut Recording,
        sums: &Tensor,
        gradients: Parameters<'_>,
    ) -> Result<()> {
        let params = self.reduce_params(sums)?;
        let Parameters { weight: dweight, bias: dbias } = gradients;
        let work = Work::new(sums.len(), by(dweight.dims()));
        let invocation = wgsl::Gradients { params: &params, sums, dweight, dbias };
        rec.dispatch(invocation, sums.len() / sums.rows(), work)
    }

    /// Records y from its parts, (parts, O, pixels of all images), added up in order.
    pub(super) fn add_forward(
        &self,
        rec: &mut Recording,
        sums: &Tensor,
        bias: &Tensor,
        y: &Tensor,
    ) -> Result<()> {
        let params = self.reduce_params(sums)?;
        let work = Work::new(sums.len() + y.len(), by(y.dims()));
        rec.dispatch(wgsl::Forward { params: &params, sums, bias, y }, y.len(), work)
    }
}
