//! Stochastic gradient descent; twin: [`crate::reference::sgd`].

use super::{Step, expect, u32_of};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    count: u32,
    momentum: f32,
    weight_decay: f32,
    reserved: u32,
}

/// velocity and weight brought up to date.
pub const UPDATE: Kernel = Kernel {
    label: "sgd.update",
    source: include_str!("../../shaders/sgd.wgsl"),
    entry_point: "update",
    workgroup_size: 64,
    bindings: &[
        Binding::params::<Params>(),
        Binding::uniform::<Step>(1),
        Binding::read(2),
        Binding::write(3),
        Binding::write(4),
        Binding::write(5),
    ],
};

/// Moves `weight` and `velocity` by `grad`, all of one shape; the learning rate is the step's. Where an update is no finite
/// number, `faults` (steps, u32) gets [`first_fault`]'s argument at the step's index; it must hold 0 before.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
#[allow(clippy::too_many_arguments)] // PyTorch's parameters, and where it puts faults
pub fn update(
    rec: &mut Recording,
    step: &Tensor,
    grad: &Tensor,
    velocity: &Tensor,
    weight: &Tensor,
    faults: &Tensor,
    momentum: f32,
    weight_decay: f32,
) -> Result<()> {
    expect("sgd", "grad", grad, weight.dims())?;
    expect("sgd", "velocity", velocity, weight.dims())?;
    let params = Params { count: u32_of("sgd", weight.len())?, momentum, weight_decay, reserved: 0 };
    // Velocity and weight are read and written.
    let work = Work::new(6 * weight.len(), by(weight.dims())).moving(5 * 4 * weight.len());
    rec.dispatch(&UPDATE, &params, &[step, grad, velocity, weight, faults], weight.len(), work)
}

/// The number of the first parameter whose update is no finite number, from what [`update`] left of a step.
pub fn first_fault(fault: u32) -> Option<usize> {
    (fault > 0).then(|| (u32::MAX - fault) as usize)
}
