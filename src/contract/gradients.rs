//! The twins' gradients against central differences of their own forward pass.

use super::bound::norm;
use super::compare::compare_reals;
use super::op::{Gradient, Op, real_output};
use super::{Array, Arrays, Bound, Case, Comparison, central_difference};
use crate::error::{Error, Result};
use rand_distr::{Distribution, StandardNormal};

/// The step of the difference: its own error is about h² = 1e-10, relatively.
const H: f64 = 1e-5;

/// Compares each gradient of the case's twin, along a random direction, with a central difference. A case may do without an
/// input, such as a bias; then there is no gradient of it, but at least one of another.
///
/// # Errors
/// [`Error::Input`] when the case does not fit its op.
pub fn compare_gradients(op: &dyn Op, case: &Case) -> Result<Vec<Comparison>> {
    let twin = op.twin(case)?;
    let gradients: Vec<&Gradient> =
        op.gradients().iter().filter(|gradient| case.inputs.contains_key(gradient.input)).collect();
    if gradients.is_empty() {
        return Err(Error::input(&case.op, "an input that there is a gradient of", "none"));
    }
    gradients.into_iter().map(|gradient| compare_gradient(op, case, &twin, gradient)).collect()
}

/// One direction sees every value of the gradient, as none of its components is 0.
///
/// The bound: a millionth of the terms that the directional derivative adds up, for the error of the
/// difference; and the f64 rounding of the terms behind the output, divided by h.
fn compare_gradient(op: &dyn Op, case: &Case, twin: &Arrays, gradient: &Gradient) -> Result<Comparison> {
    let (x, upstream) = (case.reals(gradient.input)?, op.upstream(case)?);
    let analytic = real_output(twin, gradient.result)?;
    let y = real_output(twin, gradient.output)?;
    if analytic.len() != x.len() || upstream.len() != y.len() {
        let expected =
            format!("{} as long as {}, upstream as {}", gradient.result, gradient.input, gradient.output);
        return Err(Error::input(&case.op, expected, "other lengths"));
    }
    let direction: Vec<f64> =
        StandardNormal.sample_iter(case.stream(gradient.result)).take(x.len()).collect();
    let mut failed = None;
    let forward = |x: &[f64]| match forward(op, case, gradient, x) {
        Ok(y) => y,
        Err(error) => {
            failed = Some(error);
            vec![f64::NAN; upstream.len()]
        }
    };
    let numeric = central_difference(forward, &x, &upstream, &direction, H);
    if let Some(error) = failed {
        return Err(error);
    }
    let terms = || analytic.iter().zip(&direction).map(|(g, d)| g * d);
    let size: f64 = terms().map(f64::abs).sum();
    let rounding = 8.0 * f64::EPSILON * norm(&y) * norm(&upstream) / H;
    let bound = 1e-6 * size + rounding;
    let bound = Bound { each: vec![bound], l2: bound };
    Ok(compare_reals(gradient.result, &[terms().sum()], &[numeric], &bound))
}

/// The output that is differentiated, with `x` for the input.
fn forward(op: &dyn Op, case: &Case, gradient: &Gradient, x: &[f64]) -> Result<Vec<f64>> {
    let dims = &case.array(gradient.input)?.dims;
    let moved = case.clone().input(gradient.input, Array::f64(dims, x.to_vec()));
    real_output(&op.twin(&moved)?, gradient.output)
}
