//! The numerical derivative that gradients are tested against.

/// The derivative of `Σ f(x)·dy` at `x` along `direction`, from two evaluations:
/// `Σ (f(x + h·direction) − f(x − h·direction)) · dy / (2h)`.
///
/// A gradient `dx` is right when this equals `Σ dx·direction` for every direction. The error of the
/// difference itself is about `h²` for smooth functions, plus the rounding of `f` divided by `h`.
///
/// # Panics
///
/// When `direction` is not as long as `x`, or `f` returns another length than that of `dy`.
pub fn central_difference(
    mut f: impl FnMut(&[f64]) -> Vec<f64>,
    x: &[f64],
    dy: &[f64],
    direction: &[f64],
    h: f64,
) -> f64 {
    assert_eq!(direction.len(), x.len(), "one direction for each input");
    let mut f_at = |step: f64| {
        let moved: Vec<f64> = x.iter().zip(direction).map(|(x, direction)| x + step * direction).collect();
        f(&moved)
    };
    let (above, below) = (f_at(h), f_at(-h));
    assert_eq!(above.len(), dy.len(), "one dy for each output");
    let mut sum = 0.0;
    for i in 0..dy.len() {
        sum += (above[i] - below[i]) * dy[i];
    }
    sum / (2.0 * h)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivative_of_a_product_follows_the_product_rule() {
        // f(a, b) = (a·b, a) at (2, 3): gradient of 10·a·b + 100·a is (130, 20); along (1, −2) it is 90.
        let f = |x: &[f64]| vec![x[0] * x[1], x[0]];
        let found = central_difference(f, &[2.0, 3.0], &[10.0, 100.0], &[1.0, -2.0], 1e-4);
        assert!((found - 90.0).abs() < 1e-8, "{found}");
    }
}
