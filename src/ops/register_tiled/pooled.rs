//! The maps that convolutions write: whole, or behind ReLU and pooling.

use super::super::u32_of;
use super::texels::Layout;
use crate::error::Result;
use crate::gpu::{Tensor, Texels};
use crate::ops::kernels::map_params::MapParams;
use crate::shape::MapShape;

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
    pub argmax: (&'a Layout, &'a Texels),
}

impl MapParams {
    /// Of maps of y that are written whole, as a tensor.
    pub fn whole(op: &str, y: MapShape) -> Result<Self> {
        Ok(Self {
            outputs: u32_of(op, y.channels)?,
            height: u32_of(op, y.height)?,
            width: u32_of(op, y.width)?,
            ..Self::default()
        })
    }

    /// Of maps of y, the shape behind ReLU and pooling.
    pub fn pooled(op: &str, y: MapShape, to: &Pooled<'_>) -> Result<Self> {
        let argmax = to.argmax.0;
        let whole = Self {
            argmax_across: u32_of(op, argmax.across)?,
            argmax_width: u32_of(op, argmax.image_width)?,
            argmax_height: u32_of(op, argmax.image_height)?,
            argmax_groups: u32_of(op, argmax.groups)?,
            ..Self::whole(op, y)?
        };
        let Destination::Texels(layout, _) = to.y else { return Ok(whole) };
        Ok(Self {
            y_across: u32_of(op, layout.across)?,
            y_width: u32_of(op, layout.image_width)?,
            y_height: u32_of(op, layout.image_height)?,
            y_groups: u32_of(op, layout.groups)?,
            y_top: u32_of(op, layout.border.0)?,
            y_left: u32_of(op, layout.border.1)?,
            ..whole
        })
    }
}
