//! Stochastic gradient descent; twin: [`crate::reference::sgd`].

use super::{Step, expect, expect_real, expect_step, expect_whole, u32_of};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    count: u32,
    momentum: f32,
    weight_decay: f32,
    steps: u32,
}

/// velocity and weight brought up to date.
pub const UPDATE: Kernel = Kernel {
    label: "sgd.update",
    source: include_str!("../../shaders/sgd.wgsl"),
    entry_point: "update",
    workgroup_size: 256,
    bindings: &[
        Binding::params::<Params>(),
        Binding::uniform::<Step>(1),
        Binding::read(2),
        Binding::write(3),
        Binding::write(4),
        Binding::write(5),
        Binding::read(6),
    ],
};

/// What an update reads and writes.
#[derive(Clone, Copy, Debug)]
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
    expect_step("sgd", step)?;
    expect_real("sgd", "weight", weight)?;
    expect_whole("sgd", "faults", faults, &[faults.len()])?;
    expect("sgd", "grad", grad, weight.dims())?;
    expect("sgd", "velocity", velocity, weight.dims())?;
    expect("sgd", "scale", scale, &[1])?;
    let (count, steps) = (u32_of("sgd", weight.len())?, u32_of("sgd", faults.len())?);
    let params = Params { count, momentum, weight_decay, steps };
    // Velocity and weight are read and written.
    let work = Work::new(7 * weight.len(), by(weight.dims())).moving(5 * 4 * weight.len());
    rec.dispatch(&UPDATE, &params, &[step, grad, velocity, weight, faults, scale], weight.len(), work)
}

/// The number of the first parameter whose update is no finite number, from what [`update`] left of a step.
pub fn first_fault(fault: u32) -> Option<usize> {
    (fault > 0).then(|| (u32::MAX - fault) as usize)
}
