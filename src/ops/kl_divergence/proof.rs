//! The Kullback–Leibler divergence of predictions from given ones: `torch.nn.functional.kl_div(log q, p)`, summed over classes
//! and averaged over rows; Miyato, Maeda, Koyama, Ishii, "Virtual Adversarial Training", TPAMI 2018, equation 5.
//!
//! `loss[n] = 1/T · Σ_k p[n,k]·(ln p[n,k] − ln q[n,k])`, `p = softmax(given)`, `q = softmax(logits)`; p passes no gradient on.
//!
//! Proof of kl_divergence: the mean loss and dlogits, `weight` times its gradient, from given and logits; and the gradient by
//! itself, "dmean".

use crate::contract::{Array, Arrays, Bound, Bounds, Case, Gradient, Op, Rig, SEED, real_output, reals};
use crate::error::Result;
use crate::ops::softmax::proof::{Rounded, forward as softmax};
use crate::ops::{Predictions, Step, kl_divergence as host, metrics};
use rand::RngExt;

/// ln of the softmax of a row.
fn log_softmax(row: &[f64]) -> Vec<f64> {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = row.iter().map(|logit| (logit - max).exp()).sum::<f64>().ln();
    row.iter().map(|logit| logit - max - log_sum).collect()
}

/// given (T, K), logits (T, K) → loss of each row (T).
pub fn forward(given: &[f64], logits: &[f64], k: usize) -> Vec<f64> {
    let rows = logits.len() as f64 / k as f64;
    let of_row = |(given, logits): (&[f64], &[f64])| {
        let terms = log_softmax(given).into_iter().zip(log_softmax(logits));
        terms.map(|(p, q)| p.exp() * (p - q)).sum::<f64>() / rows
    };
    given.chunks_exact(k).zip(logits.chunks_exact(k)).map(of_row).collect()
}

/// given (T, K), logits (T, K) → the gradient of the sum of the losses (T, K): `1/T · (q[n,k] − p[n,k])`.
pub fn backward(given: &[f64], logits: &[f64], k: usize) -> Vec<f64> {
    let rows = logits.len() as f64 / k as f64;
    let (p, q) = (softmax(given, k).0, softmax(logits, k).0);
    p.iter().zip(q).map(|(p, q)| (q - p) / rows).collect()
}

pub struct KlDivergence;

struct Shape {
    rows: usize,
    classes: usize,
    labelled: usize,
    /// What the gradient is multiplied by.
    weight: f64,
}

fn shape(case: &Case) -> Result<Shape> {
    let [rows, classes] = case.dims("logits")?;
    let labelled = case.size("labelled")?;
    case.expect_reals("given", &[labelled + rows, classes])?;
    let weight = f64::from(case.real("weight")?) * f64::from(case.real("adaptation")?);
    Ok(Shape { rows, classes, labelled, weight })
}

/// The rows of the case's given logits that count, and its logits.
fn operands(case: &Case, s: &Shape) -> Result<[Vec<f64>; 2]> {
    Ok([case.reals("given")?[s.labelled * s.classes..].to_vec(), case.reals("logits")?])
}

