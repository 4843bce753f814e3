//! batch_norm2d: in training y, gradients and new running statistics; in evaluation (`training` false) y.

use super::domains;
use super::twin::{self, BatchNorm2dShape};
use crate::contract::{
    Array, Arrays, Bound, Bounds, Case, Gradient, Op, PARAMETRIC, Rig, SEED, absolute, reals,
};
use crate::error::{Error, Result};
use crate::ops::batch_norm2d::{self as host, ParameterGradients, Rows, Statistics};
use rand::RngExt;

pub struct BatchNorm2d;

fn shape(case: &Case) -> Result<BatchNorm2dShape> {
    let [n, c, h, w] = case.dims("x")?;
    for tensor in ["weight", "bias", "running_mean", "running_var"] {
        case.expect_reals(tensor, &[c])?;
    }
    if is_training(case)? {
        case.expect_reals("dy", &[n, c, h, w])?;
    }
    if is_training(case)? && n * h * w < 2 {
        return Err(Error::input(
            format!("batch_norm2d: {}", case.shapes()),
            "two or more values a channel",
            1,
        ));
    }
    Ok(BatchNorm2dShape { n, c, h, w })
}

/// Refuses a case that does not fit; `apart` rows of it are of the source where statistics are those of each domain.
fn check(case: &Case, apart: Option<usize>) -> Result<()> {
    let Some(source) = apart else { return shape(case).map(drop) };
    domains::of(case, source)?.iter().try_for_each(|domain| shape(&domain.case).map(drop))
}

fn is_training(case: &Case) -> Result<bool> {
    case.flag("training", true)
}

/// Σ over rows and pixels of each channel.
fn channel_sums(values: &[f64], s: BatchNorm2dShape) -> Vec<f64> {
    twin::backward_bias(values, s)
}

impl Op for BatchNorm2d {
    fn name(&self) -> &'static str {
        "batch_norm2d"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["eps", "momentum", "training", domains::SOURCE_ROWS]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "weight", "bias", "running_mean", "running_var", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let apart = domains::source_rows(rig.case)?;
        check(rig.case, apart)?;
        let (eps, momentum) = (rig.case.real("eps")?, rig.case.real("momentum")?);
        let x = rig.input("x")?;
        let rows = Rows { x: &x, source: apart.unwrap_or(x.rows()) };
        let (weight, bias) = (rig.input("weight")?, rig.input("bias")?);
        let y = rig.output("y", x.dims())?;
        if !is_training(rig.case)? {
            let running =
                Statistics { mean: rig.input("running_mean")?, variance: rig.input("running_var")? };
            return host::forward(&mut rig.rec, rows, &running, &weight, &bias, &y, eps);
        }
        let running = Statistics {
            mean: rig.in_place("new_running_mean", "running_mean")?,
            variance: rig.in_place("new_running_var", "running_var")?,
        };
        let dims = running.mean.dims().to_vec();
        let batch = Statistics { mean: rig.output("mean", &dims)?, variance: rig.output("variance", &dims)? };
        let (dy, dx) = (rig.input("dy")?, rig.output("dx", x.dims())?);
        let (dweight, dbias) = (rig.output("dweight", weight.dims())?, rig.output("dbias", bias.dims())?);
        let shares = rig.scratch("shares", &host::shares_of(&batch.mean))?;
        let rec = &mut rig.rec;
        host::statistics(rec, rows, &batch, &running, momentum)?;
        host::forward(rec, rows, &batch, &weight, &bias, &y, eps)?;
        let gradients = ParameterGradients { dweight: &dweight, dbias: &dbias, shares: &shares };
        host::backward_parameters(rec, rows, &batch, &dy, &gradients, eps)?;
        host::backward_input(rec, rows, &batch, &weight, &dy, &shares, &dx, eps)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        if let Some(source) = domains::source_rows(case)? {
            let both = domains::of(case, source)?;
            let results = [self.twin(&both[0].case)?, self.twin(&both[1].case)?];
            return Ok(domains::join(&both, results));
        }
        let s = shape(case)?;
        let (eps, momentum) = (f64::from(case.real("eps")?), f64::from(case.real("momentum")?));
        let (x, weight, bias) = (case.reals("x")?, case.reals("weight")?, case.reals("bias")?);
        let (running_mean, running_var) = (case.reals("running_mean")?, case.reals("running_var")?);
        let (dims, channels) = ([s.n, s.c, s.h, s.w], [s.c]);
        if !is_training(case)? {
            let y = twin::forward(&x, &running_mean, &running_var, &weight, &bias, eps, s);
            return Ok(reals([("y", &dims, y)]));
        }
        let dy = case.reals("dy")?;
        let (mean, var) = twin::statistics(&x, s);
        let (new_mean, new_var) = twin::update_running(&running_mean, &running_var, &mean, &var, momentum, s);
        Ok(reals([
            ("y", &dims, twin::forward(&x, &mean, &var, &weight, &bias, eps, s)),
            ("dx", &dims, twin::backward_input(&x, &dy, &mean, &var, &weight, eps, s)),
            ("dweight", &channels, twin::backward_weight(&x, &dy, &mean, &var, eps, s)),
            ("dbias", &channels, twin::backward_bias(&dy, s)),
            ("mean", &channels, mean),
            ("variance", &channels, var),
            ("new_running_mean", &channels, new_mean),
            ("new_running_var", &channels, new_var),
        ]))
    }

    /// Sums over N·H·W values, then at most twelve more roundings on the way to dx; the magnitudes follow the
    /// formulas with absolute values for values and sums for differences.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        if let Some(source) = domains::source_rows(case)? {
            let both = domains::of(case, source)?;
            let of = |case: &Case| self.bounds(case, &self.twin(case)?);
            let bounds = [of(&both[0].case)?, of(&both[1].case)?];
            return Ok(domains::join_bounds(&both, bounds));
        }
        let m = Magnitudes::new(case, twin, shape(case)?)?;
        let mut bounds = Bounds::from([("y", m.bound(&m.y()))]);
        if is_training(case)? {
            bounds.extend(m.training(case)?);
        }
        Ok(bounds)
    }

    fn gradients(&self) -> &'static [Gradient] {
        PARAMETRIC
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

