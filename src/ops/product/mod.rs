//! Convolutions and dense layers as products of matrices, in two families for GPUs: operands staged in workgroup
//! memory, or handed round in subgroups. Twins: [`crate::reference::conv2d`], [`crate::reference::dense`].

pub mod kernels;

use super::tuned::{Convolution, Gradients, WINDOW};
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Bind, Recording, Tensor, Variant, Work, by};
use crate::shape::MapShape;
use kernels::{Family, Params, REDUCE, ReduceParams, SUBGROUP, WORKGROUP};

const OP: &str = "product";
/// Pixels in a part of the sums of dweight, unless there would be too many parts: enough to be worth a workgroup.
const SPLIT: usize = 512;
/// Parts at most, so that adding them up stays cheap.
const MOST_SPLITS: usize = 128;

/// What stands behind the convolution and is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Nothing.
    Nothing,
    /// A ReLU.
    Relu,
    /// A ReLU and max-pooling of 2×2.
    ReluMaxPool,
}

/// A convolution, or a dense layer as one of 1×1 over maps of 1×1, and what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    convolution: Convolution,
    behind: Behind,
    /// The full map.
    map: MapShape,
    /// What the pass forward gives: `map`, or the pooled one.
    y: MapShape,
    variant: Variant,
}

/// What a forward pass leaves for its backward pass.
pub struct Saved {
    x: Tensor,
    y: Tensor,
    /// (N, O, OH/2, OW/2): the corner of the window that won, where there are windows.
    winner: Option<Tensor>,
}

impl Product {
    /// `None` where the shapes do not fit, or where `variant` is neither of the two families.
    pub fn new(variant: Variant, convolution: Convolution, behind: Behind) -> Option<Self> {
        family(variant)?;
        let map = convolution.y().ok()?;
        let y = match behind {
            Behind::Nothing | Behind::Relu => map,
            Behind::ReluMaxPool => {
                let (height, width) = WINDOW.out_size((map.height, map.width)).ok()?;
                MapShape::new(map.channels, height, width)
            }
        };
        Some(Self { convolution, behind, map, y, variant })
    }

    /// A dense layer of I inputs and O outputs, as [`Product::new`].
    pub fn dense(variant: Variant, inputs: usize, outputs: usize, behind: Behind) -> Option<Self> {
        let x = MapShape::new(inputs, 1, 1);
        Self::new(variant, Convolution { x, outputs, kernel: (1, 1), padding: (0, 0) }, behind)
    }

