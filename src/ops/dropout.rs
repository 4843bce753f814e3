//! Inverted dropout; twin: [`crate::reference::dropout`].

use super::{Step, expect, expect_real, expect_step, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    count: u32,
    salt: u32,
    rate: f32,
    reserved: u32,
}

/// y from x, or dx from dy: both passes are the same.
pub const APPLY: Kernel = Kernel {
    label: "dropout.apply",
    source: include_str!("../../shaders/dropout.wgsl"),
    entry_point: "apply",
    workgroup_size: 64,
    bindings: &[
        Binding::params::<Params>(),
        Binding::uniform::<Step>(1),
        Binding::read(2),
        Binding::write(3),
    ],
};

/// y = x / (1 - rate) where kept, 0 elsewhere; the mask follows from the step's seed and the layer's `salt`.
/// The same call on dy gives dx.
///
/// # Errors
/// [`Error::Input`] when the shapes differ or the rate is not in [0, 1).
pub fn apply(rec: &mut Recording, step: &Tensor, x: &Tensor, y: &Tensor, rate: f32, salt: u32) -> Result<()> {
    if !(0.0..1.0).contains(&rate) {
        return Err(Error::input("dropout: rate", "at least 0 and below 1", rate));
    }
    expect_step("dropout", step)?;
    expect_real("dropout", "x", x)?;
    expect("dropout", "y", y, x.dims())?;
    let params = Params { count: u32_of("dropout", x.len())?, salt, rate, reserved: 0 };
    rec.dispatch(&APPLY, &params, &[step, x, y], x.len(), Work::new(2 * x.len(), by(x.dims())))
}
