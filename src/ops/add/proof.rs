//! Sums with a ReLU behind them: `torch.nn.functional.relu(a + b)`, as in the residual blocks of He et al. 2016.
//!
//! `y = max(a + b, 0)`, `da = db = dy` where `y > 0`, 0 elsewhere.
//!
//! Proof of add_relu: y, da and db from a, b and dy; the sum without a ReLU, and that of a and what the tensor holds, b.

use crate::contract::{Array, Arrays, Bound, Bounds, Case, Gradient, Op, Rig, SEED, reals};
use crate::error::Result;
use crate::ops::add as host;

/// a and b of one shape → y of the same.
pub fn forward(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| if a + b <= 0.0 { 0.0 } else { a + b }).collect()
}

/// a, b and dy of one shape → the gradient of a, and of b.
pub fn backward(a: &[f64], b: &[f64], dy: &[f64]) -> Vec<f64> {
    forward(a, b).iter().zip(dy).map(|(&y, &dy)| if y <= 0.0 { 0.0 } else { dy }).collect()
}

pub struct AddRelu;

fn dims(case: &Case) -> Result<&[usize]> {
    let dims = &case.array("a")?.dims;
    for tensor in ["a", "b", "dy"] {
        case.expect_reals(tensor, dims)?;
    }
    Ok(dims)
}

impl Op for AddRelu {
    fn name(&self) -> &'static str {
        "add_relu"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["a", "b", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let dims = dims(rig.case)?;
        let (a, b, dy) = (rig.input("a")?, rig.input("b")?, rig.input("dy")?);
        let (y, d) = (rig.output("y", dims)?, rig.output("da", dims)?);
        host::forward(&mut rig.rec, &a, &b, &y, true)?;
        host::backward_relu(&mut rig.rec, &y, &dy, &d)?;
        // One tensor is the gradient of both.
        rig.expose("db", &d);
        // Without a ReLU the sum is the plain one.
        let sum = rig.output("sum", dims)?;
        host::forward(&mut rig.rec, &a, &b, &sum, false)?;
        let total = rig.in_place("total", "b")?;
        host::accumulate(&mut rig.rec, &a, &total)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let dims = dims(case)?;
        let (a, b, dy) = (case.reals("a")?, case.reals("b")?, case.reals("dy")?);
        let d = backward(&a, &b, &dy);
        let sum: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
        Ok(reals([
            ("y", dims, forward(&a, &b)),
            ("da", dims, d.clone()),
            ("db", dims, d),
            ("sum", dims, sum.clone()),
            ("total", dims, sum),
        ]))
    }

    /// One addition, and gradients that are handed on as they are.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let (a, b) = (case.reals("a")?, case.reals("b")?);
        let magnitudes: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a.abs() + b.abs()).collect();
        let (sum, exact) = (Bound::rounding(&magnitudes, 1), Bound::exact(a.len()));
        let sums = [("y", sum.clone()), ("sum", sum.clone()), ("total", sum)];
        Ok(sums.into_iter().chain([("da", exact.clone()), ("db", exact)]).collect())
    }

    fn gradients(&self) -> &'static [Gradient] {
        &[
            Gradient { result: "da", input: "a", output: "y" },
            Gradient { result: "db", input: "b", output: "y" },
        ]
    }

    fn cases(&self) -> Vec<Case> {
        let case = |name, dims: &[usize]| {
            let case = Case::new("add_relu", name, SEED).normal("a", dims, 1.0).normal("b", dims, 1.0);
            case.normal("dy", dims, 1.0)
        };
        let edges = |values: [f32; 4]| Array::f32(&[4], values.into());
        vec![
            case("single value", &[1]),
            case("ragged", &[3, 5, 7, 17]),
            // Sums of exactly 0 pass nothing on.
            case("sums of nothing", &[4])
                .input("a", edges([1.0, -2.0, 0.0, 0.5]))
                .input("b", edges([-1.0, 2.0, -0.0, -0.25]))
                .not_smooth(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let (a, b, dy) = ([1.0, -3.0, 2.0], [2.0, 1.0, -2.0], [5.0, 6.0, 7.0]);
        assert_eq!(forward(&a, &b), [3.0, 0.0, 0.0]);
        assert_eq!(backward(&a, &b, &dy), [5.0, 0.0, 0.0]);
    }
}
