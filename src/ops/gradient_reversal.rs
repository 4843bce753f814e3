//! The gradient reversal layer; twin: [`crate::reference::gradient_reversal`].

use super::{Step, expect, expect_real, expect_step, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Bind, Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    count: u32,
    source_count: u32,
}

const KERNEL: Kernel = Kernel {
    label: "gradient_reversal",
    source: include_str!("../../shaders/gradient_reversal.wgsl"),
    entry_point: "",
    workgroup_size: 256,
    bindings: &[],
};

/// dx from dy.
pub const BACKWARD: Kernel = Kernel {
    label: "gradient_reversal.backward",
    entry_point: "backward",
    bindings: &[
        Binding::params::<Params>(),
        Binding::uniform::<Step>(1),
        Binding::read(2),
        Binding::write(4),
    ],
    ..KERNEL
};

/// dx from dy and the label predictor's gradient.
pub const BACKWARD_FAN_IN: Kernel = Kernel {
    label: "gradient_reversal.backward_fan_in",
    entry_point: "backward_fan_in",
    bindings: &[
        Binding::params::<Params>(),
        Binding::uniform::<Step>(1),
        Binding::read(2),
        Binding::read(3),
        Binding::write(4),
    ],
    ..KERNEL
};

/// y = x: the very same tensor, nothing is copied.
pub fn forward(x: &Tensor) -> &Tensor {
    x
}

/// dx = -λ · dy, of any shape; λ is the step's.
///
/// # Errors
/// [`Error::Input`] when the shapes differ.
pub fn backward(rec: &mut Recording, step: &Tensor, dy: &Tensor, dx: &Tensor) -> Result<()> {
    const OP: &str = "gradient_reversal";
    expect_step(OP, step)?;
    expect_real(OP, "dy", dy)?;
    expect(OP, "dx", dx, dy.dims())?;
    let params = Params { count: u32_of(OP, dy.len())?, source_count: 0 };
    rec.dispatch(&BACKWARD, &params, &[step, dy, dx], dx.len(), Work::new(dx.len(), by(dx.dims())))
}

/// dx (N, …) = dy_label (S, …; 0 on rows S and up) - λ · dy_domain (N, …): what flows into the feature
/// extractor, where S are the source rows, which come first.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward_fan_in(
    rec: &mut Recording,
    step: &Tensor,
    dy_domain: &Tensor,
    dy_label: &Tensor,
    dx: &Tensor,
) -> Result<()> {
    const OP: &str = "gradient_reversal";
    expect_step(OP, step)?;
    expect_real(OP, "dy_domain", dy_domain)?;
    expect_real(OP, "dy_label", dy_label)?;
    expect(OP, "dx", dx, dy_domain.dims())?;
    if dy_label.map() != dx.map() || dy_label.rows() > dx.rows() {
        let expected = format!("at most {} rows of {}", dx.rows(), dx.map());
        let found = format!("{} rows of {}", dy_label.rows(), dy_label.map());
        return Err(Error::input("gradient_reversal: dy_label", expected, found));
    }
    let params = Params { count: u32_of(OP, dx.len())?, source_count: u32_of(OP, dy_label.len())? };
    let buffers: [&dyn Bind; _] = [step, dy_domain, dy_label, dx];
    let work = Work::new(dx.len() + dy_label.len(), by(dx.dims()));
    rec.dispatch(&BACKWARD_FAN_IN, &params, &buffers, dx.len(), work)
}
