//! Which layers a product of matrices can stand for: conv2d or dense, the ReLU behind it, the max_pool2d(2) behind that.

use super::convolution::pooled;
use super::parameters::{Parameter, Parameters};
use super::spec::{LayerSpec, PlacedLayer};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Variant};
use crate::ops::product::{Behind, Product, Saved};
use crate::ops::tuned::{Convolution, Gradients};

/// A product with its parameters in place.
#[derive(Debug)]
pub(super) struct ProductStage {
    name: String,
    product: Product,
    /// Whether y has the two dimensions of a dense layer's.
    dense: bool,
    weight: Parameter,
    bias: Parameter,
}

fn has_relu(placed: &[PlacedLayer<'_>]) -> bool {
    placed.get(1).is_some_and(|layer| matches!(layer.spec, LayerSpec::Relu {}))
}

/// What stands behind the first layer, and how many layers that makes.
fn behind(placed: &[PlacedLayer<'_>]) -> (Behind, usize) {
    match (has_relu(placed), pooled(placed)) {
        (true, true) => (Behind::ReluMaxPool, 3),
        (true, false) => (Behind::Relu, 2),
        _ => (Behind::Nothing, 1),
    }
}

/// The product of `variant` for the first layers of `placed`, and for how many.
fn product(variant: Variant, placed: &[PlacedLayer<'_>]) -> Option<(Product, usize)> {
    let first = placed.first()?;
    let (behind, layers) = behind(placed);
    let product = match *first.spec {
        LayerSpec::Conv2d { outputs, kernel, padding } => {
            let (kernel, padding) = (kernel.into(), padding.into());
            Product::new(variant, Convolution { x: first.x, outputs, kernel, padding }, behind)?
        }
        LayerSpec::Dense { outputs } => Product::dense(variant, first.x.len(), outputs, behind)?,
        _ => return None,
    };
    Some((product, layers))
}

impl ProductStage {
    /// The kernels of `variant` for the first layers of `placed`, if they can stand for some, and for how many.
    pub fn new(
        variant: Variant,
        placed: &[PlacedLayer<'_>],
        parameters: &Parameters,
    ) -> Result<Option<(Self, usize)>> {
        let Some((product, layers)) = product(variant, placed) else { return Ok(None) };
        let name = &placed[0].name;
        let stage = Self {
            name: name.clone(),
            product,
            dense: matches!(placed[0].spec, LayerSpec::Dense { .. }),
            weight: parameters.get(&format!("{name}.weight"))?,
            bias: parameters.get(&format!("{name}.bias"))?,
        };
        Ok(Some((stage, layers)))
    }

    /// Records y from x; gives y and what the way back needs.
    pub fn forward(&self, rec: &mut Recording, x: &Tensor) -> Result<(Tensor, Saved)> {
        let dims = self.product.y_dims(x.rows());
        let y = self.room(rec, "y", if self.dense { &dims[..2] } else { &dims })?;
        let saved = self.product.forward(rec, x, &self.weight.value, &self.bias.value, &y)?;
        Ok((y, saved))
    }

    /// Records the gradients of the parameters and, if wanted, dx, shaped as `x`.
    pub fn backward(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        dy: &Tensor,
        wanted_dx: Option<&[usize]>,
    ) -> Result<Option<Tensor>> {
        let dx = wanted_dx.map(|dims| self.room(rec, "dx", dims)).transpose()?;
        let gradients = Gradients { dweight: &self.weight.grad, dbias: &self.bias.grad, dx: dx.as_ref() };
        self.product.backward(rec, saved, &self.weight.value, dy, &gradients)?;
        Ok(dx)
    }

    fn room(&self, rec: &Recording, label: &str, dims: &[usize]) -> Result<Tensor> {
        Tensor::zeros(rec.gpu(), &format!("{}.{label}", self.name), dims)
    }
}
