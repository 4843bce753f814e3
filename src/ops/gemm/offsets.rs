//! Tables of offsets: where the elements of both operands of a product lie, by their place in depth.

use super::OP;
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::ops::u32_of;

/// No element: 0. As `NONE` in the shader, which the cases of `dann check` with ragged depths would show.
const NONE: u32 = u32::MAX;
/// Places in depth that are staged at once. A table has as many more, which the last step fetches and does not use.
pub(super) const STAGED: usize = 16;

/// Offsets of the elements of both operands.
pub(super) struct Offsets {
    /// (depth and the last step's), u32
    pub left: Tensor,
    /// (depth and the last step's), u32
    pub right: Tensor,
}

impl Offsets {
    /// `places`, filled up to `depth` places.
    pub fn new(rec: &Recording, depth: usize, places: impl Iterator<Item = (usize, usize)>) -> Result<Self> {
        let length = depth + STAGED;
        let (mut left, mut right) = (Vec::with_capacity(length), Vec::with_capacity(length));
        for (a, b) in places {
            left.push(u32_of(OP, a)?);
            right.push(u32_of(OP, b)?);
        }
        left.resize(length, NONE);
        right.resize(length, NONE);
        let table = |label, values: &[u32]| Tensor::from_slice(rec.gpu(), label, &[length], values);
        Ok(Self {
            left: table("offsets of the left operand", &left)?,
            right: table("offsets of the right operand", &right)?,
        })
    }
}

/// All triples below `size`, the last number counting fastest.
pub(super) fn triples([first, second, third]: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..first).flat_map(move |a| (0..second).flat_map(move |b| (0..third).map(move |c| [a, b, c])))
}
