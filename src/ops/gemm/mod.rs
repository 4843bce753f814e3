//! Convolutions and dense layers as products of matrices, in families for GPUs: operands staged in workgroup memory, as
//! f32 or f16, or handed round in subgroups. Twins: those of [`super::conv2d`] and
//! [`super::dense`].

mod border;
mod offsets;
mod parts;
mod phases;
mod subgroup;
mod workgroup;

use super::conv2d::{self, Geometry};
use super::expect;
use super::register_tiled::{Convolution, Gradients, WINDOW, expect_saved};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Variant, Work};
use crate::shape::MapShape;

const OP: &str = "product";

/// What stands behind the convolution and is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Epilogue {
    /// Nothing.
    Nothing,
    /// A ReLU.
    Relu,
    /// A ReLU and max-pooling of 2×2.
    ReluMaxPool,
}

/// A convolution, or a dense layer as one of 1×1 over maps of 1×1, and what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gemm {
    convolution: Convolution,
    /// (SH, SW), from one position of the kernel to the next.
    stride: (usize, usize),
    epilogue: Epilogue,
    /// The full map.
    map: MapShape,
    /// What the pass forward gives: `map`, or the pooled one.
    y: MapShape,
    variant: Variant,
}

/// What a forward pass leaves for its backward pass.
#[derive(Debug)]
pub struct Saved {
    of: Gemm,
    rows: usize,
    /// As the kernels read it: with its padding where they do not look for it themselves.
    x: Tensor,
    y: Tensor,
    /// (N, O, OH/2, OW/2): the corner of the window that won, where there are windows.
    argmax: Option<Tensor>,
}

impl Gemm {
    /// `None` where the shapes do not fit, or where `variant` is none of these families.
    pub fn new(variant: Variant, convolution: Convolution, epilogue: Epilogue) -> Option<Self> {
        Self::strided(variant, convolution, (1, 1), epilogue)
    }

    /// With strides (SH, SW), as [`Gemm::new`]: for products that are staged in workgroup memory, without pooling.
    pub fn strided(
        variant: Variant,
        convolution: Convolution,
        stride: (usize, usize),
        epilogue: Epilogue,
    ) -> Option<Self> {
        let takes_strides = variant != Variant::Subgroup && epilogue != Epilogue::ReluMaxPool;
        if !variant.is_for_gpus() || !(takes_strides || stride == (1, 1)) {
            return None;
        }
        let Convolution { x, outputs, kernel, padding } = convolution;
        let geometry = Geometry { stride, ..Geometry::from(padding) };
        let (height, width) = conv2d::out_size((x.height, x.width), kernel, geometry).ok()?;
        let map = MapShape::new(outputs, height, width);
        let y = match epilogue {
            Epilogue::Nothing | Epilogue::Relu => map,
            Epilogue::ReluMaxPool => {
                let (height, width) = WINDOW.out_size((map.height, map.width)).ok()?;
                MapShape::new(map.channels, height, width)
            }
        };
        Some(Self { convolution, stride, epilogue, map, y, variant })
    }

    /// A dense layer of I inputs and O outputs, as [`Gemm::new`].
    pub fn dense(variant: Variant, inputs: usize, outputs: usize, epilogue: Epilogue) -> Option<Self> {
        let x = MapShape::new(inputs, 1, 1);
        Self::new(variant, Convolution { x, outputs, kernel: (1, 1), padding: (0, 0) }, epilogue)
    }

    /// The shape of x and dx over a batch of `rows`.
    pub fn x_dims(&self, rows: usize) -> [usize; 4] {
        self.convolution.x_dims(rows)
    }

    /// The shape of y and dy over a batch of `rows`.
    pub fn y_dims(&self, rows: usize) -> [usize; 4] {
        [rows, self.y.channels, self.y.height, self.y.width]
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
    /// [`Error::Input`] when the shapes do not fit, [`Error::Gpu`] when there is no memory for the argmax.
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
        match self.variant {
            Variant::Subgroup => self.subgroup_forward(rec, x, weight, bias, y),
            _ => self.workgroup_forward(rec, x, weight, bias, y),
        }
    }

    /// What the pass forward takes over a batch of `rows`.
    fn forward_work(&self, rows: usize) -> Work {
        let results: usize = self.y_dims(rows).iter().product();
        // Of each window's four sums three comparisons, the bias and ReLU make one value.
        match self.epilogue {
            Epilogue::Nothing => self.work(rows, 0),
            Epilogue::Relu => self.work(rows, results),
            Epilogue::ReluMaxPool => self.work(rows, 5 * results),
        }
    }

    /// Columns of the product forward over a batch of `rows`.
    fn columns(&self, rows: usize) -> usize {
        match self.epilogue {
            Epilogue::ReluMaxPool => 4 * rows * self.y.height * self.y.width,
            _ => rows * self.map.height * self.map.width,
        }
    }

    /// Memory for the corners that won, where there are windows.
    fn argmax(&self, rec: &Recording, y: &Tensor) -> Result<Option<Tensor>> {
        let pooled = self.epilogue == Epilogue::ReluMaxPool;
        pooled.then(|| Tensor::zeros_of::<u32>(rec.gpu(), "argmax", y.dims())).transpose()
    }

    /// Records the gradients that are wanted from dy (N, O, …).
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
        expect_saved(OP, (&saved.of, saved.rows), (self, rows))?;
        let dy = &self.checked("dy", dy, &self.y_dims(rows))?;
        let weight = &self.checked("weight", weight, &self.convolution.weight_dims())?;
        let mut parameters = gradients.parameters;
        let dweight =
            parameters.map(|of| self.checked("dweight", of.weight, &self.convolution.weight_dims()));
        let dweight = dweight.transpose()?;
        if let Some((parameters, dweight)) = parameters.as_mut().zip(dweight.as_ref()) {
            expect(OP, "dbias", parameters.bias, &[self.map.channels])?;
            parameters.weight = dweight;
        }
        let dx = gradients.dx.map(|dx| self.checked("dx", dx, &self.x_dims(rows))).transpose()?;
        let gradients = Gradients { parameters, dx: dx.as_ref() };
        match self.variant {
            Variant::Subgroup => self.subgroup_backward(rec, saved, weight, dy, &gradients),
            _ => self.workgroup_backward(rec, saved, weight, dy, &gradients),
        }
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
