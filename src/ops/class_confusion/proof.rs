//! Proof of class_confusion: each class's share of the loss and dlogits from logits; dlogits is `weight` times the gradient,
//! and keeps what it holds in the labelled rows. Formula: `twin.rs`.

use super::twin::{backward, forward, probabilities};
use crate::contract::{Array, Arrays, Bound, Bounds, Case, Gradient, Op, Rig, SEED, reals};
use crate::error::Result;
use crate::ops::class_confusion::{self as host, Confusion};
use crate::ops::entropy_weights::proof::row_weights;
use crate::ops::{Predictions, Step, metrics};
use rand::RngExt;

pub struct ClassConfusion;

struct Shape {
    rows: usize,
    classes: usize,
    labelled: usize,
    temperature: f64,
    /// What the gradient is multiplied by.
    weight: f64,
    adds: bool,
}

fn shape(case: &Case) -> Result<Shape> {
    let [all, classes] = case.dims("logits")?;
    case.expect_reals("before", &[all, classes])?;
    let labelled = case.size("labelled")?;
    let rows = all.saturating_sub(labelled);
    if case.inputs.contains_key("weights") {
        case.expect_reals("weights", &[rows])?;
    }
    let weight = f64::from(case.real("weight")?) * f64::from(case.real("adaptation")?);
    let temperature = f64::from(case.real("temperature")?);
    Ok(Shape { rows, classes, labelled, temperature, weight, adds: case.flag("adds", false)? })
}

