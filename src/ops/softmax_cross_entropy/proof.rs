//! Cross-entropy of the softmax of logits: `torch.nn.functional.cross_entropy` with `reduction="none"`.
//!
//! `loss[n] = scale · (ln Σ_k exp(logits[n,k]) − logits[n, labels[n]])`
//!
//! With `scale` 1/N the losses sum up to PyTorch's mean. Each row's maximum is subtracted before the
//! exponential, so logits of any size are safe.
//!
//! Proof of softmax_cross_entropy: the mean loss and dlogits from logits and labels.

use crate::contract::{Array, Arrays, Bound, Bounds, Case, Gradient, Op, Rig, SEED, real_output, reals};
use crate::error::Result;
use crate::ops::{Step, metrics, softmax_cross_entropy as host};
use rand::RngExt;

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

pub struct SoftmaxCrossEntropy;

fn shape(case: &Case) -> Result<[usize; 2]> {
    let [n, k] = case.dims("logits")?;
    case.expect_indices("labels", &[n], k)?;
    Ok([n, k])
}

impl Op for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "softmax_cross_entropy"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["logits", "labels"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let [n, k] = shape(rig.case)?;
        let (logits, labels) = (rig.input("logits")?, rig.input("labels")?);
        let row_losses = rig.output("row_losses", &[n])?;
        let dlogits = rig.output("dlogits", &[n, k])?;
        let table = rig.scratch("table", &[1, 2])?;
        let step = rig.step(Step::default())?;
        rig.expose("loss", &table.reshaped(&[1]));
        let scale = 1.0 / n as f32;
        host::forward_backward(&mut rig.rec, &logits, &labels, &row_losses, &dlogits, scale)?;
        metrics::reduce(&mut rig.rec, &step, &row_losses, &logits, &labels, &table, 0)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let [n, k] = shape(case)?;
        let (logits, labels) = (case.reals("logits")?, case.whole("labels")?);
        let scale = 1.0 / n as f64;
        let row_losses = forward(&logits, labels, scale, k);
        let loss = row_losses.iter().sum();
        Ok(reals([
            ("loss", &[1], vec![loss]),
            ("row_losses", &[n], row_losses),
            ("dlogits", &[n, k], backward(&logits, labels, scale, k)),
        ]))
    }

    /// WGSL lets exp(d) be off by 3 + 2·|d| units in the last place, division by 2.5, and log by 3 or by 2⁻²¹
    /// near 1; a unit in the last place is at most two roundings. K additions add up the exponentials.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let [n, k] = shape(case)?;
        let (logits, labels) = (case.reals("logits")?, case.whole("labels")?);
        let (mut losses, mut gradients) = (Vec::new(), Vec::new());
        for (row, &label) in logits.chunks_exact(k).zip(labels) {
            let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let exp = |logit: f64| (logit - max).exp();
            // Its subtraction is off by |d| roundings too, and so is the exponential, relatively.
            let of_exp = |logit: f64| 6.0 + 5.0 * (max - logit);
            let sum: f64 = row.iter().map(|&logit| exp(logit)).sum();
            let of_sum = k as f64 + row.iter().map(|&l| exp(l) / sum * of_exp(l)).sum::<f64>();
            let below = max - row[label as usize];
            losses.push((of_sum + 8.0 + 7.0 * sum.ln() + 3.0 * below) / n as f64);
            for (class, &logit) in row.iter().enumerate() {
                let one_hot = f64::from(class == label as usize);
                let of_probability = exp(logit) / sum * (of_exp(logit) + of_sum + 5.0);
                gradients.push((of_probability + 3.0 * one_hot) / n as f64);
            }
        }
        let row_losses = real_output(twin, "row_losses")?;
        // The largest sum is rounded at most once for each row.
        let total = losses.iter().sum::<f64>() + n as f64 * row_losses.iter().sum::<f64>();
        Ok([
            ("loss", Bound::guaranteed(&[total])),
            ("row_losses", Bound::guaranteed(&losses)),
            ("dlogits", Bound::guaranteed(&gradients)),
        ]
        .into())
    }

    fn gradients(&self) -> &'static [Gradient] {
        &[Gradient { result: "dlogits", input: "logits", output: "loss" }]
    }

    fn upstream(&self, _: &Case) -> Result<Vec<f64>> {
        Ok(vec![1.0])
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, n: usize, k: usize, scale| {
        Case::new("softmax_cross_entropy", name, SEED).normal("logits", &[n, k], scale).indices(
            "labels",
            &[n],
            k as u32,
        )
    };
    let huge = |case: Case| {
        let mut rng = case.stream("huge");
        let draw = |_| if rng.random::<bool>() { 1e4 } else { -1e4 };
        case.input("logits", Array::f32(&[65, 3], (0..195).map(draw).collect()))
    };
    vec![
        case("one class", 3, 1, 1.0),
        case("one row of two", 1, 2, 1.0),
        case("ragged", 17, 15, 1.0),
        case("digits", 129, 10, 3.0),
        case("confident", 65, 12, 30.0),
        huge(case("logits of ±10,000", 65, 3, 1.0)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_close, assert_gradient, normal};

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
