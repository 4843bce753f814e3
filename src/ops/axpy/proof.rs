//! A vector's multiple, added to another vector (BLAS saxpy).
//!
//! `y ← y + a · x`
//!
//! Proof of axpy: the new y from the old one and x.

use crate::contract::{Arrays, Bound, Bounds, Case, Op, Rig, SEED, absolute, reals};
use crate::error::Result;
use crate::ops::axpy as host;

/// y and x of any shape → the new y.
pub fn accumulate(a: f64, x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| y + a * x).collect()
}

pub struct Axpy;

fn dims(case: &Case) -> Result<&[usize]> {
    let dims = &case.array("x")?.dims;
    case.expect_reals("x", dims)?;
    case.expect_reals("y", dims)?;
    Ok(dims)
}

impl Op for Axpy {
    fn name(&self) -> &'static str {
        "axpy"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["a"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "y"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        dims(rig.case)?;
        let x = rig.input("x")?;
        let y = rig.in_place("new_y", "y")?;
        host::accumulate(&mut rig.rec, rig.case.real("a")?, &x, &y)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let dims = dims(case)?;
        let a = f64::from(case.real("a")?);
        Ok(reals([("new_y", dims, accumulate(a, &case.reals("x")?, &case.reals("y")?))]))
    }

    /// A product and a sum.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let a = f64::from(case.real("a")?).abs();
        let case = absolute(case);
        let terms = accumulate(a, &case.reals("x")?, &case.reals("y")?);
        Ok([("new_y", Bound::rounding(&terms, 2))].into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, dims: &[usize], a: f64| {
        Case::new("axpy", name, SEED).attribute("a", a).normal("x", dims, 1.0).normal("y", dims, 1.0)
    };
    vec![
        case("one value", &[1], 1.0),
        case("ragged", &[17, 65], 0.25),
        case("taken away", &[300], -1.0),
        case("nothing added", &[5, 3], 0.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_values_by_hand() {
        assert_eq!(accumulate(0.5, &[8.0, 6.0], &[4.0, -2.0]), [8.0, 1.0]);
    }
}
