//! What a convolution leaves behind ReLU and pooling.

use super::texels::Layout;
use crate::gpu::{Tensor, Texels};

/// Where the map goes.
#[derive(Clone, Copy)]
pub enum Destination<'a> {
    /// (N, O, OH/2, OW/2)
    Tensor(&'a Tensor),
    /// With its border, for the convolution behind.
    Texels(&'a Layout, &'a Texels),
}

/// What is written.
#[derive(Clone, Copy)]
pub struct Pooled<'a> {
    /// The map.
    pub y: Destination<'a>,
    /// A byte a channel: which of its window y is.
    pub winner: (&'a Layout, &'a Texels),
}

impl Pooled<'_> {
    /// Something of the layout of y, 0 where y has none.
    pub(super) fn of_y(&self, value: fn(&Layout) -> usize) -> usize {
        match self.y {
            Destination::Tensor(_) => 0,
            Destination::Texels(layout, _) => value(layout),
        }
    }
}
