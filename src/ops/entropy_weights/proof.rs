//! Entropy conditioning: Long, Cao, Wang, Jordan, "Conditional Adversarial Domain Adaptation", NeurIPS 2018, equation 8.
//!
//! `w[n] = rows · (1 + exp(−H[n])) / Σ_m (1 + exp(−H[m]))` over the rows of a domain, `H[n]` the entropy of
//! `softmax(logits[n])`. As in the authors' code, the weights of each domain are brought to the mean 1.
//!
//! Proof of entropy_weights: the weights from logits and the number of source rows.

use crate::contract::{Array, Arrays, Bound, Bounds, Case, Op, Rig, SEED, real_output, reals};
use crate::error::Result;
use crate::ops::entropy::proof::entropy;
use crate::ops::entropy_weights as host;
use crate::ops::softmax::proof::{Rounded, forward as probabilities};
use rand::RngExt;

/// p (T, K) → how much each row counts (T), the mean being 1.
pub(crate) fn row_weights(p: &[f64], k: usize) -> Vec<f64> {
    let raw: Vec<f64> = p.chunks_exact(k).map(|row| 1.0 + (-entropy(row)).exp()).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|weight| weight * raw.len() as f64 / sum).collect()
}

/// logits (N, K), S rows of the source first, and the mean of the others' weights → weights (N).
pub fn forward(logits: &[f64], k: usize, source_rows: usize, target_weight: f64) -> Vec<f64> {
    let (source, target) = logits.split_at(source_rows * k);
    let weights = |domain: &[f64]| row_weights(&probabilities(domain, k).0, k);
    let of_target = weights(target).into_iter().map(|weight| target_weight * weight);
    weights(source).into_iter().chain(of_target).collect()
}

/// 1 where nothing is said.
fn target_weight(case: &Case) -> Result<f32> {
    if case.attributes.contains_key("target_weight") { case.real("target_weight") } else { Ok(1.0) }
}

pub struct EntropyWeights;

impl Op for EntropyWeights {
    fn name(&self) -> &'static str {
        "entropy_weights"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["source_rows", "target_weight"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["logits"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let [n, _] = rig.case.dims("logits")?;
        let (logits, weights) = (rig.input("logits")?, rig.output("weights", &[n])?);
        let rows = (rig.case.size("source_rows")?, target_weight(rig.case)?);
        host::forward(&mut rig.rec, &logits, rows, &weights)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let [n, k] = case.dims("logits")?;
        let target_weight = f64::from(target_weight(case)?);
        let weights = forward(&case.reals("logits")?, k, case.size("source_rows")?, target_weight);
        Ok(reals([("weights", &[n], weights)]))
    }

    /// In units of 2⁻²⁴, from the softmax of a row, as in entropy. What is rounded is at least 1; additions are as many as the
    /// domain has rows, and the target's weight is one product more.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let [n, k] = case.dims("logits")?;
        let source_rows = case.size("source_rows")?;
        let weights = real_output(twin, "weights")?;
        let mut relative = Vec::new();
        for row in case.reals("logits")?.chunks_exact(k) {
            let row = Rounded::new(row);
            let h = entropy(&row.p);
            let of_entropy = row.of_log() + row.of_distance() + h;
            relative.push((-h).exp() * (of_entropy + 6.0 + 4.0 * h) + 1.0);
        }
        let worst = |rows: &[f64]| rows.iter().copied().fold(0.0, f64::max) + rows.len() as f64 + 7.0;
        let (source, target) = relative.split_at(source_rows);
        let (source, target) = (worst(source), worst(target));
        let sums = (0..n).map(|row| if row < source_rows { source } else { target });
        let each: Vec<f64> =
            weights.iter().zip(&relative).zip(sums).map(|((w, own), sum)| w * (own + sum)).collect();
        Ok([("weights", Bound::guaranteed(&each))].into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, n: usize, k: usize, source_rows: usize, scale| {
        Case::new("entropy_weights", name, SEED).attribute("source_rows", source_rows).normal(
            "logits",
            &[n, k],
            scale,
        )
    };
    let huge = |case: Case| {
        let mut rng = case.stream("huge");
        let draw = |_| if rng.random::<bool>() { 1e4 } else { -1e4 };
        case.input("logits", Array::f32(&[65, 3], (0..195).map(draw).collect()))
    };
    vec![
        case("one row each", 2, 2, 1, 1.0),
        case("one class", 5, 1, 2, 1.0),
        case("ragged", 34, 15, 9, 1.0),
        case("digits", 128, 10, 64, 3.0),
        case("more rows than threads", 300, 5, 100, 8.0),
        case("fewer target rows, which count more", 70, 5, 60, 2.0).attribute("target_weight", 6.0_f32),
        huge(case("logits of ±10,000", 65, 3, 30, 1.0)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_values_by_hand() {
        // The source's one row has the mean 1. Of the target's, one is undecided between two classes and one is sure:
        // 1 + e^(-ln 2) against 1 + e^0.
        let weights = forward(&[3.0, 1.0, 5.0, 5.0, 1e4, 0.0], 2, 1, 1.0);
        let expected = [1.0, 6.0 / 7.0, 8.0 / 7.0];
        assert!(weights.iter().zip(expected).all(|(w, e)| (w - e).abs() < 1e-15), "{weights:?}");
    }
}