/// The sums of the absolute values of the terms behind each result.
pub(crate) struct Magnitudes {
    s: BatchNorm2dShape,
    /// N·H·W.
    count: f64,
    /// |x| + mean of |x|, (N, C, H, W).
    centred: Vec<f64>,
    /// Mean of |x|, (C).
    mean: Vec<f64>,
    /// 1 / √(variance + eps), (C).
    scale: Vec<f64>,
    weight: Vec<f64>,
    bias: Vec<f64>,
}

impl Magnitudes {
    pub fn new(case: &Case, twin: &Arrays, s: BatchNorm2dShape) -> Result<Self> {
        let absolute = absolute(case);
        let x = absolute.reals("x")?;
        let count = (s.n * s.h * s.w) as f64;
        let eps = f64::from(case.real("eps")?);
        let (mean, variance) = match twin.get("variance").and_then(Array::reals) {
            Some(variance) => (channel_sums(&x, s).iter().map(|sum| sum / count).collect(), variance),
            None => (absolute.reals("running_mean")?, case.reals("running_var")?),
        };
        let mut m = Self {
            s,
            count,
            centred: x,
            mean,
            scale: variance.iter().map(|variance| 1.0 / (variance + eps).sqrt()).collect(),
            weight: absolute.reals("weight")?,
            bias: absolute.reals("bias")?,
        };
        m.centred = m.each(|m, i, c| m.centred[i] + m.mean[c]);
        Ok(m)
    }

    fn each(&self, f: impl Fn(&Self, usize, usize) -> f64) -> Vec<f64> {
        let channel = |i: usize| i / (self.s.h * self.s.w) % self.s.c;
        (0..self.centred.len()).map(|i| f(self, i, channel(i))).collect()
    }

    pub fn y(&self) -> Vec<f64> {
        self.each(|m, i, c| m.centred[i] * m.scale[c] * m.weight[c] + m.bias[c])
    }

    /// Of dweight and dbias, from the absolute values of dy.
    pub fn parameters(&self, dy: &[f64]) -> [Vec<f64>; 2] {
        let dweight = self.each(|m, i, c| dy[i] * m.centred[i] * m.scale[c]);
        [channel_sums(&dweight, self.s), channel_sums(dy, self.s)]
    }

    /// Of dx under statistics that do not depend on x.
    pub fn dx_frozen(&self, dy: &[f64]) -> Vec<f64> {
        self.each(|m, i, c| m.weight[c] * m.scale[c] * dy[i])
    }

