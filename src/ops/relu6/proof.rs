//! Rectified linear unit with a ceiling: `torch.nn.functional.relu6`.
//!
//! `y = min(max(x, 0), 6)`
//!
//! Proof of relu6: y and dx from x and dy.

use crate::contract::{
    Array, Arrays, Bound, Bounds, Case, Gradient, OF_INPUT, Op, Rig, SEED, real_output, reals,
};
use crate::error::Result;
use crate::ops::relu6 as host;

/// x of any shape → y of the same.
pub fn forward(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| x.clamp(0.0, 6.0)).collect()
}

/// x and dy of one shape → dx of the same: dy where `0 < x < 6`, 0 elsewhere.
pub fn backward(x: &[f64], dy: &[f64]) -> Vec<f64> {
    x.iter().zip(dy).map(|(&x, &dy)| if x <= 0.0 || x >= 6.0 { 0.0 } else { dy }).collect()
}

pub struct Relu6;

/// x of any shape, dy like it.
fn dims(case: &Case) -> Result<&[usize]> {
    let dims = &case.array("x")?.dims;
    case.expect_reals("x", dims)?;
    case.expect_reals("dy", dims)?;
    Ok(dims)
}

impl Op for Relu6 {
    fn name(&self) -> &'static str {
        "relu6"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let dims = dims(rig.case)?;
        let (x, dy) = (rig.input("x")?, rig.input("dy")?);
        let (y, dx) = (rig.output("y", dims)?, rig.output("dx", dims)?);
        host::forward(&mut rig.rec, &x, &y)?;
        host::backward(&mut rig.rec, &x, &dy, &dx)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let dims = dims(case)?;
        let (x, dy) = (case.reals("x")?, case.reals("dy")?);
        Ok(reals([("y", dims, forward(&x)), ("dx", dims, backward(&x, &dy))]))
    }

    /// Every result is an input, 0 or 6.
    fn bounds(&self, _: &Case, twin: &Arrays) -> Result<Bounds> {
        let bound = |name| Ok((name, Bound::exact(real_output(twin, name)?.len())));
        ["y", "dx"].into_iter().map(bound).collect()
    }

    fn gradients(&self) -> &'static [Gradient] {
        OF_INPUT
    }

    fn cases(&self) -> Vec<Case> {
        let case = |name, dims: &[usize]| {
            Case::new("relu6", name, SEED).normal("x", dims, 6.0).normal("dy", dims, 1.0)
        };
        // Both corners, and values next to them that are not subnormal.
        let edges = vec![0.0, -0.0, 1e-30, -1e-30, 6.0, 5.999_999_5, 6.000_000_5, 1e30, f32::INFINITY];
        vec![
            case("single value", &[1]),
            case("ragged", &[3, 5, 1, 17]),
            case("corners", &[9]).input("x", Array::f32(&[9], edges)).not_smooth(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_gradient, normal};

    #[test]
    fn by_hand() {
        let x = [-2.0, 0.0, 3.0, 6.0, 9.0];
        assert_eq!(forward(&x), [0.0, 0.0, 3.0, 6.0, 6.0]);
        assert_eq!(backward(&x, &[1.0, 2.0, 3.0, 4.0, 5.0]), [0.0, 0.0, 3.0, 0.0, 0.0]);
        assert!(forward(&[f64::NAN])[0].is_nan());
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        let (x, dy) = (normal(65, "x"), normal(65, "dy"));
        let x: Vec<f64> = x.iter().map(|x| 5.0 * x).collect();
        assert_gradient(forward, &x, &dy, &backward(&x, &dy));
    }
}