impl Op for KlDivergence {
    fn name(&self) -> &'static str {
        "kl_divergence"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["labelled", "weight", "adaptation"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["given", "logits"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let s = shape(rig.case)?;
        let step = rig.step(Step { adaptation: rig.case.real("adaptation")?, ..Step::default() })?;
        let (given, logits) = (rig.input("given")?, rig.input("logits")?);
        let dlogits = rig.output("dlogits", logits.dims())?;
        let dmean = rig.output("dmean", logits.dims())?;
        let row_losses = rig.output("row_losses", &[s.rows])?;
        let table = rig.scratch("table", &[1, 1])?;
        rig.expose("loss", &table.reshaped(&[1]));
        let given = Predictions { logits: &given, first_row: s.labelled };
        let (rec, weight) = (&mut rig.rec, rig.case.real("weight")?);
        host::forward_backward(rec, &step, &given, &logits, &row_losses, &dlogits, weight)?;
        host::backward(rec, &given, &logits, &dmean)?;
        metrics::total(rec, &step, &row_losses, &table, 0)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let [given, logits] = operands(case, &s)?;
        let row_losses = forward(&given, &logits, s.classes);
        let gradient = backward(&given, &logits, s.classes);
        let dims = [s.rows, s.classes];
        Ok(reals([
            ("loss", &[1], vec![row_losses.iter().sum()]),
            ("row_losses", &[s.rows], row_losses),
            ("dlogits", &dims, gradient.iter().map(|g| s.weight * g).collect()),
            ("dmean", &dims, gradient),
        ]))
    }

    /// In units of 2⁻²⁴, from the two softmaxes of a row. The gradient is a difference of probabilities; where p is largest,
    /// it is what all other differences leave. The twin's own difference is off by roundings of f64.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let s = shape(case)?;
        let (k, rows) = (s.classes as f64, s.rows as f64);
        let [given, logits] = operands(case, &s)?;
        let (mut losses, mut gradients) = (Vec::new(), Vec::new());
        for (given, logits) in given.chunks_exact(s.classes).zip(logits.chunks_exact(s.classes)) {
            let [p, q] = [given, logits].map(Rounded::new);
            let (mut distance, mut of_distance) = (0.0, 0.0);
            let (mut own, mut size) = (Vec::new(), 0.0);
            for i in 0..s.classes {
                let (difference, both) = ((q.below[i] - p.below[i]).abs(), q.below[i] + p.below[i]);
                distance += p.p[i] * difference;
                of_distance += p.p[i] * (difference * (p.of_p[i] + 2.0 + k) + both);
                own.push(p.p[i] * p.of_p[i] + q.p[i] * q.of_p[i] + 1e-7);
                size += (q.p[i] - p.p[i]).abs();
            }
            let logs = p.of_log() + q.of_log();
            losses.push((logs + of_distance + (3.0 + k) * (p.log_sum + q.log_sum + distance)) / rows);
            let others: f64 = own.iter().sum::<f64>() + k * size;
            for (i, &own) in own.iter().enumerate() {
                let of_difference = if p.below[i] == 0.0 { others } else { own };
                gradients.push((of_difference + 5.0 * (q.p[i] - p.p[i]).abs()) / rows);
            }
        }
        // The largest sum is rounded at most once for each row.
        let row_losses = real_output(twin, "row_losses")?;
        let total = losses.iter().sum::<f64>() + rows * row_losses.iter().map(|loss| loss.abs()).sum::<f64>();
        let weighted: Vec<f64> = gradients.iter().map(|of| s.weight.abs() * of).collect();
        Ok([
            ("loss", Bound::guaranteed(&[total])),
            ("row_losses", Bound::guaranteed(&losses)),
            ("dlogits", Bound::guaranteed(&weighted)),
            ("dmean", Bound::guaranteed(&gradients)),
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
        Case::new("kl_divergence", name, SEED)
            .attribute("labelled", labelled)
            .attribute("weight", 0.3)
            .attribute("adaptation", 0.75)
            .normal("given", &[labelled + n, k], scale)
            .normal("logits", &[n, k], scale)
    };
    // Logits that differ by about a thousandth, as behind a small perturbation.
    let near = |case: Case, n: usize, k: usize| -> Case {
        let given = case.reals("given").expect("given");
        let mut rng = case.stream("near");
        let moved = given.iter().map(|&logit| (logit + rng.random_range(-1e-3..1e-3)) as f32).collect();
        case.input("logits", Array::f32(&[n, k], moved))
    };
    let huge = |case: Case| {
        let mut rng = case.stream("huge");
        let mut draw = || (0..195).map(|_| if rng.random::<bool>() { 1e4 } else { -1e4 }).collect();
        let (given, logits) = (Array::f32(&[65, 3], draw()), Array::f32(&[65, 3], draw()));
        case.input("given", given).input("logits", logits)
    };
    vec![
        case("one class", 3, 1, 0, 1.0),
        case("one row of two", 1, 2, 1, 1.0),
        case("ragged", 17, 15, 17, 1.0),
        case("digits", 64, 10, 64, 3.0),
        case("more classes than threads", 9, 100, 4, 2.0),
        near(case("hardly moved", 33, 10, 0, 4.0), 33, 10),
        case("confident", 130, 12, 0, 30.0),
        huge(case("logits of ±10,000", 65, 3, 0, 1.0)),
        case("none of its share", 8, 5, 4, 1.0).attribute("adaptation", 0.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_close, assert_gradient, normal};

    #[test]
    fn tiny_values_by_hand() {
        // The softmax of (0, ln 3) is (1/4, 3/4), of equal logits (1/2, 1/2).
        let (given, logits) = ([0.0, 3_f64.ln(), 5.0, 5.0], [7.0, 7.0, -2.0, -2.0]);
        let first = 0.25 * 0.5_f64.ln() + 0.75 * 1.5_f64.ln();
        assert_close(&forward(&given, &logits, 2), &[first / 2.0, 0.0], 1e-15);
        assert_close(&backward(&given, &logits, 2), &[0.125, -0.125, 0.0, 0.0], 1e-15);
    }

    #[test]
    fn huge_logits_are_safe() {
        assert_close(&forward(&[1e4, -1e4], &[-1e4, 1e4], 2), &[2e4], 1e-9);
        assert_close(&backward(&[1e4, -1e4], &[-1e4, 1e4], 2), &[-1.0, 1.0], 1e-15);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        for (n, k) in [(1, 2), (17, 10), (5, 12)] {
            let (given, logits) = (normal(n * k, "given"), normal(n * k, "logits"));
            let losses = |logits: &[f64]| forward(&given, logits, k);
            assert_gradient(losses, &logits, &vec![1.0; n], &backward(&given, &logits, k));
        }
    }
}
