//! Cross entropy with pseudo-labels: `torch.nn.functional.cross_entropy(logits, q.argmax(1), reduction="none")` times
//! `q.max(1).values >= threshold`; Sohn et al., "FixMatch", NeurIPS 2020, equation 4.
//!
//! `loss[n] = sure[n] · −ln p[n,y[n]]`, `p = softmax(logits)`, `q = softmax(given)`, `y[n] = argmax q[n]`, `sure[n] = 1/T` where
//! `q[n,y[n]] ≥ threshold` and 0 elsewhere; q passes no gradient on.
//!
//! Proof of pseudo_label: the mean loss, the share of rows that are sure, and dlogits, `weight` times the gradient.

use crate::contract::{Array, Arrays, Bound, Bounds, Case, Gradient, Op, Rig, SEED, real_output, reals};
use crate::error::Result;
use crate::ops::pseudo_label::{self as host, PseudoLabels};
use crate::ops::softmax::proof::{Rounded, forward as softmax};
use crate::ops::softmax_cross_entropy::proof::{Targets, forward as cross_entropy};
use crate::ops::{Predictions, Step, metrics};
use rand::RngExt;

/// given (T, K) → the pseudo-label of each row, and 1/T where it counts.
fn labels(given: &[f64], k: usize, threshold: f64) -> (Vec<u32>, Vec<f64>) {
    let (q, labels) = softmax(given, k);
    let share = 1.0 / labels.len() as f64;
    let sure = |(q, &label): (&[f64], &u32)| if q[label as usize] >= threshold { share } else { 0.0 };
    let sure = q.chunks_exact(k).zip(&labels).map(sure).collect();
    (labels, sure)
}

/// given (T, K), logits (T, K) → loss of each row (T).
pub fn forward(given: &[f64], logits: &[f64], k: usize, threshold: f64) -> Vec<f64> {
    let (labels, sure) = labels(given, k, threshold);
    let targets = Targets { labels: &labels, smoothing: 0.0, factors: &sure, class_weights: &vec![1.0; k] };
    cross_entropy(logits, &targets, k)
}

/// given (T, K), logits (T, K) → the gradient of the sum of the losses (T, K): `sure[n] · (p[n,k] − [k = y[n]])`. What is left to 1
/// is added up from the other classes: a difference would have no digits where a row is certain.
pub fn backward(given: &[f64], logits: &[f64], k: usize, threshold: f64) -> Vec<f64> {
    let (labels, sure) = labels(given, k, threshold);
    let mut gradient = softmax(logits, k).0;
    for (n, p) in gradient.chunks_exact_mut(k).enumerate() {
        let label = labels[n] as usize;
        p[label] = 0.0;
        p[label] = -p.iter().sum::<f64>();
        p.iter_mut().for_each(|p| *p *= sure[n]);
    }
    gradient
}

pub struct PseudoLabel;

struct Shape {
    all: usize,
    rows: usize,
    classes: usize,
    labelled: usize,
    threshold: f64,
    /// What the gradient is multiplied by.
    weight: f64,
    adds: bool,
}

fn shape(case: &Case) -> Result<Shape> {
    let [all, classes] = case.dims("logits")?;
    let labelled = case.size("labelled")?;
    let rows = all.saturating_sub(labelled);
    case.expect_reals("given", &[rows, classes])?;
    case.expect_reals("before", &[all, classes])?;
    let weight = f64::from(case.real("weight")?) * f64::from(case.real("adaptation")?);
    let (threshold, adds) = (f64::from(case.real("threshold")?), case.flag("adds", false)?);
    Ok(Shape { all, rows, classes, labelled, threshold, weight, adds })
}

/// The case's given logits, and its logits of the rows that count.
fn operands(case: &Case, s: &Shape) -> Result<[Vec<f64>; 2]> {
    Ok([case.reals("given")?, case.reals("logits")?[s.labelled * s.classes..].to_vec()])
}

