//! Rectified linear units: `torch.nn.functional.relu` (slope 0) and `leaky_relu` (`negative_slope`).
//!
//! `y = x` where `x > 0`, `slope·x` elsewhere.
//!
//! Proof of relu and leaky_relu: y and dx from x and dy.

use crate::contract::{
    Array, Arrays, Bound, Bounds, Case, Gradient, OF_INPUT, Op, Rig, SEED, real_output, reals,
};
use crate::error::Result;
use crate::ops::relu as host;

/// x of any shape → y of the same.
pub fn forward(x: &[f64], slope: f64) -> Vec<f64> {
    x.iter().map(|&x| if x <= 0.0 { scaled(x, slope) } else { x }).collect()
}

/// slope·x, and 0 for slope 0 whatever x: 0·∞ would be no number.
fn scaled(x: f64, slope: f64) -> f64 {
    if slope == 0.0 { 0.0 } else { slope * x }
}

/// x and dy of one shape → dx of the same: dy where `x > 0`, `slope·dy` elsewhere, also at `x = 0`.
pub fn backward(x: &[f64], dy: &[f64], slope: f64) -> Vec<f64> {
    x.iter().zip(dy).map(|(&x, &dy)| if x <= 0.0 { scaled(dy, slope) } else { dy }).collect()
}

pub struct Relu {
    pub leaky: bool,
}

impl Relu {
    fn slope(&self, case: &Case) -> Result<f32> {
        if self.leaky { case.real("slope") } else { Ok(0.0) }
    }
}

/// x of any shape, dy like it.
fn dims(case: &Case) -> Result<&[usize]> {
    let dims = &case.array("x")?.dims;
    case.expect_reals("x", dims)?;
    case.expect_reals("dy", dims)?;
    Ok(dims)
}

impl Op for Relu {
    fn name(&self) -> &'static str {
        if self.leaky { "leaky_relu" } else { "relu" }
    }

    fn attributes(&self) -> &'static [&'static str] {
        if self.leaky { &["slope"] } else { &[] }
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let (slope, dims) = (self.slope(rig.case)?, dims(rig.case)?);
        let (x, dy) = (rig.input("x")?, rig.input("dy")?);
        let (y, dx) = (rig.output("y", dims)?, rig.output("dx", dims)?);
        host::forward(&mut rig.rec, &x, &y, slope)?;
        host::backward(&mut rig.rec, &x, &dy, &dx, slope)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let (slope, dims) = (f64::from(self.slope(case)?), dims(case)?);
        let (x, dy) = (case.reals("x")?, case.reals("dy")?);
        Ok(reals([("y", dims, forward(&x, slope)), ("dx", dims, backward(&x, &dy, slope))]))
    }

    /// At most one product, and none without a slope.
    fn bounds(&self, _: &Case, twin: &Arrays) -> Result<Bounds> {
        let bound = |name| {
            let values = real_output(twin, name)?;
            Ok((name, if self.leaky { Bound::rounding(&values, 1) } else { Bound::exact(values.len()) }))
        };
        ["y", "dx"].into_iter().map(bound).collect()
    }

    fn gradients(&self) -> &'static [Gradient] {
        OF_INPUT
    }

    fn cases(&self) -> Vec<Case> {
        if self.leaky { leaky_cases() } else { cases() }
    }
}

fn cases() -> Vec<Case> {
    let case =
        |name, dims: &[usize]| Case::new("relu", name, SEED).normal("x", dims, 1.0).normal("dy", dims, 1.0);
    vec![
        case("single value", &[1]),
        case("ragged", &[3, 5, 1, 17]),
        case("zeros and small values", &[5]).input("x", edges()).not_smooth(),
        case("minus infinity", &[5]).input("x", minus_infinity()).not_smooth(),
        // More than 65,535 workgroups of 64 threads: dispatched in two dimensions.
        case("folded dispatch", &[65, 65, 32, 32]).not_smooth(),
    ]
}

fn leaky_cases() -> Vec<Case> {
    let case = |name, dims: &[usize]| {
        let case = Case::new("leaky_relu", name, SEED).attribute("slope", 0.2);
        case.normal("x", dims, 1.0).normal("dy", dims, 1.0)
    };
    vec![case("ragged", &[15, 1, 65]), case("zeros and small values", &[5]).input("x", edges()).not_smooth()]
}

/// Where 0 times the value would be no number.
fn minus_infinity() -> Array {
    Array::f32(&[5], vec![f32::NEG_INFINITY, 1.0, -1.0, f32::NEG_INFINITY, 2.0])
}

/// Where the sign decides: both zeros and values next to them, small but not subnormal, which devices may flush.
fn edges() -> Array {
    Array::f32(&[5], vec![0.0, -0.0, 1e-30, -1e-30, -1e30])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_gradient, normal};

    #[test]
    fn tiny_values_by_hand() {
        let x = [-2.0, 0.0, 3.0];
        let dy = [10.0, 20.0, 30.0];
        assert_eq!(forward(&x, 0.0), [0.0, 0.0, 3.0]);
        assert_eq!(backward(&x, &dy, 0.0), [0.0, 0.0, 30.0]);
        assert_eq!(forward(&x, 0.5), [-1.0, 0.0, 3.0]);
        assert_eq!(backward(&x, &dy, 0.5), [5.0, 10.0, 30.0]);
        assert!(forward(&[f64::NAN], 0.0)[0].is_nan());
        assert_eq!(forward(&[f64::NEG_INFINITY, f64::INFINITY], 0.0), [0.0, f64::INFINITY]);
        assert_eq!(forward(&[f64::NEG_INFINITY], 0.5), [f64::NEG_INFINITY]);
        assert_eq!(backward(&[-1.0], &[f64::INFINITY], 0.0), [0.0]);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        let (x, dy) = (normal(65, "x"), normal(65, "dy"));
        for slope in [0.0, 0.01, 0.2] {
            let dx = backward(&x, &dy, slope);
            assert_gradient(|x| forward(x, slope), &x, &dy, &dx);
        }
    }
}
