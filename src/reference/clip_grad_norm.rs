//! Gradients scaled down together: `torch.nn.utils.clip_grad_norm_` with the 2-norm.
//!
//! `grad' = grad · min(1, max_norm / (‖grad‖₂ + 1e-6))`

/// grad, scaled.
pub fn clip(grad: &[f64], max_norm: f64) -> Vec<f64> {
    let norm = grad.iter().map(|value| value * value).sum::<f64>().sqrt();
    let factor = (max_norm / (norm + 1e-6)).min(1.0);
    grad.iter().map(|value| value * factor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_gradients_get_the_wanted_norm_and_short_ones_stay() {
        let clipped = clip(&[3.0, -4.0], 2.5);
        assert!((clipped[0] - 1.5).abs() < 1e-6 && (clipped[1] + 2.0).abs() < 1e-6, "{clipped:?}");
        assert_eq!(clip(&[3.0, -4.0], 5.1), [3.0, -4.0]);
        assert_eq!(clip(&[0.0], 1.0), [0.0]);
    }
}
