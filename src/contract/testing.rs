//! What the unit tests of the twins share: random values and the test of a gradient.

use super::{Case, Op, central_difference, compare, run};
use crate::gpu::Gpu;
use crate::rng;
use rand_distr::{Distribution, StandardNormal};

/// `len` standard normal values, the same ones for the same name.
pub fn normal(len: usize, name: &str) -> Vec<f64> {
    StandardNormal.sample_iter(rng::stream(1, name)).take(len).collect()
}

/// Whether every value is within `tolerance` of the expected one; NaN never is.
pub fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let close = (found - expected).abs() <= tolerance;
        assert!(close, "[{i}]: found {found}, expected {expected}");
    }
}

/// Fails unless `gradient` is the gradient of `Σ f(x)·dy` at `x`: along each axis, and along eight random
/// directions, it agrees with the central difference to a millionth of the terms it sums up.
pub fn assert_gradient(mut f: impl FnMut(&[f64]) -> Vec<f64>, x: &[f64], dy: &[f64], gradient: &[f64]) {
    assert_eq!(gradient.len(), x.len());
    let axes = (0..x.len()).map(|axis| {
        let mut direction = vec![0.0; x.len()];
        direction[axis] = 1.0;
        direction
    });
    let random = (0..8).map(|i| normal(x.len(), &format!("direction {i}")));
    for (i, direction) in axes.chain(random).enumerate() {
        let numeric = central_difference(&mut f, x, dy, &direction, 1e-5);
        let terms = || gradient.iter().zip(&direction).map(|(g, d)| g * d);
        let analytic: f64 = terms().sum();
        let size: f64 = terms().map(f64::abs).sum();
        let agrees = (numeric - analytic).abs() <= 1e-6 * size;
        assert!(agrees, "direction {i}: gradient {analytic}, central difference {numeric}");
    }
}

/// Runs `case` on `gpu` and holds what comes of it to the twin.
pub fn assert_like_twin(op: &dyn Op, gpu: &Gpu, case: &Case) {
    let found = run(op, gpu, case).expect("results");
    let twin = op.twin(case).expect("a twin");
    let bounds = op.bounds(case, &twin).expect("bounds");
    for (name, expected) in &twin {
        let compared = compare(name, &found[name.as_str()], expected, &bounds[name.as_str()]);
        assert_eq!(compared.expect("a comparison").failure, None, "{}: {name}", case.name);
    }
}