    /// Of all that training gives but y.
    pub fn training(&self, case: &Case) -> Result<Bounds> {
        let absolute = absolute(case);
        let dy = absolute.reals("dy")?;
        let momentum = f64::from(case.real("momentum")?).abs();
        let [dweight, dbias] = self.parameters(&dy);
        let dx = self.each(|m, i, c| {
            let through_mean = dbias[c] / m.count;
            let through_variance = m.centred[i] * m.scale[c] * dweight[c] / m.count;
            m.weight[c] * m.scale[c] * (dy[i] + through_mean + through_variance)
        });
        let squares = channel_sums(&self.each(|m, i, _| m.centred[i].powi(2)), self.s);
        let variance: Vec<f64> = squares.iter().map(|sum| sum / self.count).collect();
        let running = |old: Vec<f64>, new: &[f64], share: f64| -> Vec<f64> {
            old.iter().zip(new).map(|(old, new)| old * (1.0 + momentum) + momentum * share * new).collect()
        };
        let new_mean = running(absolute.reals("running_mean")?, &self.mean, 1.0);
        let unbiased = self.count / (self.count - 1.0);
        let new_var = running(absolute.reals("running_var")?, &variance, unbiased);
        Ok([
            ("dx", self.bound(&dx)),
            ("dweight", self.bound(&dweight)),
            ("dbias", self.bound(&dbias)),
            ("mean", self.bound(&self.mean)),
            ("variance", self.bound(&variance)),
            ("new_running_mean", self.bound(&new_mean)),
            ("new_running_var", self.bound(&new_var)),
        ]
        .into())
    }

    pub fn bound(&self, magnitude: &[f64]) -> Bound {
        Bound::rounding(magnitude, self.s.n * self.s.h * self.s.w + 12)
    }
}

fn cases() -> Vec<Case> {
    let case = |name, dims: [usize; 4], scale, eps: f64, momentum: f64| {
        let c = dims[1];
        let case = Case::new("batch_norm2d", name, SEED)
            .attribute("eps", eps)
            .attribute("momentum", momentum)
            .normal("x", &dims, scale)
            .normal("weight", &[c], 1.0)
            .normal("bias", &[c], 1.0)
            .normal("running_mean", &[c], 1.0)
            .normal("dy", &dims, 1.0);
        let mut rng = case.stream("running_var");
        let variances = (0..c).map(|_| rng.random_range(0.5..1.5)).collect();
        case.input("running_var", Array::f32(&[c], variances))
    };
    let evaluation = |name, dims| {
        // What differs from training is the statistics; gradients belong to training alone.
        case(name, dims, 1.0, 1e-5, 0.1).attribute("training", false).not_smooth()
    };
    let apart = |case: Case, source: usize| {
        let c = case.inputs["weight"].len();
        let mut case = case.attribute(domains::SOURCE_ROWS, source).normal("running_mean", &[2, c], 1.0);
        let mut rng = case.stream("running_var of domains");
        let variances = (0..2 * c).map(|_| rng.random_range(0.5..1.5)).collect();
        case.inputs.insert("running_var".into(), Array::f32(&[2, c], variances));
        case
    };
    vec![
        case("two values", [2, 1, 1, 1], 1.0, 1e-5, 0.1),
        case("ragged", [3, 17, 5, 7], 1.0, 1e-5, 0.1),
        case("small variance", [5, 3, 4, 2], 3e-3, 1e-5, 0.1),
        case("large eps", [2, 5, 9, 8], 1.0, 0.3, 0.7),
        case("planes wider than a workgroup", [2, 3, 15, 17], 2.0, 1e-5, 0.01),
        case("many rows", [65, 2, 1, 3], 1.0, 1e-5, 1.0),
        case("rows of values", [19, 67, 1, 1], 1.0, 1e-5, 0.1),
        evaluation("evaluation", [3, 15, 2, 5]),
        evaluation("evaluation of a single value", [1, 1, 1, 1]),
        apart(case("domains apart", [7, 17, 5, 3], 1.0, 1e-5, 0.1), 3),
        apart(case("domains of two values", [4, 3, 1, 1], 1.0, 0.3, 0.7), 2),
        apart(case("domains of many rows", [65, 2, 1, 3], 2.0, 1e-5, 1.0), 24),
        apart(case("a domain alone", [5, 3, 4, 2], 1.0, 1e-5, 0.1), 5),
        apart(evaluation("evaluation of domains", [5, 15, 2, 5]), 2),
        apart(evaluation("evaluation of the source", [3, 4, 2, 2]), 3),
        apart(evaluation("evaluation of the target", [3, 4, 2, 2]), 0),
    ]
}
