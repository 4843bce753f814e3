//! A sum and the ReLU behind it, in one kernel.

use super::{Fused, Place, has_relu};
use crate::error::Result;
use crate::model::graph::Node;
use crate::model::layers::{PlainSum, Sum};

/// How many nodes at the start of `nodes` are built together.
pub(super) fn length(nodes: &[Node]) -> usize {
    match nodes.first() {
        Some(first) if first.is::<Sum>() && has_relu(nodes) => 2,
        _ => 0,
    }
}

/// The sum and the ReLU at the start of a run.
pub(super) fn sum_relu(place: &Place<'_>) -> Result<Option<Fused>> {
    let nodes = length(place.nodes);
    let stage = || Box::new(PlainSum { name: place.nodes[0].name.clone(), relu: true });
    Ok((nodes > 0).then(|| (stage() as _, nodes)))
}
