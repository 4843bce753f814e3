//! Cross-entropy of the softmax of logits: `torch.nn.functional.cross_entropy` with `reduction="none"`, and its
//! `label_smoothing`.
//!
//! `loss[n] = scale · w[n] · −Σ_k q[n,k] · ln softmax(logits[n])[k]`, `q[n,k] = (1 − smoothing) · [k = labels[n]] + smoothing / K`
//!
//! With `scale` 1/N and weights of 1 the losses sum up to PyTorch's mean. Each row's maximum is subtracted before the
//! exponential, so logits of any size are safe. Weights of classes multiply each q[n,k], and the mean is divided by the sum of
//! those of the labels instead of N, as PyTorch's `weight` does.
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
    /// The weight of each class.
    pub class_weights: &'a [f64],
}

impl Targets<'_> {
    /// q of a class in row `n`, times the class's weight.
    fn of(&self, n: usize, class: usize) -> f64 {
        let one_hot = if class == self.labels[n] as usize { 1.0 } else { 0.0 };
        let k = self.class_weights.len() as f64;
        self.class_weights[class] * ((1.0 - self.smoothing) * one_hot + self.smoothing / k)
    }
}

/// logits (N, K) → loss of each row (N).
pub fn forward(logits: &[f64], targets: &Targets<'_>, k: usize) -> Vec<f64> {
    let mut losses = Vec::new();
    for (n, row) in logits.chunks_exact(k).enumerate() {
        let max = maximum(row);
        let sum: f64 = row.iter().map(|logit| (logit - max).exp()).sum();
        let mut loss = 0.0;
        for (class, logit) in row.iter().enumerate() {
            let q = targets.of(n, class);
            loss += q * (sum.ln() - (logit - max));
        }
        losses.push(targets.factors[n] * loss);
    }
    losses
}

/// logits (N, K) → dlogits (N, K), the gradient of the sum of the losses:
/// `scale · w[n] · (softmax(logits)[n,k] · Σ_j q[n,j] − q[n,k])`.
pub fn backward(logits: &[f64], targets: &Targets<'_>, k: usize) -> Vec<f64> {
    let mut dlogits = Vec::new();
    for (n, row) in logits.chunks_exact(k).enumerate() {
        let max = maximum(row);
        let sum: f64 = row.iter().map(|logit| (logit - max).exp()).sum();
        let all: f64 = (0..k).map(|class| targets.of(n, class)).sum();
        for (class, logit) in row.iter().enumerate() {
            let probability = (logit - max).exp() / sum;
            dlogits.push(targets.factors[n] * (all * probability - targets.of(n, class)));
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
    if has_class_weight(case)? {
        case.expect_reals("class_weight", &[k])?;
    }
    Ok([n, k])
}

/// PyTorch's name of it, or the short one.
fn smoothing(case: &Case) -> Result<f32> {
    let named = ["label_smoothing", "smoothing"].into_iter().find(|name| case.attributes.contains_key(*name));
    named.map_or(Ok(0.0), |name| case.real(name))
}

fn has_class_weight(case: &Case) -> Result<bool> {
    case.flag("class_weight", false)
}

/// What a case's targets are made of.
struct OfCase<'a> {
    labels: &'a [u32],
    smoothing: f64,
    factors: Vec<f64>,
    class_weights: Vec<f64>,
}

impl<'a> OfCase<'a> {
    fn read(case: &'a Case, [n, k]: [usize; 2]) -> Result<Self> {
        let labels = case.whole("labels")?;
        let smoothing = f64::from(smoothing(case)?);
        let of_rows = if case.inputs.contains_key("weights") { case.reals("weights")? } else { vec![1.0; n] };
        let has_classes = has_class_weight(case)?;
        let class_weights = if has_classes { case.reals("class_weight")? } else { vec![1.0; k] };
        let total: f64 = labels.iter().map(|&label| class_weights[label as usize]).sum();
        let factors = of_rows.iter().map(|weight| weight / total).collect();
        Ok(Self { labels, smoothing, factors, class_weights })
    }

    fn targets(&self) -> Targets<'_> {
        let Self { labels, smoothing, factors, class_weights } = self;
        Targets { labels, smoothing: *smoothing, factors, class_weights }
    }
}

