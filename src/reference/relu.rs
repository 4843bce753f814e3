//! Rectified linear units: `torch.nn.functional.relu` (slope 0) and `leaky_relu` (`negative_slope`).
//!
//! `y = x` where `x > 0`, `slope·x` elsewhere.

/// x of any shape → y of the same.
pub fn forward(x: &[f64], slope: f64) -> Vec<f64> {
    x.iter().map(|&x| if x <= 0.0 { scaled(x, slope) } else { x }).collect()
}

/// slope·x, and 0 for slope 0 whatever x: 0·∞ would be no number.
fn scaled(x: f64, slope: f64) -> f64 {
    if slope == 0.0 { 0.0 } else { slope * x }
}

/// x and dy of one shape → dx of the same: dy where `x > 0`, `slope·dy` elsewhere, also at `x = 0`.
pub fn backward(x: &[f64], dy: &[f64], slope: f64) -> Vec<f64> {
    x.iter().zip(dy).map(|(&x, &dy)| if x <= 0.0 { scaled(dy, slope) } else { dy }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_gradient, normal};
    use super::*;

    #[test]
    fn tiny_values_by_hand() {
        let x = [-2.0, 0.0, 3.0];
        let dy = [10.0, 20.0, 30.0];
        assert_eq!(forward(&x, 0.0), [0.0, 0.0, 3.0]);
        assert_eq!(backward(&x, &dy, 0.0), [0.0, 0.0, 30.0]);
        assert_eq!(forward(&x, 0.5), [-1.0, 0.0, 3.0]);
        assert_eq!(backward(&x, &dy, 0.5), [5.0, 10.0, 30.0]);
        assert!(forward(&[f64::NAN], 0.0)[0].is_nan());
        assert_eq!(forward(&[f64::NEG_INFINITY, f64::INFINITY], 0.0), [0.0, f64::INFINITY]);
        assert_eq!(forward(&[f64::NEG_INFINITY], 0.5), [f64::NEG_INFINITY]);
        assert_eq!(backward(&[-1.0], &[f64::INFINITY], 0.0), [0.0]);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        let (x, dy) = (normal(65, "x"), normal(65, "dy"));
        for slope in [0.0, 0.01, 0.2] {
            let dx = backward(&x, &dy, slope);
            assert_gradient(|x| forward(x, slope), &x, &dy, &dx);
        }
    }
}
