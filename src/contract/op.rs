//! What every op states of itself, so that one procedure checks, times and counts them all.

use super::{Array, Arrays, Bound, Case, Rig};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Variant};
use std::collections::BTreeMap;

/// Bounds by tensor name.
pub type Bounds = BTreeMap<&'static str, Bound>;

/// The contract of one op.
pub trait Op: Sync {
    /// The op's stem: that of its shader, its folder, or of the block that fuses several ops.
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

    /// The same in the kernels of `variant`, where families add up in ways whose errors differ.
    ///
    /// # Errors
    /// [`Error::Input`] when the case does not fit the op.
    fn bounds_in(&self, _variant: Variant, case: &Case, twin: &Arrays) -> Result<Bounds> {
        self.bounds(case, twin)
    }

    /// Whether values lie between its sums that kernels of mixed precision round to f16.
    fn is_chain(&self) -> bool {
        false
    }

    /// The own cases: ragged and unequal sizes, the extremes of the op, and the sizes of the paper's network.
    fn cases(&self) -> Vec<Case>;

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
pub(crate) fn output<'a>(arrays: &'a Arrays, tensor: &str) -> Result<&'a Array> {
    let missing = || Error::input("outputs", format!("a tensor \"{tensor}\""), "none of that name");
    arrays.get(tensor).ok_or_else(missing)
}

/// The real numbers of an output of `arrays`.
pub(crate) fn real_output(arrays: &Arrays, tensor: &str) -> Result<Vec<f64>> {
    let whole = || Error::input(format!("output \"{tensor}\""), "real numbers", "whole numbers");
    output(arrays, tensor)?.reals().ok_or_else(whole)
}

/// Outputs by name, all real.
pub(crate) fn reals<const T: usize>(outputs: [(&str, &[usize], Vec<f64>); T]) -> Arrays {
    outputs.into_iter().map(|(name, dims, values)| (name.into(), Array::f64(dims, values))).collect()
}

/// The case with the absolute values of its real inputs: for an op that only multiplies and adds inputs,
/// its outputs are the sums of the absolute values of the terms that the op adds up.
pub(crate) fn absolute(case: &Case) -> Case {
    let mut case = case.clone();
    for array in case.inputs.values_mut() {
        if let Some(values) = array.reals() {
            *array = Array::f64(&array.dims, values.into_iter().map(f64::abs).collect());
        }
    }
    case
}

/// The rounding bounds of outputs with those numbers of roundings, their magnitudes being the outputs of the
/// absolute case.
pub(crate) fn bilinear_bounds<const T: usize>(
    op: &dyn Op,
    case: &Case,
    roundings: [(&'static str, usize); T],
) -> Result<Bounds> {
    let magnitudes = op.twin(&absolute(case))?;
    let bound = |(name, roundings)| Ok((name, Bound::rounding(&real_output(&magnitudes, name)?, roundings)));
    roundings.into_iter().map(bound).collect()
}

/// The product of `dims`.
pub(crate) fn product(dims: &[usize]) -> usize {
    dims.iter().product()
}

/// The gradients of a layer with weight and bias.
pub(crate) const PARAMETRIC: &[Gradient] = &[
    Gradient { result: "dx", input: "x", output: "y" },
    Gradient { result: "dweight", input: "weight", output: "y" },
    Gradient { result: "dbias", input: "bias", output: "y" },
];

/// The gradient of a layer without parameters.
pub(crate) const OF_INPUT: &[Gradient] = &[Gradient { result: "dx", input: "x", output: "y" }];
