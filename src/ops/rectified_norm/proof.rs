//! Batch normalisation in training and the rectified linear unit behind it, as [`crate::ops::batch_norm2d`]'s twin and
//! `torch.nn.functional.relu` or `relu6` one behind the other; where `frozen`, under running statistics.
//!
//! Proof of rectified_norm: y, gradients and new running statistics.

use crate::contract::{
    Array, Arrays, Bound, Bounds, Case, Gradient, Op, PARAMETRIC, Rig, SEED, absolute, reals,
};
use crate::error::{Error, Result};
use crate::ops::batch_norm2d::proof::Magnitudes;
use crate::ops::batch_norm2d::twin::{self, BatchNorm2dShape};
use crate::ops::rectified_norm::{self as host, Norm, Rectifier};
use rand::RngExt;

pub struct RectifiedNorm;

fn shape(case: &Case) -> Result<BatchNorm2dShape> {
    let [n, c, h, w] = case.dims("x")?;
    for tensor in ["weight", "bias", "running_mean", "running_var"] {
        case.expect_reals(tensor, &[c])?;
    }
    case.expect_reals("dy", &[n, c, h, w])?;
    Ok(BatchNorm2dShape { n, c, h, w })
}

fn rectifier(case: &Case) -> Result<Rectifier> {
    match case.attributes.get("rectifier").and_then(|value| value.as_str()) {
        None | Some("none") => Ok(Rectifier::Nothing),
        Some("relu") => Ok(Rectifier::Relu),
        Some("relu6") => Ok(Rectifier::Relu6),
        Some(other) => Err(Error::input(case.attribute_of("rectifier"), "none, relu or relu6", other)),
    }
}

/// The unit itself, and what of the gradient it passes.
fn rectified(z: &[f64], dy: &[f64], rectifier: Rectifier) -> (Vec<f64>, Vec<f64>) {
    let highest = if rectifier == Rectifier::Relu6 { 6.0 } else { f64::INFINITY };
    if rectifier == Rectifier::Nothing {
        return (z.to_vec(), dy.to_vec());
    }
    let passed = z.iter().zip(dy).map(|(&z, &dy)| if z <= 0.0 || z >= highest { 0.0 } else { dy });
    (z.iter().map(|z| z.clamp(0.0, highest)).collect(), passed.collect())
}

impl Op for RectifiedNorm {
    fn name(&self) -> &'static str {
        "rectified_norm"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["eps", "momentum", "rectifier", "frozen"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "weight", "bias", "running_mean", "running_var", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        shape(rig.case)?;
        let frozen = rig.case.flag("frozen", false)?;
        let (x, dy, weight, bias) =
            (rig.input("x")?, rig.input("dy")?, rig.input("weight")?, rig.input("bias")?);
        let running_mean = rig.in_place("new_running_mean", "running_mean")?;
        let running_var = rig.in_place("new_running_var", "running_var")?;
        let norm = Norm {
            variant: rig.variant(),
            weight: &weight,
            bias: &bias,
            running_mean: &running_mean,
            running_var: &running_var,
            eps: rig.case.real("eps")?,
            momentum: rig.case.real("momentum")?,
            rectifier: rectifier(rig.case)?,
        };
        let dims = host::table_dims(weight.len());
        let (table, shares) = (rig.scratch("table", &dims)?, rig.scratch("shares", &dims)?);
        let (y, dx) = (rig.output("y", x.dims())?, rig.output("dx", x.dims())?);
        let (dweight, dbias) = (rig.output("dweight", weight.dims())?, rig.output("dbias", bias.dims())?);
        let rec = &mut rig.rec;
        match frozen {
            true => norm.running(rec, &x, &table)?,
            false => norm.statistics(rec, &x, &table)?,
        }
        norm.forward(rec, &x, &table, &y)?;
        norm.backward_parameters(rec, (&x, &dy), &table, (&dweight, &dbias), &shares)?;
        match frozen {
            true => norm.backward_input_frozen(rec, (&x, &dy), &table, &dx),
            false => norm.backward_input(rec, (&x, &dy), &table, &shares, &dx),
        }
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let (s, rectifier, frozen) = (shape(case)?, rectifier(case)?, case.flag("frozen", false)?);
        let (eps, momentum) = (f64::from(case.real("eps")?), f64::from(case.real("momentum")?));
        let (x, weight, bias, dy) =
            (case.reals("x")?, case.reals("weight")?, case.reals("bias")?, case.reals("dy")?);
        let (old_mean, old_var) = (case.reals("running_mean")?, case.reals("running_var")?);
        let batch = if frozen { (old_mean.clone(), old_var.clone()) } else { twin::statistics(&x, s) };
        let (mean, var) = batch;
        let z = twin::forward(&x, &mean, &var, &weight, &bias, eps, s);
        let (y, d) = rectified(&z, &dy, rectifier);
        let (new_mean, new_var, dx) = match frozen {
            true => (old_mean, old_var, twin::backward_input_frozen(&d, &var, &weight, eps, s)),
            false => {
                let (mean_now, var_now) = twin::update_running(&old_mean, &old_var, &mean, &var, momentum, s);
                (mean_now, var_now, twin::backward_input(&x, &d, &mean, &var, &weight, eps, s))
            }
        };
        let (dims, channels) = ([s.n, s.c, s.h, s.w], [s.c]);
        Ok(reals([
            ("y", &dims, y),
            ("dx", &dims, dx),
            ("dweight", &channels, twin::backward_weight(&x, &d, &mean, &var, eps, s)),
            ("dbias", &channels, twin::backward_bias(&d, s)),
            ("new_running_mean", &channels, new_mean),
            ("new_running_var", &channels, new_var),
        ]))
    }

