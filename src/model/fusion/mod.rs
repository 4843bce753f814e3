//! Which nodes a family of kernels takes as one: the rules of all families, asked here alone.
//!
//! A rule looks at the first nodes of a run and says which stage stands for how many of them. Nodes that no rule of the
//! family takes have plain kernels.

mod by_four;
mod convolution;
mod dense_chain;
mod gemm;
mod residual;

use super::backbone;
use super::graph::Node;
use super::layers::{Conv2d, Dense, MaxPool2d, Relu};
use super::parameters::{Parameters, WeightAndBias};
use super::stage::Stage;
use crate::error::Result;
use crate::gpu::{Gpu, Variant};
use crate::ops::register_tiled::{Convolution, WINDOW};

/// Where a rule is asked.
pub(super) struct Place<'a> {
    pub gpu: &'a Gpu,
    pub variant: Variant,
    /// The nodes of the run from there on.
    pub nodes: &'a [Node],
    pub parameters: &'a Parameters,
}

/// A stage, and for how many nodes it stands.
pub(super) type Fused = (Box<dyn Stage>, usize);

/// A rule of a family.
type Rule = fn(&Place<'_>) -> Result<Option<Fused>>;

/// The rules of `variant`, the first that takes the nodes first.
fn rules(variant: Variant) -> &'static [Rule] {
    match variant {
        Variant::Plain => &[residual::sum_relu],
        Variant::Register => &[by_four::rule, convolution::rule, dense_chain::rule, residual::sum_relu],
        Variant::Workgroup | Variant::Subgroup | Variant::Half | Variant::Cooperative => {
            &[by_four::rule, gemm::rule, residual::sum_relu]
        }
    }
}

/// The kernels of `variant` for the first of `nodes`, if it has some.
pub(super) fn fused(
    gpu: &Gpu,
    variant: Variant,
    nodes: &[Node],
    parameters: &Parameters,
) -> Result<Option<Fused>> {
    let place = Place { gpu, variant, nodes, parameters };
    for rule in rules(variant) {
        if let Some(fused) = rule(&place)? {
            return Ok(Some(fused));
        }
    }
    Ok(None)
}

/// The run as the groups of nodes that are built together, of one family: the longest that any family takes as one.
pub(super) fn groups<'a>(gpu: &'a Gpu, run: &'a [Node]) -> impl Iterator<Item = &'a [Node]> {
    let mut rest = run;
    std::iter::from_fn(move || {
        rest.first()?;
        let lengths = [convolution::length(gpu, rest), dense_chain::nodes(gpu, rest), residual::length(rest)];
        let (group, behind) = rest.split_at(lengths.into_iter().max().unwrap_or(0).max(1));
        rest = behind;
        Some(group)
    })
}

/// What tells groups apart that are built together: the shape that goes in, and every attribute of every layer.
pub(super) fn group_key(group: &[Node]) -> String {
    let layers = group.iter().map(|node| format!("{:?}", node.layer));
    std::iter::once(group[0].x[0].to_string()).chain(layers).collect::<Vec<_>>().join(" → ")
}

/// Whether the node multiplies with a matrix of weights, so that there is something to choose.
pub(super) fn is_product(node: &Node) -> bool {
    node.is::<Conv2d>() || node.is::<Dense>()
}

/// The convolution at the start of `nodes`, if fused kernels can compute it. Those of recipes that have no bias have always
/// been computed by plain kernels, and stay with them: their bits are not to change.
fn strided_convolution_of(nodes: &[Node]) -> Option<(Convolution, (usize, usize))> {
    let node = nodes.first()?;
    let convolution: &Conv2d = node.as_layer()?;
    if !convolution.bias && !backbone::owns(&node.name) {
        return None;
    }
    let (kernel, (padding, stride)) = (convolution.kernel.into(), convolution.fusible()?);
    Some((Convolution { x: node.x[0], outputs: convolution.outputs, kernel, padding }, stride))
}

/// The same where it has stride 1.
fn convolution_of(nodes: &[Node]) -> Option<Convolution> {
    let (convolution, stride) = strided_convolution_of(nodes)?;
    (stride == (1, 1)).then_some(convolution)
}

/// The parameters of a dense layer or a convolution.
fn learned_of(place: &Place<'_>, node: &Node) -> Result<WeightAndBias> {
    let has_bias = node.as_layer::<Conv2d>().is_none_or(|convolution| convolution.bias);
    WeightAndBias::of_weight(place.gpu, place.parameters, &node.name, has_bias)
}

/// Whether a ReLU stands behind the first node.
fn has_relu(nodes: &[Node]) -> bool {
    nodes.get(1).is_some_and(Node::is::<Relu>)
}

/// Whether ReLU and the pooling of blocks stand behind the first node.
fn is_pooled(nodes: &[Node]) -> bool {
    let pool = nodes.get(2).and_then(Node::as_layer::<MaxPool2d>);
    has_relu(nodes) && pool.is_some_and(|pool| pool.window() == WINDOW)
}
