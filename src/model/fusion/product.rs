//! Products of matrices: conv2d or dense, the ReLU behind it, the max_pool2d(2) behind that.

use super::{Fused, Place, convolution_of, has_relu, is_pooled};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::graph::Node;
use crate::model::layers::Dense;
use crate::model::parameters::WeightAndBias;
use crate::model::stage::{Forward, Mode, Stage, allocate};
use crate::ops::product::{Behind, Product};
use crate::ops::tuned::Gradients;

/// A product with its parameters in place.
struct ProductStage {
    product: Product,
    /// Whether y has the two dimensions of a dense layer's.
    is_dense: bool,
    learned: WeightAndBias,
}

/// What stands behind the first node, and how many nodes that makes.
fn epilogue(nodes: &[Node]) -> (Behind, usize) {
    match (has_relu(nodes), is_pooled(nodes)) {
        (true, true) => (Behind::ReluMaxPool, 3),
        (true, false) => (Behind::Relu, 2),
        _ => (Behind::Nothing, 1),
    }
}

/// The product at the start of a run.
pub(super) fn rule(place: &Place<'_>) -> Result<Option<Fused>> {
    let (variant, nodes) = (place.variant, place.nodes);
    let (epilogue, count) = epilogue(nodes);
    let first = &nodes[0];
    let dense = first.as_layer::<Dense>();
    let product = match (dense, convolution_of(nodes)) {
        (Some(dense), _) => Product::dense(variant, first.x[0].len(), dense.outputs, epilogue),
        (None, Some(convolution)) => Product::new(variant, convolution, epilogue),
        (None, None) => None,
    };
    let Some(product) = product else { return Ok(None) };
    let learned = WeightAndBias::of(place.parameters, &first.name)?;
    Ok(Some((Box::new(ProductStage { product, is_dense: dense.is_some(), learned }), count)))
}

impl Stage for ProductStage {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let WeightAndBias { name, weight, bias } = &self.learned;
        let dims = self.product.y_dims(x[0].rows());
        let y = allocate(rec, name, "y", if self.is_dense { &dims[..2] } else { &dims })?;
        let saved = self.product.forward(rec, &x[0], &weight.value, &bias.value, &y)?;
        let x_dims = x[0].dims().to_vec();
        Ok(Forward::new(y, move |rec, dy, wanted| {
            let dx = wanted.input().then(|| allocate(rec, name, "dx", &x_dims)).transpose()?;
            let gradients = Gradients { dweight: &weight.grad, dbias: &bias.grad, dx: dx.as_ref() };
            self.product.backward(rec, &saved, &weight.value, dy, &gradients)?;
            Ok(vec![dx])
        }))
    }

    fn learns(&self) -> Vec<String> {
        self.learned.names()
    }
}
