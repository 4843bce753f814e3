//! Global average pooling: `torch.nn.functional.adaptive_avg_pool2d` with an output of 1×1.
//!
//! `y[n,c] = Σ_{h,w} x[n,c,h,w] / (H·W)`, `dx[n,c,h,w] = dy[n,c] / (H·W)`
//!
//! Proof of global_avg_pool2d: y and dx from x and dy.

use crate::contract::{Arrays, Bounds, Case, Gradient, OF_INPUT, Op, Rig, SEED, bilinear_bounds, reals};
use crate::error::Result;
use crate::ops::global_avg_pool2d as host;

/// Planes of `plane` values each → their means.
pub fn forward(x: &[f64], plane: usize) -> Vec<f64> {
    x.chunks_exact(plane).map(|values| values.iter().sum::<f64>() / plane as f64).collect()
}

/// The gradient of each mean → that of every value of its plane.
pub fn backward(dy: &[f64], plane: usize) -> Vec<f64> {
    dy.iter().flat_map(|dy| std::iter::repeat_n(dy / plane as f64, plane)).collect()
}

pub struct GlobalAvgPool2d;

/// N, C, H, W
fn dims(case: &Case) -> Result<[usize; 4]> {
    let [n, c, h, w] = case.dims("x")?;
    case.expect_reals("dy", &[n, c, 1, 1])?;
    Ok([n, c, h, w])
}

impl Op for GlobalAvgPool2d {
    fn name(&self) -> &'static str {
        "global_avg_pool2d"
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
        let (y, dx) = (rig.output("y", dy.dims())?, rig.output("dx", &dims)?);
        host::forward(&mut rig.rec, &x, &y)?;
        host::backward(&mut rig.rec, &dy, &dx)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let [n, c, h, w] = dims(case)?;
        let (x, dy) = (case.reals("x")?, case.reals("dy")?);
        let (y, dx) = (forward(&x, h * w), backward(&dy, h * w));
        Ok(reals([("y", &[n, c, 1, 1], y), ("dx", &[n, c, h, w], dx)]))
    }

    /// One rounding for each value that is added up, and one for the division.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let [_, _, h, w] = dims(case)?;
        bilinear_bounds(self, case, [("y", h * w + 1), ("dx", 1)])
    }

    fn gradients(&self) -> &'static [Gradient] {
        OF_INPUT
    }

    fn cases(&self) -> Vec<Case> {
        let case = |name, [n, c, h, w]: [usize; 4]| {
            let case = Case::new("global_avg_pool2d", name, SEED).normal("x", &[n, c, h, w], 1.0);
            case.normal("dy", &[n, c, 1, 1], 1.0)
        };
        vec![
            case("single value", [1, 1, 1, 1]),
            case("ragged", [3, 5, 7, 9]),
            case("planes wider than a workgroup", [2, 17, 15, 13]),
            case("one column", [5, 3, 65, 1]),
            case("planes of sixteen", [3, 23, 4, 4]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(forward(&[1.0, 3.0, 10.0, 20.0], 2), [2.0, 15.0]);
        assert_eq!(backward(&[4.0, -2.0], 2), [2.0, 2.0, -1.0, -1.0]);
    }
}