impl Op for PseudoLabel {
    fn name(&self) -> &'static str {
        "pseudo_label"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["labelled", "threshold", "weight", "adaptation", "adds"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["given", "logits", "before"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let s = shape(rig.case)?;
        let step = rig.step(Step { adaptation: rig.case.real("adaptation")?, ..Step::default() })?;
        let (given, logits) = (rig.input("given")?, rig.input("logits")?);
        let dlogits = rig.in_place("dlogits", "before")?;
        let (losses, sure) = (rig.output("row_losses", &[s.rows])?, rig.output("sure", &[s.rows])?);
        let table = rig.scratch("table", &[1, 1])?;
        rig.expose("loss", &table.reshaped(&[1]));
        let predictions = Predictions { logits: &logits, first_row: s.labelled };
        let (threshold, weight) = (rig.case.real("threshold")?, rig.case.real("weight")?);
        let labels = PseudoLabels { given: &given, threshold, weight, adds: s.adds };
        host::forward_backward(&mut rig.rec, &step, &predictions, labels, (&losses, &sure), &dlogits)?;
        metrics::total(&mut rig.rec, &step, &losses, &table, 0)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let [given, logits] = operands(case, &s)?;
        let mut dlogits = case.reals("before")?;
        let row_losses = forward(&given, &logits, s.classes, s.threshold);
        let own = backward(&given, &logits, s.classes, s.threshold);
        for (held, own) in dlogits[s.labelled * s.classes..].iter_mut().zip(own) {
            *held = if s.adds { *held } else { 0.0 } + s.weight * own;
        }
        let sure = labels(&given, s.classes, s.threshold).1;
        Ok(reals([
            ("loss", &[1], vec![row_losses.iter().sum()]),
            ("row_losses", &[s.rows], row_losses),
            ("sure", &[s.rows], sure),
            ("dlogits", &[s.all, s.classes], dlogits),
        ]))
    }

    /// In units of 2⁻²⁴, from the softmax of a row. Whether a row is sure is told alike unless its probability is that of the
    /// threshold but for rounding, which no case has.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let s = shape(case)?;
        let (k, rows) = (s.classes as f64, s.rows as f64);
        let [given, logits] = operands(case, &s)?;
        let before = case.reals("before")?;
        let (mut losses, mut gradients) = (Vec::new(), vec![0.0; s.labelled * s.classes]);
        let (labels, sure) = labels(&given, s.classes, s.threshold);
        for ((row, label), sure) in logits.chunks_exact(s.classes).zip(labels).zip(sure) {
            let (row, label) = (Rounded::new(row), label as usize);
            losses.push(sure * (row.of_log() + 4.0 * (row.log_sum + row.below[label])));
            let others = row.p.iter().zip(&row.of_p).enumerate().filter(|(i, _)| *i != label);
            let of_others: f64 = others.map(|(_, (p, of))| p * (of + k)).sum();
            for (i, p) in row.p.iter().enumerate() {
                let (own, size) = if i == label { (of_others, 1.0 - p) } else { (p * row.of_p[i], *p) };
                let held = if s.adds { before[gradients.len()].abs() } else { 0.0 };
                let weighted = s.weight.abs() * sure;
                gradients
                    .push(weighted * (own + 6.0 * size) + if s.adds { held + weighted * size } else { 0.0 });
            }
        }
        // The largest sum is rounded at most once for each row.
        let row_losses = real_output(twin, "row_losses")?;
        let total = losses.iter().sum::<f64>() + rows * row_losses.iter().sum::<f64>();
        let sure: Vec<f64> = real_output(twin, "sure")?.iter().map(|sure| 6.0 * sure).collect();
        Ok([
            ("loss", Bound::guaranteed(&[total])),
            ("row_losses", Bound::guaranteed(&losses)),
            ("sure", Bound::guaranteed(&sure)),
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
        Case::new("pseudo_label", name, SEED)
            .attribute("labelled", labelled)
            .attribute("threshold", 0.7)
            .attribute("weight", 0.3)
            .attribute("adaptation", 0.75)
            .normal("given", &[n - labelled, k], scale)
            .normal("logits", &[n, k], scale)
            .input("before", Array::f32(&[n, k], vec![0.0; n * k]))
    };
    let huge = |case: Case| {
        let mut rng = case.stream("huge");
        let mut draw = || (0..195).map(|_| if rng.random::<bool>() { 1e4 } else { -1e4 }).collect();
        let (given, logits) = (Array::f32(&[65, 3], draw()), Array::f32(&[65, 3], draw()));
        case.input("given", given).input("logits", logits)
    };
    vec![
        case("one class", 3, 1, 0, 1.0),
        case("one row of two", 2, 2, 1, 2.0),
        case("ragged", 34, 15, 17, 2.0),
        case("digits", 128, 10, 64, 3.0),
        case("confident", 130, 12, 65, 30.0),
        huge(case("logits of ±10,000", 65, 3, 0, 1.0)),
        case("every row counts", 9, 5, 2, 1.0).attribute("threshold", 0.0),
        case("none counts", 9, 5, 2, 1.0).attribute("threshold", 1.0),
        case("labelled rows keep theirs", 40, 5, 9, 2.0).normal("before", &[40, 5], 1.0).not_smooth(),
        case("adds to what is there", 40, 5, 9, 2.0)
            .normal("before", &[40, 5], 1.0)
            .attribute("adds", true)
            .not_smooth(),
        case("none of its share", 8, 5, 4, 2.0).attribute("adaptation", 0.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_close, assert_gradient, normal};

    #[test]
    fn tiny_values_by_hand() {
        // The softmax of (0, ln 3) is (1/4, 3/4), of equal logits (1/2, 1/2); three quarters are sure enough, a half is not.
        let (given, logits) = ([0.0, 3_f64.ln(), 5.0, 5.0], [3_f64.ln(), 0.0, -2.0, -2.0]);
        assert_close(&forward(&given, &logits, 2, 0.75 - 1e-12), &[4_f64.ln() / 2.0, 0.0], 1e-15);
        assert_close(&backward(&given, &logits, 2, 0.75 - 1e-12), &[0.375, -0.375, 0.0, 0.0], 1e-15);
        // Of classes that are alike the first one counts.
        assert_close(&backward(&given, &logits, 2, 0.0)[2..], &[-0.25, 0.25], 1e-15);
    }

    #[test]
    fn huge_logits_are_safe() {
        assert_close(&forward(&[1e4, -1e4], &[-1e4, 1e4], 2, 0.9), &[2e4], 1e-9);
        assert_close(&backward(&[1e4, -1e4], &[-1e4, 1e4], 2, 0.9), &[-1.0, 1.0], 1e-15);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        for (n, k) in [(1, 2), (17, 10), (5, 12)] {
            let (given, logits) = (normal(n * k, "given"), normal(n * k, "logits"));
            let losses = |logits: &[f64]| forward(&given, logits, k, 0.3);
            assert_gradient(losses, &logits, &vec![1.0; n], &backward(&given, &logits, k, 0.3));
        }
    }
}
