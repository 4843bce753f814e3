//! softmax_cross_entropy: the mean loss and dlogits from logits and labels.

use super::*;
use crate::check::contract::real_output;
use crate::ops::{Step, metrics, softmax_cross_entropy as kernels};
use crate::reference::softmax_cross_entropy as reference;

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
        kernels::forward_backward(&mut rig.rec, &logits, &labels, &row_losses, &dlogits, scale)?;
        metrics::reduce(&mut rig.rec, &step, &row_losses, &logits, &labels, &table, 0)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let [n, k] = shape(case)?;
        let (logits, labels) = (case.reals("logits")?, case.whole("labels")?);
        let scale = 1.0 / n as f64;
        let row_losses = reference::forward(&logits, labels, scale, k);
        let loss = row_losses.iter().sum();
        Ok(reals([
            ("loss", &[1], vec![loss]),
            ("row_losses", &[n], row_losses),
            ("dlogits", &[n, k], reference::backward(&logits, labels, scale, k)),
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
}
