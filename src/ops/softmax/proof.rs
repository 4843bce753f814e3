//! Probabilities and classes from logits: `torch.softmax(x, 1)` and `x.argmax(1)` in PyTorch.
//!
//! Proof of softmax: probabilities y and classes from logits x.

use crate::contract::{Array, Arrays, Bound, Bounds, Case, Op, Rig, SEED, reals};
use crate::error::Result;
use crate::ops::softmax as host;

/// x (N, K) → probabilities (N, K) and classes (N), of equal maxima the first.
pub fn forward(x: &[f64], k: usize) -> (Vec<f64>, Vec<u32>) {
    let (mut probabilities, mut classes) = (Vec::new(), Vec::new());
    for row in x.chunks_exact(k) {
        let mut best = 0;
        for class in 1..k {
            if row[class] > row[best] {
                best = class;
            }
        }
        let powers: Vec<f64> = row.iter().map(|value| (value - row[best]).exp()).collect();
        let sum: f64 = powers.iter().sum();
        probabilities.extend(powers.iter().map(|power| power / sum));
        classes.push(best as u32);
    }
    (probabilities, classes)
}

/// A row's softmax, and how far the device's may lie from it, in units of 2⁻²⁴.
pub(crate) struct Rounded {
    pub p: Vec<f64>,
    /// How far each logit is below the largest.
    pub below: Vec<f64>,
    pub log_sum: f64,
    /// Relative errors: of Σ e^−d, and of each probability.
    of_sum: f64,
    pub of_p: Vec<f64>,
}

impl Rounded {
    /// WGSL lets exp(d) be off by 3 + 2·|d| units in the last place and its argument by |d| roundings, and division by 2.5; a unit
    /// in the last place is at most two roundings. K additions add up the exponentials.
    pub fn new(row: &[f64]) -> Self {
        let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (p, _) = forward(row, row.len());
        let below: Vec<f64> = row.iter().map(|logit| max - logit).collect();
        let of_exp = |d: f64| 6.0 + 5.0 * d;
        let log_sum = below.iter().map(|d| (-d).exp()).sum::<f64>().ln();
        let of_sum = row.len() as f64 + p.iter().zip(&below).map(|(p, &d)| p * of_exp(d)).sum::<f64>();
        let of_p = below.iter().map(|&d| of_exp(d) + of_sum + 5.0).collect();
        Self { p, below, log_sum, of_sum, of_p }
    }

    /// Of the logarithm of Σ e^−d: it may be off by 3 units in the last place, or by 2⁻²¹ near 1.
    pub fn of_log(&self) -> f64 {
        self.of_sum + 8.0 + 7.0 * self.log_sum
    }

    /// Of Σ p·d.
    pub fn of_distance(&self) -> f64 {
        let k = self.p.len() as f64;
        let terms = self.p.iter().zip(&self.below).zip(&self.of_p);
        terms.map(|((p, d), of)| p * d * (of + 2.0 + k)).sum()
    }
}

pub struct Softmax;

impl Op for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let [n, k] = rig.case.dims("x")?;
        let x = rig.input("x")?;
        let (y, classes) = (rig.output("y", &[n, k])?, rig.whole_output("classes", &[n])?);
        host::forward(&mut rig.rec, &x, &y, &classes)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let [n, k] = case.dims("x")?;
        let (y, classes) = forward(&case.reals("x")?, k);
        let mut outputs = reals([("y", &[n, k], y)]);
        outputs.insert("classes".into(), Array::u32(&[n], classes));
        Ok(outputs)
    }

    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let [_, k] = case.dims("x")?;
        let mut each = Vec::new();
        for row in case.reals("x")?.chunks_exact(k) {
            let row = Rounded::new(row);
            each.extend(row.p.iter().zip(&row.of_p).map(|(p, of)| p * of));
        }
        Ok([("y", Bound::guaranteed(&each))].into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, n: usize, k: usize, scale| Case::new("softmax", name, SEED).normal("x", &[n, k], scale);
    vec![
        case("one class", 3, 1, 1.0),
        case("ragged", 17, 15, 1.0),
        case("digits", 129, 10, 3.0),
        case("confident", 65, 12, 30.0),
        case("ties", 65, 3, 1.0).levels("x", &[65, 3], 2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_values_by_hand() {
        // e^0, e^ln2 and e^ln5: 1, 2 and 5 of 8.
        let (probabilities, classes) = forward(&[0.0, 2_f64.ln(), 5_f64.ln(), 3.0, 1e3, 1e3], 3);
        let expected = [0.125, 0.25, 0.625, 0.0, 0.5, 0.5];
        assert!(probabilities.iter().zip(expected).all(|(p, e)| (p - e).abs() < 1e-15), "{probabilities:?}");
        assert_eq!(classes, [2, 1]);
    }
}
