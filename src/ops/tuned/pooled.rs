//! The maps that convolutions write: whole, or behind ReLU and pooling.

use super::super::u32_of;
use super::texels::Layout;
use crate::error::Result;
use crate::gpu::{Tensor, Texels};
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
    pub winner: (&'a Layout, &'a Texels),
}

/// The last part of the parameters of kernels that write such maps.
#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct MapParams {
    outputs: u32,
    height: u32,
    width: u32,
    winner_across: u32,
    winner_width: u32,
    winner_height: u32,
    winner_groups: u32,
    y_across: u32,
    y_width: u32,
    y_height: u32,
    y_groups: u32,
    y_top: u32,
    y_left: u32,
    reserved: [u32; 3],
}

impl MapParams {
    /// Of maps of y that are written whole, as a tensor.
    pub fn whole(op: &str, y: MapShape) -> Result<Self> {
        Ok(Self {
            outputs: u32_of(op, y.channels)?,
            height: u32_of(op, y.height)?,
            width: u32_of(op, y.width)?,
            ..bytemuck::Zeroable::zeroed()
        })
    }

    /// Of maps of y, the shape behind ReLU and pooling.
    pub fn pooled(op: &str, y: MapShape, to: &Pooled<'_>) -> Result<Self> {
        let winner = to.winner.0;
        let whole = Self {
            winner_across: u32_of(op, winner.across)?,
            winner_width: u32_of(op, winner.image_width)?,
            winner_height: u32_of(op, winner.image_height)?,
            winner_groups: u32_of(op, winner.groups)?,
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