impl Op for ClassConfusion {
    fn name(&self) -> &'static str {
        "class_confusion"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["labelled", "temperature", "weight", "adaptation", "adds"]
    }

    /// "weights" is what they are held at while gradients are compared with differences.
    fn tensors(&self) -> &'static [&'static str] {
        &["logits", "before", "weights"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let s = shape(rig.case)?;
        let step = rig.step(Step { adaptation: rig.case.real("adaptation")?, ..Step::default() })?;
        let logits = rig.input("logits")?;
        let dlogits = rig.in_place("dlogits", "before")?;
        let losses = rig.output("class_losses", &[s.classes])?;
        let table = rig.scratch("table", &[1, 1])?;
        rig.expose("loss", &table.reshaped(&[1]));
        let predictions = Predictions { logits: &logits, first_row: s.labelled };
        let (temperature, weight) = (rig.case.real("temperature")?, rig.case.real("weight")?);
        let confusion = Confusion { temperature, weight, adds: s.adds };
        host::forward_backward(&mut rig.rec, &step, &predictions, &losses, &dlogits, confusion)?;
        metrics::total(&mut rig.rec, &step, &losses, &table, 0)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let (k, from) = (s.classes, s.labelled * s.classes);
        let (logits, mut dlogits) = (case.reals("logits")?[from..].to_vec(), case.reals("before")?);
        let weights = match case.inputs.contains_key("weights") {
            true => case.reals("weights")?,
            false => row_weights(&probabilities(&logits, k, s.temperature), k),
        };
        let losses = forward(&logits, &weights, k, s.temperature);
        let gradient = backward(&logits, &weights, k, s.temperature);
        for (held, own) in dlogits[from..].iter_mut().zip(gradient) {
            *held = s.weight * own + if s.adds { *held } else { 0.0 };
        }
        Ok(reals([
            ("loss", &[1], vec![losses.iter().sum()]),
            ("class_losses", &[k], losses),
            ("dlogits", &[s.labelled + s.rows, k], dlogits),
        ]))
    }

    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        bounds(case, &shape(case)?)
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

/// In units of 2⁻²⁴: WGSL lets exp(d) be off by 3 + 2·|d| units in the last place, division by 2.5, and log by 3 or by 2⁻²¹
/// near 1; a unit in the last place is at most two roundings. An argument over the temperature is off by six roundings. All
/// terms of the sums over rows are positive; T additions add them up.
fn bounds(case: &Case, s: &Shape) -> Result<Bounds> {
    let (k, rows) = (s.classes as f64, s.rows as f64);
    let (logits, before) = (case.reals("logits")?, case.reals("before")?);
    let logits = &logits[s.labelled * s.classes..];
    let p = probabilities(logits, s.classes, s.temperature);
    let weights = row_weights(&p, s.classes);
    // Relative errors of each probability and of each row's weight, which is above 1.
    let (mut of_p, mut of_weight) = (Vec::new(), Vec::new());
    for (row, p) in logits.chunks_exact(s.classes).zip(p.chunks_exact(s.classes)) {
        let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let below: Vec<f64> = row.iter().map(|logit| (max - logit) / s.temperature).collect();
        let of_exp = |d: f64| 6.0 + 10.0 * d;
        let of_sum = k + p.iter().zip(&below).map(|(p, &d)| p * of_exp(d)).sum::<f64>();
        let own = below.iter().map(|&d| of_exp(d) + of_sum + 5.0);
        let log_sum = below.iter().map(|d| (-d).exp()).sum::<f64>().ln();
        let distance: f64 = p.iter().zip(&below).map(|(p, d)| p * d).sum();
        let of_distance: f64 =
            p.iter().zip(&below).map(|(p, &d)| p * d * (of_exp(d) + of_sum + 13.0 + k)).sum();
        let entropy = log_sum + distance;
        let of_entropy = of_sum + 8.0 + 7.0 * log_sum + of_distance + entropy;
        of_weight.push((-entropy).exp() * (of_entropy + 6.0 + 4.0 * entropy) + 1.0);
        of_p.extend(own);
    }
    let (mut sure, mut of_sure, mut mass, mut of_mass) = (vec![], vec![], vec![], vec![]);
    for i in 0..s.classes {
        let [mut first, mut second, mut of_first, mut of_second] = [0.0; 4];
        for n in 0..s.rows {
            let (p, of_p) = (p[n * s.classes + i], of_p[n * s.classes + i]);
            first += weights[n] * p;
            second += weights[n] * p * p;
            of_first += weights[n] * p * (of_weight[n] + of_p + 1.0 + rows);
            of_second += weights[n] * p * p * (of_weight[n] + 2.0 * of_p + 2.0 + rows);
        }
        let relative = |of: f64, sum: f64| if sum > 0.0 { of / sum } else { 0.0 };
        mass.push(first);
        of_mass.push(relative(of_first, first));
        sure.push(relative(second, first));
        of_sure.push(sure[i] * (relative(of_second, second) + of_mass[i] + 5.0));
    }
    let class_losses: Vec<f64> =
        sure.iter().zip(&of_sure).map(|(sure, of)| (of + 6.0 * (1.0 - sure) + 1.0) / k).collect();
    let mut gradients: Vec<f64> = before.iter().map(|held| if s.adds { held.abs() } else { 0.0 }).collect();
    gradients[..s.labelled * s.classes].fill(0.0);
    for n in 0..s.rows {
        let at = |i: usize| n * s.classes + i;
        let (mut pulls, mut of_pulls) = (Vec::new(), Vec::new());
        for i in 0..s.classes {
            let share = if mass[i] > 0.0 { weights[n] * p[at(i)] / mass[i] } else { 0.0 };
            let (difference, terms) = (2.0 * p[at(i)] - sure[i], 2.0 * p[at(i)] + sure[i]);
            let of_difference = 2.0 * p[at(i)] * of_p[at(i)] + of_sure[i] + terms;
            let of_share = of_weight[n] + of_p[at(i)] + of_mass[i] + 6.0;
            pulls.push(share * difference / k);
            of_pulls.push(share / k * (of_difference + difference.abs() * (of_share + 7.0)));
        }
        let size: f64 = pulls.iter().map(|pull| pull.abs()).sum();
        let (sum, of_sum) = (pulls.iter().sum::<f64>().abs(), of_pulls.iter().sum::<f64>() + k * size);
        for i in 0..s.classes {
            let p_sum = p[at(i)] * (of_sum + sum * (of_p[at(i)] + 1.0));
            let size = pulls[i].abs() + p[at(i)] * sum;
            let own = s.weight.abs() / s.temperature * (of_pulls[i] + p_sum + 9.0 * size);
            gradients[s.labelled * s.classes + at(i)] += own;
        }
    }
    let total = class_losses.iter().sum::<f64>() + k;
    Ok([
        ("loss", Bound::guaranteed(&[total])),
        ("class_losses", Bound::guaranteed(&class_losses)),
        ("dlogits", Bound::guaranteed(&gradients)),
    ]
    .into())
}

fn cases() -> Vec<Case> {
    let case = |name, [n, k]: [usize; 2], labelled: usize, scale: f32, temperature: f32| {
        let zeros = Array::f32(&[n, k], vec![0.0; n * k]);
        let case = Case::new("class_confusion", name, SEED)
            .attribute("labelled", labelled)
            .attribute("temperature", temperature)
            .attribute("weight", 0.3)
            .attribute("adaptation", 0.75);
        case.normal("logits", &[n, k], scale).input("before", zeros)
    };
    // The weights pass no gradient on, so that they are held where gradients are compared with differences. They follow
    // from logits that f16 can hold, as kernels of mixed precision are given these and find the weights themselves.
    let held = |case: Case| -> Case {
        let case = case.rounded_to_half();
        let s = shape(&case).expect("a case");
        let logits = &case.reals("logits").expect("logits")[s.labelled * s.classes..];
        let weights = row_weights(&probabilities(logits, s.classes, s.temperature), s.classes);
        case.input("weights", Array::f64(&[weights.len()], weights))
    };
    let huge = |case: Case| {
        let mut rng = case.stream("huge");
        let draw = |_| if rng.random::<bool>() { 1e4 } else { -1e4 };
        case.input("logits", Array::f32(&[65, 3], (0..195).map(draw).collect()))
    };
    let never = |case: Case| {
        let values = (0..60).map(|i| if i % 3 == 1 { -1e4 } else { (i % 7) as f32 });
        case.input("logits", Array::f32(&[20, 3], values.collect()))
    };
    vec![
        held(case("one class", [3, 1], 0, 1.0, 2.5)),
        held(case("one row of two", [2, 2], 1, 1.0, 2.5)),
        held(case("ragged", [34, 15], 17, 1.0, 1.7)),
        held(case("digits", [128, 10], 64, 3.0, 2.5)),
        held(case("confident", [130, 12], 65, 30.0, 2.5)),
        held(case("more rows than threads", [300, 5], 100, 2.0, 1.0)),
        huge(case("logits of ±10,000", [65, 3], 0, 1.0, 2.5)).not_smooth(),
        never(case("a class that is never predicted", [20, 3], 4, 1.0, 2.5)).not_smooth(),
        case("adds, and labelled rows keep theirs", [40, 5], 9, 1.0, 2.5)
            .normal("before", &[40, 5], 1.0)
            .attribute("adds", true)
            .not_smooth(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::record;
    use crate::contract::testing::assert_like_twin;
    use crate::gpu::testing::limited;

    /// The 65,536 classes that data can have are more than most devices take workgroups in a dimension, but too many for the
    /// twin, which has the whole matrix.
    #[test]
    fn more_classes_than_workgroups_in_a_dimension_are_folded_into_rows() {
        let gpu = limited(|limits| limits.max_compute_workgroups_per_dimension = 4);
        let case = cases().into_iter().find(|case| case.name == "ragged").expect("15 classes");
        let rig = record(&ClassConfusion, &gpu, &case).expect("a recording");
        let confuse = rig.rec.dispatches().iter().find(|one| one.kernel.label.contains("confuse"));
        // The last one of them has no class.
        assert_eq!(confuse.map(|one| one.workgroups), Some([4, 4, 1]));
        assert_like_twin(&ClassConfusion, &gpu, &case);
    }
}
