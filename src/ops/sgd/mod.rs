//! Stochastic gradient descent; twin and cases: `proof.rs`.

pub(crate) mod proof;

use super::kernels::sgd as wgsl;
use super::{expect, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

/// What an update reads and writes.
#[derive(Clone, Copy)]
pub struct Operands<'a> {
    /// The current [`Step`], which has the learning rate.
    pub step: &'a Tensor,
    /// The gradient of the weight, of its shape.
    pub grad: &'a Tensor,
    /// (1): what the gradient is multiplied by.
    pub scale: &'a Tensor,
    /// Of the weight's shape.
    pub velocity: &'a Tensor,
    /// Of any shape.
    pub weight: &'a Tensor,
    /// (steps), u32: where an update is no finite number, it gets [`first_fault`]'s argument at the step's index; it must
    /// hold 0 before.
    pub faults: &'a Tensor,
}

/// Moves weight and velocity by the gradient.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn update(rec: &mut Recording, operands: Operands<'_>, momentum: f32, weight_decay: f32) -> Result<()> {
    let Operands { step, grad, scale, velocity, weight, faults } = operands;
    expect("sgd", "grad", grad, weight.dims())?;
    expect("sgd", "velocity", velocity, weight.dims())?;
    expect("sgd", "scale", scale, &[1])?;
    let params = wgsl::Params { count: u32_of("sgd", weight.len())?, momentum, weight_decay };
    // Velocity and weight are read and written.
    let work = Work::new(7 * weight.len(), by(weight.dims())).moving(5 * 4 * weight.len());
    rec.dispatch(
        wgsl::Update { params: &params, step, grad, velocity, weight, faults, scale },
        weight.len(),
        work,
    )
}

/// The number of the first parameter whose update is no finite number, from what [`update`] left of a step.
pub fn first_fault(fault: u32) -> Option<usize> {
    (fault > 0).then(|| (u32::MAX - fault) as usize)
}
