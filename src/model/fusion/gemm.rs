//! Products of matrices: conv2d or dense, the ReLU behind it, the max_pool2d(2) behind that.

use super::{Fused, Place, has_relu, is_pooled, learned_of, strided_convolution_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::graph::Node;
use crate::model::layers::Dense;
use crate::model::parameters::WeightAndBias;
use crate::model::stage::{Forward, Mode, Stage, allocate};
use crate::ops::gemm::{Epilogue, Gemm};
use crate::ops::register_tiled::Gradients;

/// A product with its parameters in place.
struct GemmStage {
    gemm: Gemm,
    /// Whether y has the two dimensions of a dense layer's.
    is_dense: bool,
    learned: WeightAndBias,
}

/// What stands behind the first node, and how many nodes that makes.
fn epilogue(nodes: &[Node]) -> (Epilogue, usize) {
    match (has_relu(nodes), is_pooled(nodes)) {
        (true, true) => (Epilogue::ReluMaxPool, 3),
        (true, false) => (Epilogue::Relu, 2),
        _ => (Epilogue::Nothing, 1),
    }
}

/// The product at the start of a run.
pub(super) fn rule(place: &Place<'_>) -> Result<Option<Fused>> {
    let (variant, nodes) = (place.variant, place.nodes);
    let (epilogue, count) = epilogue(nodes);
    let first = &nodes[0];
    let dense = first.as_layer::<Dense>();
    let gemm = match (dense, strided_convolution_of(nodes)) {
        (Some(dense), _) => Gemm::dense(variant, first.x[0].len(), dense.outputs, epilogue),
        (None, Some((convolution, stride))) => Gemm::strided(variant, convolution, stride, epilogue),
        (None, None) => None,
    };
    let Some(gemm) = gemm else { return Ok(None) };
    let learned = learned_of(place, first)?;
    Ok(Some((Box::new(GemmStage { gemm, is_dense: dense.is_some(), learned }), count)))
}

impl Stage for GemmStage {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let WeightAndBias { name, weight, bias, .. } = &self.learned;
        let dims = self.gemm.y_dims(x[0].rows());
        let y = allocate(rec, name, "y", if self.is_dense { &dims[..2] } else { &dims })?;
        let saved = self.gemm.forward(rec, &x[0], &weight.value, &bias.value, &y)?;
        let x_dims = x[0].dims().to_vec();
        Ok(Forward::new(y, move |rec, dy, wanted| {
            let dx = wanted.input().then(|| allocate(rec, name, "dx", &x_dims)).transpose()?;
            let parameters = wanted.parameters.then(|| self.learned.each(|parameter| &parameter.grad));
            let gradients = Gradients { parameters, dx: dx.as_ref() };
            self.gemm.backward(rec, &saved, &weight.value, dy, &gradients)?;
            Ok(vec![dx])
        }))
    }

    fn learns(&self) -> Vec<String> {
        self.learned.names()
    }
}
