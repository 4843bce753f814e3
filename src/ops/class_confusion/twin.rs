//! Minimum class confusion: Jin, Wang, Long, Wang, "Minimum Class Confusion for Versatile Domain Adaptation", ECCV 2020,
//! equations 2 to 7.
//!
//! `p = softmax(logits / temperature)`, `w[n] = T · (1 + exp(−H(p[n]))) / Σ_m (1 + exp(−H(p[m])))`,
//! `C[i,j] = Σ_n w[n]·p[n,i]·p[n,j]`, `loss = 1/K · Σ_{i≠j} C[i,j] / Σ_l C[i,l]`, over the T rows behind the labelled ones.
//! The weights pass no gradient on. The row of a class that nothing is taken for counts as confused through and through.

use crate::ops::softmax::proof::forward as softmax;

/// logits (T, K) → probabilities (T, K) at a temperature.
pub fn probabilities(logits: &[f64], k: usize, temperature: f64) -> Vec<f64> {
    let cooled: Vec<f64> = logits.iter().map(|logit| logit / temperature).collect();
    softmax(&cooled, k).0
}

/// p (T, K), weights (T) → C (K, K).
fn confusion(p: &[f64], weights: &[f64], k: usize) -> Vec<f64> {
    let mut c = vec![0.0; k * k];
    for (row, weight) in p.chunks_exact(k).zip(weights) {
        for i in 0..k {
            for j in 0..k {
                c[i * k + j] += weight * row[i] * row[j];
            }
        }
    }
    c
}

/// logits (T, K) → each class's share of the loss (K), the rows weighted with `weights`.
pub fn forward(logits: &[f64], weights: &[f64], k: usize, temperature: f64) -> Vec<f64> {
    let c = confusion(&probabilities(logits, k, temperature), weights, k);
    let mut losses = Vec::new();
    for i in 0..k {
        let row = &c[i * k..(i + 1) * k];
        let (sum, others) = (row.iter().sum::<f64>(), row.iter().sum::<f64>() - row[i]);
        losses.push(if sum > 0.0 { others / sum / k as f64 } else { 1.0 / k as f64 });
    }
    losses
}

/// logits (T, K) → the gradient of the loss (T, K), first with respect to C, then to p, then through the softmax.
pub fn backward(logits: &[f64], weights: &[f64], k: usize, temperature: f64) -> Vec<f64> {
    let p = probabilities(logits, k, temperature);
    let c = confusion(&p, weights, k);
    let mut dc = vec![0.0; k * k];
    for i in 0..k {
        let row = &c[i * k..(i + 1) * k];
        let sum: f64 = row.iter().sum();
        for j in 0..k {
            let others = sum - row[i];
            let own = if i == j { 0.0 } else { 1.0 / sum };
            dc[i * k + j] = if sum > 0.0 { (own - others / (sum * sum)) / k as f64 } else { 0.0 };
        }
    }
    let mut dlogits = Vec::new();
    for (row, weight) in p.chunks_exact(k).zip(weights) {
        let dp: Vec<f64> =
            (0..k).map(|i| (0..k).map(|j| weight * row[j] * (dc[i * k + j] + dc[j * k + i])).sum()).collect();
        let mean: f64 = row.iter().zip(&dp).map(|(p, dp)| p * dp).sum();
        dlogits.extend(row.iter().zip(&dp).map(|(p, dp)| p * (dp - mean) / temperature));
    }
    dlogits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_close, assert_gradient, normal};
    use crate::ops::entropy_weights::proof::row_weights;

    #[test]
    fn tiny_values_by_hand() {
        // Both rows count alike. p is (1/4, 3/4) and (3/4, 1/4): C has 5/8 on its diagonal and 3/8 beside it.
        let logits = [0.0, 2.0 * 3_f64.ln(), 3_f64.ln(), -3_f64.ln()];
        let weights = row_weights(&probabilities(&logits, 2, 2.0), 2);
        assert_close(&weights, &[1.0, 1.0], 1e-15);
        assert_close(&forward(&logits, &weights, 2, 2.0), &[3.0 / 16.0, 3.0 / 16.0], 1e-15);
    }

    #[test]
    fn surer_rows_count_more() {
        let weights = row_weights(&[0.5, 0.5, 1.0, 0.0], 2);
        // 1 + e^(-ln 2) against 1 + e^0, in the ratio 3 to 4 and with 2 as their sum.
        assert_close(&weights, &[6.0 / 7.0, 8.0 / 7.0], 1e-15);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        for (n, k, temperature) in [(2, 2, 1.0), (7, 3, 2.5), (4, 5, 1.5)] {
            let logits = normal(n * k, "logits");
            let weights = row_weights(&probabilities(&logits, k, temperature), k);
            let losses = |logits: &[f64]| forward(logits, &weights, k, temperature);
            let dlogits = backward(&logits, &weights, k, temperature);
            assert_gradient(losses, &logits, &vec![1.0; k], &dlogits);
        }
    }
}
