//! Comparing a tensor with what it should be. Nothing passes by default: NaN and infinities fail.

use super::bound::norm;
use super::{Array, Bound, Values};
use crate::error::{Error, Result};

/// How one tensor compares with what it should be.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The tensor.
    pub tensor: String,
    /// The largest absolute error.
    pub error_max: f64,
    /// ‖error‖₂ / ‖expected‖₂ (where that is 0, ‖error‖₂).
    pub error_l2: f64,
    /// The largest L2 error allowed, relative as `error_l2`.
    pub bound_l2: f64,
    /// The largest share of a bound used up; at most 1 in what passes.
    pub ratio: f64,
    /// What is wrong; `None` in what passes.
    pub failure: Option<String>,
}

/// Compares `actual` with `expected`: whole numbers exactly, real numbers within `bound`.
///
/// # Errors
/// [`Error::Input`] when kind or shape differ.
pub fn compare(tensor: &str, actual: &Array, expected: &Array, bound: &Bound) -> Result<Comparison> {
    if actual.dims != expected.dims {
        let subject = format!("tensor \"{tensor}\"");
        return Err(Error::input(
            subject,
            format!("shape {:?}", expected.dims),
            format!("{:?}", actual.dims),
        ));
    }
    match (&actual.values, &expected.values) {
        (Values::U32(actual), Values::U32(expected)) => {
            let real = |values: &[u32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
            let exact = Bound::exact(expected.len());
            Ok(compare_reals(tensor, &real(actual), &real(expected), &exact))
        }
        _ => match (actual.reals(), expected.reals()) {
            (Some(actual), Some(expected)) => Ok(compare_reals(tensor, &actual, &expected, bound)),
            _ => Err(Error::input(
                format!("tensor \"{tensor}\""),
                "one kind of numbers",
                "real and whole ones",
            )),
        },
    }
}

/// Compares real numbers; lengths that differ fail.
pub fn compare_reals(tensor: &str, actual: &[f64], expected: &[f64], bound: &Bound) -> Comparison {
    let errors: Vec<f64> = actual.iter().zip(expected).map(|(a, b)| (a - b).abs()).collect();
    // The value that uses up the largest share of its bound.
    let (mut ratio, mut worst) = (0.0, None);
    for (i, (&error, &bound)) in errors.iter().zip(&bound.each).enumerate() {
        let share = share(error, bound);
        if share > ratio {
            (ratio, worst) = (share, Some(i));
        }
    }
    let (error_norm, expected_norm) = (norm(&errors), norm(expected));
    let scale = if expected_norm > 0.0 { expected_norm } else { 1.0 };
    let ratio_l2 = share(error_norm, bound.l2);
    let lengths = actual.len() == expected.len() && expected.len() == bound.each.len();
    let failure = if !lengths {
        Some(format!("{tensor} holds {} values, {} were expected", actual.len(), expected.len()))
    } else if !passes(ratio) {
        worst.map(|i| {
            let (actual, expected) = (actual[i], expected[i]);
            format!("{tensor}[{i}] is {actual:e}, expected {expected:e} ± {:.1e}", bound.each[i])
        })
    } else if !passes(ratio_l2) {
        let (error, bound) = (error_norm / scale, bound.l2 / scale);
        Some(format!("{tensor} has a relative L2 error of {error:.2e}, allowed are {bound:.2e}"))
    } else {
        None
    };
    Comparison {
        tensor: tensor.into(),
        error_max: errors.iter().fold(0.0, |largest, &error| if error <= largest { largest } else { error }),
        error_l2: error_norm / scale,
        bound_l2: bound.l2 / scale,
        ratio: ratio.max(ratio_l2),
        failure,
    }
}

/// The share of `bound` that `error` uses up; infinite for errors that are not finite and for any error
/// where none is allowed.
fn share(error: f64, bound: f64) -> f64 {
    let passes = error.is_finite() && error <= bound;
    match (passes, error == 0.0) {
        (_, true) => 0.0,
        (true, false) => error / bound,
        (false, false) if error.is_finite() && bound > 0.0 => error / bound,
        (false, false) => f64::INFINITY,
    }
}

fn passes(ratio: f64) -> bool {
    ratio.is_finite() && ratio <= 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(actual: &[f64], expected: &[f64], bound: &Bound) -> bool {
        compare_reals("t", actual, expected, bound).failure.is_some()
    }

    #[test]
    fn only_finite_errors_within_the_bound_pass() {
        let loose = Bound { each: vec![0.5; 2], l2: f64::INFINITY };
        assert!(!fails(&[1.0, 2.5], &[1.0, 2.0], &loose));
        assert!(fails(&[1.0, 2.6], &[1.0, 2.0], &loose));
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(fails(&[1.0, bad], &[1.0, 2.0], &loose));
            assert!(fails(&[1.0, 2.0], &[1.0, bad], &loose));
            assert!(fails(&[1.0, bad], &[1.0, bad], &loose));
        }
        assert!(fails(&[1.0], &[1.0, 2.0], &loose), "a missing value");
        assert!(!fails(&[1.0, 2.0], &[1.0, 2.0], &Bound::exact(2)));
        assert!(fails(&[1.0, 2.0 + 1e-15], &[1.0, 2.0], &Bound::exact(2)));
    }

    #[test]
    fn the_norm_of_all_errors_is_bounded_too() {
        let tight = Bound { each: vec![0.5; 2], l2: 0.6 };
        assert!(!fails(&[0.5, 0.1], &[0.0, 0.0], &tight));
        assert!(fails(&[0.5, 0.5], &[0.0, 0.0], &tight));
    }

    #[test]
    fn whole_numbers_are_compared_exactly() {
        let compare = |a: u32| {
            let bound = Bound { each: vec![9.0], l2: 9.0 };
            compare("t", &Array::u32(&[1], vec![a]), &Array::u32(&[1], vec![7]), &bound)
        };
        assert!(compare(7).is_ok_and(|c| c.failure.is_none()));
        assert!(compare(8).is_ok_and(|c| c.failure.is_some()));
        let real = Array::f32(&[1], vec![7.0]);
        assert!(super::compare("t", &real, &Array::u32(&[1], vec![7]), &Bound::exact(1)).is_err());
    }

    #[test]
    fn the_golden_rule_allows_what_it_says() {
        let expected = [100.0, 1.0, 0.0];
        let bound = Bound::golden(&expected);
        assert!(!fails(&[100.0, 1.001, 0.0], &expected, &bound));
        assert!(fails(&[100.0, 1.003, 0.0], &expected, &bound), "L2");
        assert!(fails(&[0.0, 1.1e-4], &[0.0, 0.0], &Bound::golden(&[0.0; 2])));
        assert!(!fails(&[0.0, 0.9e-4], &[0.0, 0.0], &Bound::golden(&[0.0; 2])));
    }
}
