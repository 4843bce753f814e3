//! Chains of fused dense kernels: dense, then any number of relu → dense.

use super::{Fused, Place};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor};
use crate::model::graph::Node;
use crate::model::layers::{Dense, Relu};
use crate::model::parameters::{Parameter, WeightAndBias};
use crate::model::stage::{Forward, Mode, Stage, allocate};
use crate::ops::register_tiled::dense_chain as kernels;
use crate::ops::register_tiled::{self, dense_tile};

/// A chain with its parameters in place, at least one layer.
struct DenseChain {
    first: WeightAndBias,
    behind: Vec<WeightAndBias>,
}

/// How many dense layers at the start of `nodes` are a chain whose weights fit the device's textures.
fn layers(gpu: &Gpu, nodes: &[Node]) -> usize {
    let fits = |node: &Node| {
        let dense = node.as_layer::<Dense>();
        dense.is_some_and(|dense| dense_tile::fits(gpu, dense.outputs, node.x[0].len()))
    };
    let follows = |pair: &[Node]| pair[0].is::<Relu>() && fits(&pair[1]);
    match nodes {
        [first, rest @ ..] if fits(first) => {
            1 + rest.chunks_exact(2).take_while(|pair| follows(pair)).count()
        }
        _ => 0,
    }
}

/// How many nodes at the start of `nodes` are a chain.
pub(super) fn nodes(gpu: &Gpu, nodes: &[Node]) -> usize {
    (2 * layers(gpu, nodes)).saturating_sub(1)
}

/// The chain at the start of a run.
pub(super) fn rule(place: &Place<'_>) -> Result<Option<Fused>> {
    let count = nodes(place.gpu, place.nodes);
    let mut dense = place.nodes[..count].iter().step_by(2);
    let of = |node: &Node| WeightAndBias::of(place.parameters, &node.name);
    let Some(first) = dense.next() else { return Ok(None) };
    let chain = DenseChain { first: of(first)?, behind: dense.map(of).collect::<Result<_>>()? };
    Ok(Some((Box::new(chain), count)))
}

impl DenseChain {
    fn layers(&self) -> impl Iterator<Item = &WeightAndBias> {
        std::iter::once(&self.first).chain(&self.behind)
    }

    /// `part` of the parameters of each layer.
    fn each(&self, part: fn(&Parameter) -> &Tensor) -> Vec<register_tiled::Parameters<'_>> {
        self.layers().map(|layer| layer.each(part)).collect()
    }
}

impl Stage for DenseChain {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let name = &self.first.name;
        let layers = self.each(|parameter| &parameter.value);
        let outputs = self.behind.last().unwrap_or(&self.first).bias.value.len();
        let y = allocate(rec, name, "y", &[x[0].rows(), outputs])?;
        let saved = kernels::forward(rec, &x[0], &layers, &y)?;
        Ok(Forward::new(y, move |rec, dy, wanted| {
            let dx = wanted.input().then(|| allocate(rec, name, "dx", &saved.x_dims)).transpose()?;
            let gradients = wanted.parameters.then(|| self.each(|parameter| &parameter.grad));
            kernels::backward(rec, &saved, dy, gradients.as_deref(), dx.as_ref())?;
            Ok(vec![dx])
        }))
    }

    fn learns(&self) -> Vec<String> {
        self.layers().flat_map(WeightAndBias::names).collect()
    }
}
