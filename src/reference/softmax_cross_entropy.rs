//! Cross-entropy of the softmax of logits: `torch.nn.functional.cross_entropy` with `reduction="none"`.
//!
//! `loss[n] = scale · (ln Σ_k exp(logits[n,k]) − logits[n, labels[n]])`
//!
//! With `scale` 1/N the losses sum up to PyTorch's mean. Each row's maximum is subtracted before the
//! exponential, so logits of any size are safe.

/// logits (N, K), labels (N) → loss of each row (N).
pub fn forward(logits: &[f64], labels: &[u32], scale: f64, k: usize) -> Vec<f64> {
    let mut losses = Vec::new();
    for (row, &label) in logits.chunks_exact(k).zip(labels) {
        let max = maximum(row);
        let sum: f64 = row.iter().map(|logit| (logit - max).exp()).sum();
        losses.push(scale * (sum.ln() - (row[label as usize] - max)));
    }
    losses
}

/// logits (N, K), labels (N) → dlogits (N, K), the gradient of the sum of the losses:
/// `scale · (softmax(logits)[n,k] − [k = labels[n]])`.
pub fn backward(logits: &[f64], labels: &[u32], scale: f64, k: usize) -> Vec<f64> {
    let mut dlogits = Vec::new();
    for (row, &label) in logits.chunks_exact(k).zip(labels) {
        let max = maximum(row);
        let sum: f64 = row.iter().map(|logit| (logit - max).exp()).sum();
        for (class, logit) in row.iter().enumerate() {
            let one_hot = if class == label as usize { 1.0 } else { 0.0 };
            dlogits.push(scale * ((logit - max).exp() / sum - one_hot));
        }
    }
    dlogits
}

/// The largest logit of a row.
fn maximum(row: &[f64]) -> f64 {
    row.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, assert_gradient, normal};
    use super::*;

    #[test]
    fn tiny_values_by_hand() {
        // The softmax of row 0 is (1/4, 3/4), of row 1 (1/2, 1/2).
        let logits = [0.0, 3f64.ln(), 5.0, 5.0];
        let losses = forward(&logits, &[0, 1], 2.0, 2);
        assert_close(&losses, &[2.0 * 4f64.ln(), 2.0 * 2f64.ln()], 1e-14);
        let dlogits = backward(&logits, &[0, 1], 2.0, 2);
        assert_close(&dlogits, &[-1.5, 1.5, 1.0, -1.0], 1e-14);
    }

    #[test]
    fn huge_logits_are_safe() {
        let logits = [1e4, -1e4, 1e4, 1e4, -1e4, -1e4];
        let losses = forward(&logits, &[1, 0, 1], 1.0, 2);
        assert_close(&losses, &[2e4, 2f64.ln(), 2f64.ln()], 1e-14);
        let dlogits = backward(&logits, &[1, 0, 1], 1.0, 2);
        assert_close(&dlogits, &[1.0, -1.0, -0.5, 0.5, 0.5, -0.5], 1e-14);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        for (n, k) in [(1, 2), (17, 10), (5, 12)] {
            let labels: Vec<u32> = (0..n).map(|row| (row * 7 % k) as u32).collect();
            let logits = normal(n * k, "logits");
            for scale in [1.0, 0.3] {
                let dlogits = backward(&logits, &labels, scale, k);
                let losses = |logits: &[f64]| forward(logits, &labels, scale, k);
                assert_gradient(losses, &logits, &vec![1.0; n], &dlogits);
            }
        }
    }
}