    /// Those of batch_norm2d, where the variance is not off; but the squares that make it up are those of distances from the
    /// mean of the channel's first values, whose own distance from the mean of all comes on top: relative to variance and eps
    /// their sum is the factor by which errors of everything that follows from it grow. Running statistics are the largest of
    /// both sums.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let (s, frozen) = (shape(case)?, case.flag("frozen", false)?);
        let x = case.reals("x")?;
        let (mean, var) = match frozen {
            true => (case.reals("running_mean")?, case.reals("running_var")?),
            false => twin::statistics(&x, s),
        };
        let eps = f64::from(case.real("eps")?);
        let firsts = (s.h * s.w).min(64);
        let first = |c: usize| x[c * s.h * s.w..][..firsts].iter().sum::<f64>() / firsts as f64;
        let grows = |c: usize| 3.0 + (first(c) - mean[c]).powi(2) / (var[c] + eps);
        let growth = (0..s.c).map(grows).fold(1.0, f64::max);
        let variance = ("variance".to_owned(), Array::f64(&[s.c], var.clone()));
        let statistics: Arrays = Some(variance).filter(|_| !frozen).into_iter().collect();
        let m = Magnitudes::new(case, &statistics, s)?;
        let dy = absolute(case).reals("dy")?;
        let all = if frozen {
            let [dweight, dbias] = m.parameters(&dy);
            let old = |tensor| Ok::<_, Error>(Bound::exact(case.reals(tensor)?.len()));
            let dx = m.bound(&m.dx_frozen(&dy));
            let rest = [("new_running_mean", old("running_mean")?), ("new_running_var", old("running_var")?)];
            let gradients = [("dx", dx), ("dweight", m.bound(&dweight)), ("dbias", m.bound(&dbias))];
            Bounds::from_iter(rest.into_iter().chain(gradients))
        } else {
            let mut all = m.training(case)?;
            all.remove("mean");
            all.remove("variance");
            all
        };
        let all = all.into_iter().chain([("y", m.bound(&m.y()))]);
        let wider = |(name, bound): (&'static str, Bound)| {
            let each = bound.each.iter().map(|each| growth * each).collect();
            (name, Bound { each, l2: growth * bound.l2 })
        };
        Ok(all.map(wider).collect())
    }

    fn gradients(&self) -> &'static [Gradient] {
        PARAMETRIC
    }

    fn cases(&self) -> Vec<Case> {
        let case = |name, dims: [usize; 4], eps: f64, rectifier: &str| {
            let c = dims[1];
            let case =
                Case::new("rectified_norm", name, SEED).attribute("eps", eps).attribute("momentum", 0.1);
            let case =
                case.attribute("rectifier", rectifier).normal("x", &dims, 1.0).normal("dy", &dims, 1.0);
            // Wide enough that both corners of ReLU6 are met.
            let case =
                case.normal("weight", &[c], 4.0).normal("bias", &[c], 2.0).normal("running_mean", &[c], 1.0);
            let mut rng = case.stream("running_var");
            let variances = (0..c).map(|_| rng.random_range(0.5..1.5)).collect();
            case.input("running_var", Array::f32(&[c], variances))
        };
        let frozen = |case: Case| case.attribute("frozen", true);
        vec![
            case("one group of four", [1, 1, 2, 2], 1e-5, "none"),
            case("without a unit", [3, 17, 4, 5], 1e-5, "none"),
            case("relu", [5, 3, 6, 2], 1e-3, "relu").not_smooth(),
            case("relu6", [3, 16, 4, 7], 1e-3, "relu6").not_smooth(),
            case("planes wider than a workgroup", [2, 3, 36, 32], 0.3, "relu6").not_smooth(),
            case("many rows", [65, 2, 1, 4], 1e-5, "relu").not_smooth(),
            frozen(case("frozen", [3, 5, 4, 5], 1e-5, "none")),
            frozen(case("frozen, relu6", [2, 7, 8, 3], 1e-3, "relu6")).not_smooth(),
        ]
    }
}
