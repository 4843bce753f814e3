//! Products whose left operand is handed round in subgroups.

use super::{Epilogue, Gemm, OP, Saved};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::ops::kernels::operands::Params;
use crate::ops::kernels::subgroup_gemm as wgsl;
use crate::ops::register_tiled::{Convolution, Gradients};
use crate::ops::u32_of;

/// Rows and columns of results that a workgroup computes.
const ROWS: usize = 8;
const COLUMNS: usize = 256;
/// Pixels in a part of the sums of dweight, unless there would be too many parts: enough to be worth a workgroup.
const SPLIT: usize = 512;
/// Parts at most, so that adding them up stays cheap.
const MOST_SPLITS: usize = 128;

/// Threads for a product of `rows` × `columns`, computed in `parts`.
fn threads(rows: usize, columns: usize, parts: usize) -> usize {
    let workgroups = rows.div_ceil(ROWS) * columns.div_ceil(COLUMNS) * parts;
    workgroups * wgsl::FORWARD.workgroup_size as usize
}

impl Gemm {
    fn subgroup_params(&self, rows: usize) -> Result<Params> {
        let Convolution { x, outputs, kernel, padding } = self.convolution;
        let size = |first, (height, width)| -> Result<[u32; 3]> {
            Ok([u32_of(OP, first)?, u32_of(OP, height)?, u32_of(OP, width)?])
        };
        let pixels = rows * self.map.height * self.map.width;
        let split = SPLIT.max(pixels.div_ceil(MOST_SPLITS));
        Ok(Params {
            map: size(rows, (self.map.height, self.map.width))?,
            pooled: (self.epilogue == Epilogue::ReluMaxPool).into(),
            pool: size(rows, (self.y.height, self.y.width))?,
            relu: (self.epilogue != Epilogue::Nothing).into(),
            taps: size(x.channels, kernel)?,
            outputs: u32_of(OP, outputs)?,
            x: size(rows, (x.height, x.width))?,
            pad_h: u32_of(OP, padding.0)?,
            pad_w: u32_of(OP, padding.1)?,
            splits: u32_of(OP, pixels.div_ceil(split))?,
            split: u32_of(OP, split)?,
            reserved: 0,
        })
    }

    pub(super) fn subgroup_forward(
        &self,
        rec: &mut Recording,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
    ) -> Result<Saved> {
        let params = &self.subgroup_params(x.rows())?;
        let threads = threads(self.map.channels, self.columns(x.rows()), 1);
        let (argmax, work) = (self.argmax(rec, y)?, self.forward_work(x.rows()));
        match &argmax {
            Some(argmax) => {
                let invocation = wgsl::ForwardPooled { params, x, weight, bias, y, argmax };
                rec.dispatch(invocation, threads, work)?;
            }
            None => rec.dispatch(wgsl::Forward { params, x, weight, bias, y }, threads, work)?,
        }
        Ok(Saved { of: *self, rows: x.rows(), x: x.clone(), y: y.clone(), argmax })
    }

    pub(super) fn subgroup_backward(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        weight: &Tensor,
        dy: &Tensor,
        gradients: &Gradients<'_>,
    ) -> Result<()> {
        let rows = dy.rows();
        let params = &self.subgroup_params(rows)?;
        let kept_y = &saved.y;
        // Without windows no kernel looks at the argmax.
        let kept_argmax = &saved.argmax.clone().unwrap_or_else(|| saved.y.as_words());
        if let Some(parameters) = gradients.parameters {
            let splits = params.splits as usize;
            let sums = self.allocate_parts(rec, splits, self.taps() + 1)?;
            let count = threads(self.map.channels, self.taps() + 1, splits);
            let x = &saved.x;
            let invocation = wgsl::BackwardWeight { params, x, dy, kept_y, kept_argmax, sums: &sums };
            // A turn for each pixel and one for each eight.
            let split = params.split as usize;
            rec.dispatch(invocation, count, self.work(rows, 0).turns(split + split.div_ceil(8)))?;
            self.add_gradients(rec, &sums, parameters)?;
        }
        let Some(dx) = gradients.dx else { return Ok(()) };
        let x = self.convolution.x;
        let count = threads(x.channels, rows * x.height * x.width, 1);
        let invocation = wgsl::BackwardInput { params, weight, dy, kept_y, kept_argmax, dx };
        rec.dispatch(invocation, count, self.work(rows, 0))
    }
}
