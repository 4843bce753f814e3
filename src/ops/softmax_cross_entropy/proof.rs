//! Cross-entropy of the softmax of logits: `torch.nn.functional.cross_entropy` with `reduction="none"`, and its
//! `label_smoothing`.
//!
//! `loss[n] = scale · w[n] · −Σ_k q[n,k] · ln softmax(logits[n])[k]`, `q[n,k] = (1 − smoothing) · [k = labels[n]] + smoothing / K`
//!
//! With `scale` 1/N and weights of 1 the losses sum up to PyTorch's mean. Each row's maximum is subtracted before the
//! exponential, so logits of any size are safe.
//!
//! Proof of softmax_cross_entropy: the mean loss and dlogits from logits and labels.

use crate::contract::{Array, Arrays, Bound, Bounds, Case, Gradient, Op, Rig, SEED, real_output, reals};
use crate::error::Result;
use crate::ops::softmax_cross_entropy::{self as host, Counts};
use crate::ops::{Step, metrics};
use rand::RngExt;

/// What is made of the labels: their classes, what is spread of them, and the factor of each row.
pub struct Targets<'a> {
    pub labels: &'a [u32],
    pub smoothing: f64,
    /// `scale · w[n]`
    pub factors: &'a [f64],
}

/// q of a class.
fn target(class: usize, label: u32, smoothing: f64, k: usize) -> f64 {
    let one_hot = if class == label as usize { 1.0 } else { 0.0 };
    (1.0 - smoothing) * one_hot + smoothing / k as f64
}

/// logits (N, K) → loss of each row (N).
pub fn forward(logits: &[f64], targets: &Targets<'_>, k: usize) -> Vec<f64> {
    let mut losses = Vec::new();
    for (n, row) in logits.chunks_exact(k).enumerate() {
        let max = maximum(row);
        let sum: f64 = row.iter().map(|logit| (logit - max).exp()).sum();
        let mut loss = 0.0;
        for (class, logit) in row.iter().enumerate() {
            let q = target(class, targets.labels[n], targets.smoothing, k);
            loss += q * (sum.ln() - (logit - max));
        }
        losses.push(targets.factors[n] * loss);
    }
    losses
}

