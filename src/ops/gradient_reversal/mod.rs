//! The gradient reversal layer; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::gradient_reversal as wgsl;
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

/// y = x: the very same tensor, nothing is copied.
pub fn forward(x: &Tensor) -> &Tensor {
    x
}

/// dx = -λ · dy, of any shape; λ is the step's.
///
/// # Errors
/// [`Error::Input`] when the shapes differ.
pub fn backward(rec: &mut Recording, step: &Tensor, dy: &Tensor, dx: &Tensor) -> Result<()> {
    expect("gradient_reversal", "dx", dx, dy.dims())?;
    let params = wgsl::Params { count: u32_of("gradient_reversal", dy.len())?, source_count: 0 };
    rec.dispatch(
        wgsl::Backward { params: &params, step, dy, dx },
        dx.len(),
        Work::new(dx.len(), by(dx.dims())),
    )
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
    expect(OP, "dx", dx, dy_domain.dims())?;
    if dy_label.map() != dx.map() || dy_label.rows() > dx.rows() {
        let expected = format!("at most {} rows of {}", dx.rows(), dx.map());
        let found = format!("{} rows of {}", dy_label.rows(), dy_label.map());
        return Err(Error::input("gradient_reversal: dy_label", expected, found));
    }
    let params = wgsl::Params { count: u32_of(OP, dx.len())?, source_count: u32_of(OP, dy_label.len())? };
    let invocation = wgsl::BackwardFanIn { params: &params, step, dy: dy_domain, dy_label, dx };
    let work = Work::new(dx.len() + dy_label.len(), by(dx.dims()));
    rec.dispatch(invocation, dx.len(), work)
}
