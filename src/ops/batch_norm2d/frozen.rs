//! batch_norm2d_frozen: y, dx, dweight and dbias under running statistics, which do not depend on x.

use super::proof::Magnitudes;
use super::twin::{self, BatchNorm2dShape};
use super::{ParameterGradients, Rows, Statistics};
use crate::contract::{Array, Arrays, Bounds, Case, Gradient, Op, PARAMETRIC, Rig, SEED, absolute, reals};
use crate::error::Result;
use rand::RngExt;

pub struct BatchNorm2dFrozen;

fn shape(case: &Case) -> Result<BatchNorm2dShape> {
    let [n, c, h, w] = case.dims("x")?;
    for tensor in ["weight", "bias", "running_mean", "running_var"] {
        case.expect_reals(tensor, &[c])?;
    }
    case.expect_reals("dy", &[n, c, h, w])?;
    Ok(BatchNorm2dShape { n, c, h, w })
}

impl Op for BatchNorm2dFrozen {
    fn name(&self) -> &'static str {
        "batch_norm2d_frozen"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["eps"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "weight", "bias", "running_mean", "running_var", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        shape(rig.case)?;
        let eps = rig.case.real("eps")?;
        let (x, weight, bias, dy) =
            (rig.input("x")?, rig.input("weight")?, rig.input("bias")?, rig.input("dy")?);
        let running = Statistics { mean: rig.input("running_mean")?, variance: rig.input("running_var")? };
        let (y, dx) = (rig.output("y", x.dims())?, rig.output("dx", x.dims())?);
        let (dweight, dbias) = (rig.output("dweight", weight.dims())?, rig.output("dbias", bias.dims())?);
        let shares = rig.scratch("shares", &super::shares_of(&running.mean))?;
        let (rec, rows) = (&mut rig.rec, Rows { x: &x, source: x.rows() });
        super::forward(rec, rows, &running, &weight, &bias, &y, eps)?;
        let gradients = ParameterGradients { dweight: &dweight, dbias: &dbias, shares: &shares };
        super::backward_parameters(rec, rows, &running, &dy, &gradients, eps)?;
        super::backward_input_frozen(rec, Rows { x: &dy, ..rows }, &running.variance, &weight, &dx, eps)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let (s, eps) = (shape(case)?, f64::from(case.real("eps")?));
        let (x, weight, bias) = (case.reals("x")?, case.reals("weight")?, case.reals("bias")?);
        let (mean, var, dy) = (case.reals("running_mean")?, case.reals("running_var")?, case.reals("dy")?);
        let (dims, channels) = ([s.n, s.c, s.h, s.w], [s.c]);
        Ok(reals([
            ("y", &dims, twin::forward(&x, &mean, &var, &weight, &bias, eps, s)),
            ("dx", &dims, twin::backward_input_frozen(&dy, &var, &weight, eps, s)),
            ("dweight", &channels, twin::backward_weight(&x, &dy, &mean, &var, eps, s)),
            ("dbias", &channels, twin::backward_bias(&dy, s)),
        ]))
    }

    /// As batch_norm2d's, without what comes through the statistics.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let m = Magnitudes::new(case, twin, shape(case)?)?;
        let dy = absolute(case).reals("dy")?;
        let [dweight, dbias] = m.parameters(&dy);
        Ok([
            ("y", m.bound(&m.y())),
            ("dx", m.bound(&m.dx_frozen(&dy))),
            ("dweight", m.bound(&dweight)),
            ("dbias", m.bound(&dbias)),
        ]
        .into())
    }

    fn gradients(&self) -> &'static [Gradient] {
        PARAMETRIC
    }

    fn cases(&self) -> Vec<Case> {
        let case = |name, dims: [usize; 4], eps: f64| {
            let c = dims[1];
            let case = Case::new("batch_norm2d_frozen", name, SEED).attribute("eps", eps);
            let case = case.normal("x", &dims, 1.0).normal("dy", &dims, 1.0).normal("weight", &[c], 1.0);
            let case = case.normal("bias", &[c], 1.0).normal("running_mean", &[c], 1.0);
            let mut rng = case.stream("running_var");
            let variances = (0..c).map(|_| rng.random_range(0.5..1.5)).collect();
            case.input("running_var", Array::f32(&[c], variances))
        };
        vec![
            case("single value", [1, 1, 1, 1], 1e-5),
            case("ragged", [3, 17, 5, 7], 1e-5),
            case("large eps", [2, 5, 9, 8], 0.3),
            case("planes wider than a workgroup", [2, 3, 15, 17], 1e-3),
        ]
    }
}