/// logits (N, K) → dlogits (N, K), the gradient of the sum of the losses: `scale · w[n] · (softmax(logits)[n,k] − q[n,k])`.
pub fn backward(logits: &[f64], targets: &Targets<'_>, k: usize) -> Vec<f64> {
    let mut dlogits = Vec::new();
    for (n, row) in logits.chunks_exact(k).enumerate() {
        let max = maximum(row);
        let sum: f64 = row.iter().map(|logit| (logit - max).exp()).sum();
        for (class, logit) in row.iter().enumerate() {
            let q = target(class, targets.labels[n], targets.smoothing, k);
            dlogits.push(targets.factors[n] * ((logit - max).exp() / sum - q));
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
    if case.inputs.contains_key("weights") {
        case.expect_reals("weights", &[n])?;
    }
    Ok([n, k])
}

fn smoothing(case: &Case) -> Result<f32> {
    if case.attributes.contains_key("smoothing") { case.real("smoothing") } else { Ok(0.0) }
}

/// What each row is multiplied by.
fn factors(case: &Case, n: usize) -> Result<Vec<f64>> {
    let weights = if case.inputs.contains_key("weights") { case.reals("weights")? } else { vec![1.0; n] };
    Ok(weights.iter().map(|weight| weight / n as f64).collect())
}

impl Op for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "softmax_cross_entropy"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["smoothing"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["logits", "labels", "weights"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let [n, k] = shape(rig.case)?;
        let (logits, labels) = (rig.input("logits")?, rig.input("labels")?);
        let row_losses = rig.output("row_losses", &[n])?;
        let dlogits = rig.output("dlogits", &[n, k])?;
        let table = rig.scratch("table", &[1, 2])?;
        let step = rig.step(Step::default())?;
        rig.expose("loss", &table.reshaped(&[1]));
        let weights = rig.case.inputs.contains_key("weights").then(|| rig.input("weights")).transpose()?;
        let smoothing = smoothing(rig.case)?;
        let counts = Counts { scale: 1.0 / n as f32, smoothing, weights: weights.as_ref() };
        host::forward_backward(&mut rig.rec, &logits, &labels, &row_losses, &dlogits, counts)?;
        metrics::reduce(&mut rig.rec, &step, &row_losses, &logits, &labels, &table, 0)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let [n, k] = shape(case)?;
        let (logits, labels) = (case.reals("logits")?, case.whole("labels")?);
        let (smoothing, factors) = (f64::from(smoothing(case)?), factors(case, n)?);
        let targets = Targets { labels, smoothing, factors: &factors };
        let row_losses = forward(&logits, &targets, k);
        let loss = row_losses.iter().sum();
        Ok(reals([
            ("loss", &[1], vec![loss]),
            ("row_losses", &[n], row_losses),
            ("dlogits", &[n, k], backward(&logits, &targets, k)),
        ]))
    }

    /// WGSL lets exp(d) be off by 3 + 2·|d| units in the last place, division by 2.5, and log by 3 or by 2⁻²¹
    /// near 1; a unit in the last place is at most two roundings. K additions add up the exponentials, and with label smoothing
    /// the distances from the largest logit.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let [n, k] = shape(case)?;
        let (logits, labels) = (case.reals("logits")?, case.whole("labels")?);
        let (smoothing, factors) = (f64::from(smoothing(case)?), factors(case, n)?);
        let (mut losses, mut gradients) = (Vec::new(), Vec::new());
        for ((row, &label), factor) in logits.chunks_exact(k).zip(labels).zip(&factors) {
            let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let exp = |logit: f64| (logit - max).exp();
            // Its subtraction is off by |d| roundings too, and so is the exponential, relatively.
            let of_exp = |logit: f64| 6.0 + 5.0 * (max - logit);
            let sum: f64 = row.iter().map(|&logit| exp(logit)).sum();
            let of_sum = k as f64 + row.iter().map(|&l| exp(l) / sum * of_exp(l)).sum::<f64>();
            let weighted =
                row.iter().enumerate().map(|(class, l)| target(class, label, smoothing, k) * (max - l));
            let below: f64 = weighted.sum();
            let of_below = if smoothing > 0.0 { 7.0 + k as f64 } else { 3.0 };
            losses.push(factor * (of_sum + 8.0 + 8.0 * sum.ln() + (1.0 + of_below) * below));
            for (class, &logit) in row.iter().enumerate() {
                let q = target(class, label, smoothing, k);
                let of_probability = exp(logit) / sum * (of_exp(logit) + of_sum + 6.0);
                gradients.push(factor * (of_probability + 7.0 * q));
            }
        }
        // The largest sum is rounded at most once for each row.
        let row_losses = real_output(twin, "row_losses")?;
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
    let smoothed = |case: Case| case.attribute("smoothing", 0.1);
    let weighted = |case: Case, n: usize| {
        let weights = (0..n).map(|row| (row % 5) as f32 * 0.4).collect();
        case.input("weights", Array::f32(&[n], weights))
    };
    vec![
        case("one class", 3, 1, 1.0),
        case("one row of two", 1, 2, 1.0),
        case("ragged", 17, 15, 1.0),
        case("digits", 129, 10, 3.0),
        case("confident", 65, 12, 30.0),
        huge(case("logits of ±10,000", 65, 3, 1.0)),
        smoothed(case("smoothed", 65, 7, 3.0)),
        smoothed(huge(case("smoothed, logits of ±10,000", 65, 3, 1.0))),
        weighted(case("weighted", 65, 2, 3.0), 65),
        smoothed(weighted(case("smoothed and weighted", 33, 10, 1.0), 33)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_close, assert_gradient, normal};

    const ONES: [f64; 17] = [1.0; 17];

    fn plain(labels: &[u32]) -> Targets<'_> {
        Targets { labels, smoothing: 0.0, factors: &ONES }
    }

    #[test]
    fn tiny_values_by_hand() {
        // The softmax of row 0 is (1/4, 3/4), of row 1 (1/2, 1/2).
        let logits = [0.0, 3f64.ln(), 5.0, 5.0];
        let twice = Targets { factors: &[2.0; 2], ..plain(&[0, 1]) };
        assert_close(&forward(&logits, &twice, 2), &[2.0 * 4f64.ln(), 2.0 * 2f64.ln()], 1e-14);
        assert_close(&backward(&logits, &twice, 2), &[-1.5, 1.5, 1.0, -1.0], 1e-14);
        // Half of each label is spread: (3/4, 1/4) of row 0.
        let smoothed = Targets { smoothing: 0.5, ..plain(&[0, 1]) };
        let first = 0.75 * 4f64.ln() + 0.25 * (4f64 / 3.0).ln();
        assert_close(&forward(&logits, &smoothed, 2), &[first, 2f64.ln()], 1e-14);
        assert_close(&backward(&logits, &smoothed, 2), &[-0.5, 0.5, 0.25, -0.25], 1e-14);
    }

    #[test]
    fn huge_logits_are_safe() {
        let logits = [1e4, -1e4, 1e4, 1e4, -1e4, -1e4];
        assert_close(&forward(&logits, &plain(&[1, 0, 1]), 2), &[2e4, 2f64.ln(), 2f64.ln()], 1e-14);
        assert_close(&backward(&logits, &plain(&[1, 0, 1]), 2), &[1.0, -1.0, -0.5, 0.5, 0.5, -0.5], 1e-14);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        for (n, k) in [(1, 2), (17, 10), (5, 12)] {
            let labels: Vec<u32> = (0..n).map(|row| (row * 7 % k) as u32).collect();
            let logits = normal(n * k, "logits");
            let factors: Vec<f64> = (0..n).map(|row| 0.3 + row as f64).collect();
            for smoothing in [0.0, 0.3] {
                let targets = Targets { labels: &labels, smoothing, factors: &factors };
                let dlogits = backward(&logits, &targets, k);
                assert_gradient(|logits| forward(logits, &targets, k), &logits, &vec![1.0; n], &dlogits);
            }
        }
    }
}