    fn family(&self) -> &'static Family {
        family(self.variant).unwrap_or(&WORKGROUP)
    }

    /// The shape of x and dx over a batch of `rows`.
    pub fn x_dims(&self, rows: usize) -> [usize; 4] {
        self.convolution.x_dims(rows)
    }

    /// The shape of y and dy over a batch of `rows`.
    pub fn y_dims(&self, rows: usize) -> [usize; 4] {
        [rows, self.y.channels, self.y.height, self.y.width]
    }

    fn params(&self, rows: usize) -> Result<Params> {
        let Convolution { x, outputs, kernel, padding } = self.convolution;
        let size = |first, (height, width)| -> Result<[u32; 3]> {
            Ok([u32_of(OP, first)?, u32_of(OP, height)?, u32_of(OP, width)?])
        };
        let pixels = rows * self.map.height * self.map.width;
        let split = SPLIT.max(pixels.div_ceil(MOST_SPLITS));
        Ok(Params {
            map: size(rows, (self.map.height, self.map.width))?,
            pooled: (self.behind == Behind::ReluMaxPool).into(),
            pool: size(rows, (self.y.height, self.y.width))?,
            relu: (self.behind != Behind::Nothing).into(),
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

    /// What a pass over a batch of `rows` takes, and `more` operations. Behind pooling, the passes backward go over the
    /// full map all the same, most of whose gradients are 0.
    fn work(&self, rows: usize, more: usize) -> Work {
        let work = self.convolution.work(rows, (self.map.height, self.map.width));
        Work { flops: work.flops + more as u64, ..work }
    }

    /// C · KH · KW
    fn taps(&self) -> usize {
        self.convolution.x.channels * self.convolution.kernel.0 * self.convolution.kernel.1
    }

    /// Records y (N, O, …) from x (N, C, H, W), weight (O, C, KH, KW) and bias (O). Dense layers may have dimensions
    /// of 1 left out.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit, [`Error::Gpu`] when there is no memory for the winners.
    pub fn forward(
        &self,
        rec: &mut Recording,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
    ) -> Result<Saved> {
        let rows = x.rows();
        let x = &self.checked("x", x, &self.x_dims(rows))?;
        let y = &self.checked("y", y, &self.y_dims(rows))?;
        let weight = &self.checked("weight", weight, &self.convolution.weight_dims())?;
        expect(OP, "bias", bias, &[self.map.channels])?;
        let (family, params) = (self.family(), self.params(rows)?);
        let columns = match self.behind {
            Behind::ReluMaxPool => 4 * rows * self.y.height * self.y.width,
            _ => rows * self.map.height * self.map.width,
        };
        let threads = family.threads(self.map.channels, columns, 1);
        // Of each window's four sums three comparisons, the bias and ReLU make one value.
        let work = match self.behind {
            Behind::Nothing => self.work(rows, 0),
            Behind::Relu => self.work(rows, y.len()),
            Behind::ReluMaxPool => self.work(rows, 5 * y.len()),
        };
        let winner = match self.behind {
            Behind::ReluMaxPool => {
                let winner = Tensor::zeros(rec.gpu(), "winners", y.dims())?;
                rec.dispatch(family.forward_pooled, &params, &[x, weight, bias, y, &winner], threads, work)?;
                Some(winner)
            }
            _ => {
                rec.dispatch(family.forward, &params, &[x, weight, bias, y], threads, work)?;
                None
            }
        };
        Ok(Saved { x: x.clone(), y: y.clone(), winner })
    }

    /// Records the gradients from dy (N, O, …).
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit, [`Error::Gpu`] when there is no memory for the partial sums.
    pub fn backward(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        weight: &Tensor,
        dy: &Tensor,
        gradients: &Gradients<'_>,
    ) -> Result<()> {
        let rows = dy.rows();
        let dy = &self.checked("dy", dy, &self.y_dims(rows))?;
        let weight = &self.checked("weight", weight, &self.convolution.weight_dims())?;
        let dweight = &self.checked("dweight", gradients.dweight, &self.convolution.weight_dims())?;
        expect(OP, "dbias", gradients.dbias, &[self.map.channels])?;
        let (family, params) = (self.family(), self.params(rows)?);
        // Without windows no kernel looks at the winners.
        let winner = saved.winner.as_ref().unwrap_or(&saved.y);
        let splits = params.splits as usize;
        let sums =
            Tensor::zeros(rec.gpu(), "parts of dweight", &[splits, self.map.channels, self.taps() + 1])?;
        let threads = family.threads(self.map.channels, self.taps() + 1, splits);
        let buffers: [&dyn Bind; 5] = [&saved.x, dy, &saved.y, winner, &sums];
        rec.dispatch(family.backward_weight, &params, &buffers, threads, self.work(rows, 0))?;
        let reduce = ReduceParams {
            parts: params.splits,
            outputs: params.outputs,
            taps: u32_of(OP, self.taps())?,
            reserved: 0,
        };
        let work = Work::new(sums.len(), by(dweight.dims()));
        rec.dispatch(&REDUCE, &reduce, &[&sums, dweight, gradients.dbias], sums.len() / splits, work)?;
        let Some(dx) = gradients.dx else { return Ok(()) };
        let dx = &self.checked("dx", dx, &self.x_dims(rows))?;
        let x = self.convolution.x;
        let threads = family.threads(x.channels, rows * x.height * x.width, 1);
        let work = self.work(rows, 0);
        rec.dispatch(family.backward_input, &params, &[weight, dy, &saved.y, winner, dx], threads, work)
    }

    /// The tensor as a whole one of `dims`: dimensions of 1 at the end may be missing, and those behind the first may
    /// be counted together.
    fn checked(&self, name: &str, tensor: &Tensor, dims: &[usize; 4]) -> Result<Tensor> {
        let same = tensor.rows() == dims[0] && tensor.len() == dims.iter().product::<usize>();
        let whole = tensor.dims() == dims
            || (self.convolution.kernel == (1, 1) && self.map.height * self.map.width == 1);
        if same && whole {
            return Ok(tensor.reshaped(dims));
        }
        Err(Error::input(format!("{OP}: {name}"), format!("shape {dims:?}"), format!("{:?}", tensor.dims())))
    }
}

fn family(variant: Variant) -> Option<&'static Family> {
    match variant {
        Variant::Workgroup => Some(&WORKGROUP),
        Variant::Subgroup => Some(&SUBGROUP),
        Variant::Plain | Variant::Register => None,
    }
}