impl Op for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "softmax_cross_entropy"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["label_smoothing", "smoothing", "class_weight"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["logits", "labels", "weights", "class_weight"]
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
        let class_weights = has_class_weight(rig.case)?.then(|| rig.input("class_weight")).transpose()?;
        let smoothing = smoothing(rig.case)?;
        let (weights, class_weights) = (weights.as_ref(), class_weights.as_ref());
        let counts = Counts { scale: 1.0 / n as f32, smoothing, weights, class_weights };
        host::forward_backward(&mut rig.rec, &logits, &labels, &row_losses, &dlogits, counts)?;
        metrics::reduce(&mut rig.rec, &step, &row_losses, &logits, &labels, &table, 0)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let [n, k] = shape(case)?;
        let (logits, of_case) = (case.reals("logits")?, OfCase::read(case, [n, k])?);
        let targets = of_case.targets();
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
    /// the distances from the largest logit. Weights of classes take one rounding each, their sum over the labels N more.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let [n, k] = shape(case)?;
        let (logits, of_case) = (case.reals("logits")?, OfCase::read(case, [n, k])?);
        let (targets, has_classes) = (of_case.targets(), has_class_weight(case)?);
        let (mut losses, mut gradients) = (Vec::new(), Vec::new());
        for (index, row) in logits.chunks_exact(k).enumerate() {
            let factor = targets.factors[index];
            let all: f64 = (0..k).map(|class| targets.of(index, class)).sum();
            let of_classes = if has_classes { (n + k) as f64 } else { 0.0 };
            let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let exp = |logit: f64| (logit - max).exp();
            // Its subtraction is off by |d| roundings too, and so is the exponential, relatively.
            let of_exp = |logit: f64| 6.0 + 5.0 * (max - logit);
            let sum: f64 = row.iter().map(|&logit| exp(logit)).sum();
            let of_sum = k as f64 + row.iter().map(|&l| exp(l) / sum * of_exp(l)).sum::<f64>();
            let weighted = row.iter().enumerate().map(|(class, l)| targets.of(index, class) * (max - l));
            let below: f64 = weighted.sum();
            let of_below = if targets.smoothing > 0.0 { 7.0 + k as f64 } else { 3.0 } + of_classes;
            let of_log = of_sum + 8.0 + (8.0 + of_classes) * sum.ln();
            losses.push(factor * (all * of_log + (1.0 + of_below) * below));
            for (class, &logit) in row.iter().enumerate() {
                let q = targets.of(index, class);
                let of_probability = exp(logit) / sum * (of_exp(logit) + of_sum + 6.0 + of_classes);
                gradients.push(factor * (all * of_probability + (7.0 + of_classes) * q));
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
    let smoothed = |case: Case| case.attribute("label_smoothing", 0.1);
    let weighted = |case: Case, n: usize| {
        let weights = (0..n).map(|row| (row % 5) as f32 * 0.4).collect();
        case.input("weights", Array::f32(&[n], weights))
    };
    let by_class = |case: Case, k: usize| {
        let weights = (0..k).map(|class| 0.25 + (class % 3) as f32 * 0.6).collect();
        case.attribute("class_weight", true).input("class_weight", Array::f32(&[k], weights))
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
        by_class(case("classes weighted", 65, 7, 3.0), 7),
        smoothed(by_class(case("classes weighted and smoothed", 33, 12, 1.0), 12)),
        by_class(huge(case("classes weighted, logits of ±10,000", 65, 3, 1.0)), 3),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_close, assert_gradient, normal};

    const ONES: [f64; 17] = [1.0; 17];

    fn plain(labels: &[u32], classes: usize) -> Targets<'_> {
        Targets { labels, smoothing: 0.0, factors: &ONES, class_weights: &ONES[..classes] }
    }

    #[test]
    fn tiny_values_by_hand() {
        // The softmax of row 0 is (1/4, 3/4), of row 1 (1/2, 1/2).
        let logits = [0.0, 3f64.ln(), 5.0, 5.0];
        let twice = Targets { factors: &[2.0; 2], ..plain(&[0, 1], 2) };
        assert_close(&forward(&logits, &twice, 2), &[2.0 * 4f64.ln(), 2.0 * 2f64.ln()], 1e-14);
        assert_close(&backward(&logits, &twice, 2), &[-1.5, 1.5, 1.0, -1.0], 1e-14);
        // Half of each label is spread: (3/4, 1/4) of row 0.
        let smoothed = Targets { smoothing: 0.5, ..plain(&[0, 1], 2) };
        let first = 0.75 * 4f64.ln() + 0.25 * (4f64 / 3.0).ln();
        assert_close(&forward(&logits, &smoothed, 2), &[first, 2f64.ln()], 1e-14);
        assert_close(&backward(&logits, &smoothed, 2), &[-0.5, 0.5, 0.25, -0.25], 1e-14);
    }

    #[test]
    fn huge_logits_are_safe() {
        let logits = [1e4, -1e4, 1e4, 1e4, -1e4, -1e4];
        assert_close(&forward(&logits, &plain(&[1, 0, 1], 2), 2), &[2e4, 2f64.ln(), 2f64.ln()], 1e-14);
        assert_close(&backward(&logits, &plain(&[1, 0, 1], 2), 2), &[1.0, -1.0, -0.5, 0.5, 0.5, -0.5], 1e-14);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        for (n, k) in [(1, 2), (17, 10), (5, 12)] {
            let labels: Vec<u32> = (0..n).map(|row| (row * 7 % k) as u32).collect();
            let logits = normal(n * k, "logits");
            let factors: Vec<f64> = (0..n).map(|row| 0.3 + row as f64).collect();
            let class_weights: Vec<f64> = (0..k).map(|class| 0.5 + class as f64).collect();
            for smoothing in [0.0, 0.3] {
                let (factors, class_weights) = (&factors, &class_weights);
                let targets = Targets { labels: &labels, smoothing, factors, class_weights };
                let dlogits = backward(&logits, &targets, k);
                assert_gradient(|logits| forward(logits, &targets, k), &logits, &vec![1.0; n], &dlogits);
            }
        }
    }
}
