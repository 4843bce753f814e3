//! Which layers the tiled dense kernels can stand for: dense, and the ReLU between two of them.

use super::parameters::{Parameter, Parameters};
use super::spec::{LayerSpec, PlacedLayer};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::ops::tuned::dense_tile;

/// A dense layer in tiles, with its parameters in place.
pub(super) struct DenseTiles {
    name: String,
    weight: Parameter,
    bias: Parameter,
    /// Whether x comes out of a ReLU whose gradient this layer takes over.
    relu_in_front: bool,
    /// Whether this layer takes over the ReLU behind it.
    relu_behind: bool,
}

/// Whether the layer at `at` is a dense one that the tiles can take.
fn tiled(placed: &[PlacedLayer<'_>], at: usize) -> bool {
    placed
        .get(at)
        .is_some_and(|layer| matches!(layer.spec, LayerSpec::Dense { .. }) && dense_tile::fits(layer.x.len()))
}

/// Whether the layer at `at` is a ReLU between two such layers: the one in front computes it, the one behind its
/// gradient.
fn relu_between(placed: &[PlacedLayer<'_>], at: usize) -> bool {
    let relu = placed.get(at).is_some_and(|layer| matches!(layer.spec, LayerSpec::Relu {}));
    relu && at > 0 && tiled(placed, at - 1) && tiled(placed, at + 1)
}

impl DenseTiles {
    /// The tiles for the layer of `placed` at `at`, if they can take it.
    pub fn new(placed: &[PlacedLayer<'_>], at: usize, parameters: &Parameters) -> Result<Option<Self>> {
        if !tiled(placed, at) {
            return Ok(None);
        }
        let name = &placed[at].name;
        Ok(Some(Self {
            name: name.clone(),
            weight: parameters.get(&format!("{name}.weight"))?,
            bias: parameters.get(&format!("{name}.bias"))?,
            relu_in_front: at > 0 && relu_between(placed, at - 1),
            relu_behind: relu_between(placed, at + 1),
        }))
    }

    /// How many layers the tiles stand for.
    pub fn layers(&self) -> usize {
        1 + usize::from(self.relu_behind)
    }

    /// Records y from x.
    pub fn forward(&self, rec: &mut Recording, x: &Tensor) -> Result<Tensor> {
        let (weight, bias) = (&self.weight.value, &self.bias.value);
        let y = self.room(rec, "y", &[x.rows(), weight.rows()])?;
        dense_tile::forward(rec, x, weight, bias, &y, self.relu_behind)?;
        Ok(y)
    }

    /// Records the gradients of the parameters and, if wanted, dx; dy lies in front of the ReLU behind.
    pub fn backward(
        &self,
        rec: &mut Recording,
        x: &Tensor,
        dy: &Tensor,
        want_dx: bool,
    ) -> Result<Option<Tensor>> {
        dense_tile::backward_parameters(rec, x, dy, &self.weight.grad, &self.bias.grad)?;
        if !want_dx {
            return Ok(None);
        }
        let dx = self.room(rec, "dx", x.dims())?;
        dense_tile::backward_input(rec, x, dy, &self.weight.value, &dx, self.relu_in_front)?;
        Ok(Some(dx))
    }

    fn room(&self, rec: &Recording, label: &str, dims: &[usize]) -> Result<Tensor> {
        Tensor::zeros(rec.gpu(), &format!("{}.{label}", self.name), dims)
    }
}
