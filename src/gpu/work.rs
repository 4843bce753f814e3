//! What a dispatch has to do, stated where it is recorded.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The part of a training step that a dispatch belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Filling the batch.
    Data,
    /// From the batch to the logits.
    #[default]
    Forward,
    /// Losses, their gradients and metrics.
    Loss,
    /// From the gradients of the logits to those of the parameters.
    Backward,
    /// From the gradients to new parameters.
    Update,
    /// What is no part of a training step.
    Other,
}

impl Phase {
    /// All of them, in the order of a step.
    pub const ALL: [Self; 6] =
        [Self::Data, Self::Forward, Self::Loss, Self::Backward, Self::Update, Self::Other];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Forward => "forward",
            Self::Loss => "loss",
            Self::Backward => "backward",
            Self::Update => "update",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What one dispatch has to do: no recomputation, nothing for what only fills up a tile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Work {
    /// Additions, multiplications, divisions and comparisons of real numbers in the kernel's own way of computing; an
    /// exponential counts as one.
    pub flops: u64,
    /// Bytes read and written: everything that the dispatch binds, once, unless it is stated otherwise.
    pub bytes: u64,
    /// Of what, for people: the shapes that tell two dispatches of a kernel apart.
    pub shape: String,
    /// Turns that all loops of a thread take together, at most, where they may be many.
    pub(crate) turns: usize,
}

impl Work {
    /// `flops` operations on what `shape` says.
    pub(crate) fn new(flops: usize, shape: impl Into<String>) -> Self {
        Self { flops: flops as u64, bytes: 0, shape: shape.into(), turns: 0 }
    }

    /// For a kernel whose loops may be long: turns that all loops of a thread take together, at most.
    pub(crate) fn turns(self, turns: usize) -> Self {
        Self { turns, ..self }
    }

    /// For a dispatch that does not touch all that it binds, or some of it twice: `bytes` read and written.
    pub(crate) fn moving(self, bytes: usize) -> Self {
        Self { bytes: bytes as u64, ..self }
    }

    /// With the bytes of all bindings, unless others were stated; no dispatch moves none.
    pub(super) fn or_moving(self, bound: u64) -> Self {
        let bytes = if self.bytes == 0 { bound } else { self.bytes };
        Self { bytes, ..self }
    }
}

/// `2×3×5` for [2, 3, 5].
pub(crate) fn by(dims: &[usize]) -> String {
    dims.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}
