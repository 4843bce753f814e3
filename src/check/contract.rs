//! What every op states of itself, so that one procedure checks, times and counts them all.

use super::{Array, Arrays, Bound, Case, Rig};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use std::collections::BTreeMap;

/// Bounds by tensor name.
pub type Bounds = BTreeMap<&'static str, Bound>;

/// The contract of one op.
pub trait Op: Sync {
    /// The op's stem: that of its shader, its host file and its twin, or of the block that fuses several ops.
    fn name(&self) -> &'static str;

    /// The attributes it knows.
    fn attributes(&self) -> &'static [&'static str];

    /// The input tensors it knows.
    fn tensors(&self) -> &'static [&'static str];

    /// Records the op's kernels, forward and backward, and names the outputs. Which kernels, the device's variant
    /// decides.
    ///
    /// # Errors
    /// [`Error::Input`] when the case does not fit the op.
    fn record(&self, rig: &mut Rig<'_>) -> Result<()>;

    /// The same outputs in f64, from the formula; outputs that only `record` names are not compared.
    ///
    /// # Errors
    /// [`Error::Input`] when the case does not fit the op.
    fn twin(&self, case: &Case) -> Result<Arrays>;

    /// How far each output with real numbers may lie from `twin`, the twin's outputs.
    ///
    /// # Errors
    /// [`Error::Input`] when the case does not fit the op.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds>;

    /// Whether values lie between its sums that kernels of mixed precision round to f16.
    fn is_chain(&self) -> bool {
        false
    }

    /// The gradients to compare with central differences.
    fn gradients(&self) -> &'static [Gradient] {
        &[]
    }

    /// What the output is weighted with to give the function whose gradients these are.
    ///
    /// # Errors
    /// [`Error::Input`] when the case does not fit the op.
    fn upstream(&self, case: &Case) -> Result<Vec<f64>> {
        case.reals("dy")
    }
}

/// `result` is the gradient, with respect to `input`, of the sum of `output` weighted with the upstream.
#[derive(Clone, Copy, Debug)]
pub struct Gradient {
    /// The output tensor that holds the gradient.
    pub result: &'static str,
    /// The input tensor that it belongs to.
    pub input: &'static str,
    /// The output tensor that is differentiated.
    pub output: &'static str,
}

/// Runs the case on the device: twice, from poisoned outputs.
///
/// # Errors
/// [`Error::Input`] when the case does not fit the op or two runs differ, [`Error::Gpu`] when the device fails.
pub fn run(op: &dyn Op, gpu: &Gpu, case: &Case) -> Result<Arrays> {
    record(op, gpu, case)?.run_twice()
}

/// Records the case without running it.
///
/// # Errors
/// As [`run`].
pub fn record<'a>(op: &dyn Op, gpu: &'a Gpu, case: &'a Case) -> Result<Rig<'a>> {
    case.expect_known(op.attributes(), op.tensors())?;
    let mut rig = Rig::new(gpu, case);
    op.record(&mut rig)?;
    Ok(rig)
}

/// An output of `arrays`.
pub(super) fn output<'a>(arrays: &'a Arrays, tensor: &str) -> Result<&'a Array> {
    let missing = || Error::input("outputs", format!("a tensor \"{tensor}\""), "none of that name");
    arrays.get(tensor).ok_or_else(missing)
}

/// The real numbers of an output of `arrays`.
pub(super) fn real_output(arrays: &Arrays, tensor: &str) -> Result<Vec<f64>> {
    let whole = || Error::input(format!("output \"{tensor}\""), "real numbers", "whole numbers");
    output(arrays, tensor)?.reals().ok_or_else(whole)
}
