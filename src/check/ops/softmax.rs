//! softmax: probabilities y and classes from logits x.

use super::*;
use crate::ops::softmax as kernels;
use crate::reference::softmax as reference;

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
        kernels::forward(&mut rig.rec, &x, &y, &classes)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let [n, k] = case.dims("x")?;
        let (y, classes) = reference::forward(&case.reals("x")?, k);
        let mut outputs = reals([("y", &[n, k], y)]);
        outputs.insert("classes".into(), Array::u32(&[n], classes));
        Ok(outputs)
    }

    /// As in softmax_cross_entropy: exp(d) may be off by 3 + 2·|d| units in the last place and its argument by |d|
    /// roundings, the division by 2.5 units; K additions add up the exponentials.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let [_, k] = case.dims("x")?;
        let mut each = Vec::new();
        for row in case.reals("x")?.chunks_exact(k) {
            let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let exp = |x: f64| (x - max).exp();
            let of_exp = |x: f64| 6.0 + 5.0 * (max - x);
            let sum: f64 = row.iter().map(|&x| exp(x)).sum();
            let of_sum = k as f64 + row.iter().map(|&x| exp(x) / sum * of_exp(x)).sum::<f64>();
            each.extend(row.iter().map(|&x| exp(x) / sum * (of_exp(x) + of_sum + 5.0)));
        }
        Ok([("y", Bound::guaranteed(&each))].into())
    }
}
