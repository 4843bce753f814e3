//! The entropy of predictions: `torch.distributions.Categorical(logits=logits).entropy()`; Grandvalet & Bengio, "Semi-supervised
//! Learning by Entropy Minimization", NIPS 2004.
//!
//! `loss[n] = 1/T · H[n]`, `H[n] = −Σ_k p[n,k]·ln p[n,k]`, `p = softmax(logits)`, over the T rows behind the labelled ones.
//!
//! Proof of entropy: the mean loss and dlogits from logits; dlogits is `weight` times the gradient, and keeps what it holds in
//! the labelled rows.

use crate::contract::{Array, Arrays, Bound, Bounds, Case, Gradient, Op, Rig, SEED, real_output, reals};
use crate::error::Result;
use crate::ops::softmax::proof::{Rounded, forward as probabilities};
use crate::ops::{Predictions, Step, entropy as host, metrics};
use rand::RngExt;

/// The softmax of a row.
fn softmax(row: &[f64]) -> Vec<f64> {
    probabilities(row, row.len()).0
}

/// −Σ p·ln p; what has no probability has no part in it.
pub(crate) fn entropy(p: &[f64]) -> f64 {
    p.iter().filter(|&&p| p > 0.0).map(|p| -p * p.ln()).sum()
}

/// logits (T, K) → loss of each row (T).
pub fn forward(logits: &[f64], k: usize) -> Vec<f64> {
    let rows = logits.len() / k;
    logits.chunks_exact(k).map(|row| entropy(&softmax(row)) / rows as f64).collect()
}

/// logits (T, K) → the gradient of the sum of the losses (T, K): `−1/T · p[n,k] · (ln p[n,k] + H[n])`.
pub fn backward(logits: &[f64], k: usize) -> Vec<f64> {
    let rows = logits.len() / k;
    let mut dlogits = Vec::new();
    for row in logits.chunks_exact(k) {
        let p = softmax(row);
        let h = entropy(&p);
        dlogits.extend(p.iter().map(|&p| if p > 0.0 { -p * (p.ln() + h) / rows as f64 } else { 0.0 }));
    }
    dlogits
}

pub struct Entropy;

struct Shape {
    rows: usize,
    classes: usize,
    labelled: usize,
    /// What the gradient is multiplied by.
    weight: f64,
}

fn shape(case: &Case) -> Result<Shape> {
    let [all, classes] = case.dims("logits")?;
    case.expect_reals("before", &[all, classes])?;
    let labelled = case.size("labelled")?;
    let weight = f64::from(case.real("weight")?) * f64::from(case.real("adaptation")?);
    Ok(Shape { rows: all.saturating_sub(labelled), classes, labelled, weight })
}

impl Op for Entropy {
    fn name(&self) -> &'static str {
        "entropy"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["labelled", "weight", "adaptation"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["logits", "before"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let s = shape(rig.case)?;
        let step = rig.step(Step { adaptation: rig.case.real("adaptation")?, ..Step::default() })?;
        let logits = rig.input("logits")?;
        let dlogits = rig.in_place("dlogits", "before")?;
        let row_losses = rig.output("row_losses", &[s.rows])?;
        let table = rig.scratch("table", &[1, 1])?;
        rig.expose("loss", &table.reshaped(&[1]));
        let predictions = Predictions { logits: &logits, first_row: s.labelled };
        let weight = rig.case.real("weight")?;
        host::forward_backward(&mut rig.rec, &step, &predictions, &row_losses, &dlogits, weight)?;
        metrics::total(&mut rig.rec, &step, &row_losses, &table, 0)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let (logits, mut dlogits) = (case.reals("logits")?, case.reals("before")?);
        let from = s.labelled * s.classes;
        let row_losses = forward(&logits[from..], s.classes);
        let gradient = backward(&logits[from..], s.classes);
        dlogits.splice(from.., gradient.iter().map(|g| s.weight * g));
        Ok(reals([
            ("loss", &[1], vec![row_losses.iter().sum()]),
            ("row_losses", &[s.rows], row_losses),
            ("dlogits", &[s.labelled + s.rows, s.classes], dlogits),
        ]))
    }

    /// Per row, in units of 2⁻²⁴, from its softmax. All terms of the entropy, ln Σ exp(−d) and p·d, are positive; the gradient is
    /// p·(d − Σ p·d). Where that is 0, the twin's p·(ln p + H) is off by roundings of f64.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let s = shape(case)?;
        let rows = s.rows as f64;
        let logits = case.reals("logits")?;
        let (mut losses, mut gradients) = (Vec::new(), vec![0.0; s.labelled * s.classes]);
        for row in logits[s.labelled * s.classes..].chunks_exact(s.classes) {
            let row = Rounded::new(row);
            let (log_sum, of_distance) = (row.log_sum, row.of_distance());
            let distance: f64 = row.p.iter().zip(&row.below).map(|(p, d)| p * d).sum();
            losses.push((row.of_log() + of_distance + 3.0 * (log_sum + distance)) / rows);
            for ((p, &d), of_p) in row.p.iter().zip(&row.below).zip(&row.of_p) {
                let difference = (d - distance).abs();
                let of_twin = 1e-7 * (log_sum + d + distance);
                let roundings = of_distance + d + difference * (of_p + 6.0) + of_twin;
                gradients.push(s.weight.abs() / rows * p * roundings);
            }
        }
        // The largest sum is rounded at most once for each row.
        let row_losses = real_output(twin, "row_losses")?;
        let total = losses.iter().sum::<f64>() + rows * row_losses.iter().sum::<f64>();
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

    fn upstream(&self, case: &Case) -> Result<Vec<f64>> {
        Ok(vec![shape(case)?.weight])
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, n: usize, k: usize, labelled: usize, scale| {
        Case::new("entropy", name, SEED)
            .attribute("labelled", labelled)
            .attribute("weight", 0.3)
            .attribute("adaptation", 0.75)
            .normal("logits", &[n, k], scale)
            .input("before", Array::f32(&[n, k], vec![0.0; n * k]))
    };
    let huge = |case: Case| {
        let mut rng = case.stream("huge");
        let draw = |_| if rng.random::<bool>() { 1e4 } else { -1e4 };
        case.input("logits", Array::f32(&[65, 3], (0..195).map(draw).collect()))
    };
    vec![
        case("one class", 3, 1, 0, 1.0),
        case("one row of two", 2, 2, 1, 1.0),
        case("ragged", 34, 15, 17, 1.0),
        case("digits", 128, 10, 64, 3.0),
        case("confident", 130, 12, 65, 30.0),
        huge(case("logits of ±10,000", 65, 3, 0, 1.0)),
        case("labelled rows keep theirs", 40, 5, 9, 1.0).normal("before", &[40, 5], 1.0).not_smooth(),
        case("none of its share", 8, 5, 4, 1.0).attribute("adaptation", 0.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_close, assert_gradient, normal};

    #[test]
    fn tiny_values_by_hand() {
        // The softmax of row 0 is (1/4, 3/4), of row 1 (1/2, 1/2).
        let logits = [0.0, 3_f64.ln(), 5.0, 5.0];
        let first = (4_f64.ln() + 3.0 * (4_f64 / 3.0).ln()) / 4.0;
        assert_close(&forward(&logits, 2), &[first / 2.0, 2_f64.ln() / 2.0], 1e-15);
        let pull = -0.25 * (0.25_f64.ln() + first) / 2.0;
        assert_close(&backward(&logits, 2), &[pull, -pull, 0.0, 0.0], 1e-15);
    }

    #[test]
    fn huge_logits_are_safe() {
        assert_close(&forward(&[1e4, -1e4, 1e4, 1e4], 2), &[0.0, 2_f64.ln() / 2.0], 1e-15);
        assert_close(&backward(&[1e4, -1e4, 1e4, 1e4], 2), &[0.0; 4], 1e-15);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        for (n, k) in [(1, 2), (17, 10), (5, 12)] {
            let logits = normal(n * k, "logits");
            assert_gradient(|logits| forward(logits, k), &logits, &vec![1.0; n], &backward(&logits, k));
        }
    }
}
