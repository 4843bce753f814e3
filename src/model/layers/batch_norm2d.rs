//! Batch normalisation: `torch.nn.BatchNorm2d`, and `BatchNorm1d` behind a dense layer.

use super::{Layer, Learned, OnnxAttribute, OnnxInput, OnnxOperator, Start, TorchModule, only, refused};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::parameters::WeightAndBias;
use crate::model::stage::{Forward, Mode, Site, Stage, allocate};
use crate::ops::batch_norm2d::{self, JointMean, JointStatistics, ParameterGradients, Rows};
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Batch normalisation of each channel (of each value, behind a dense layer).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BatchNorm2d {
    /// Added to the variance; 1e-5 if left out.
    #[serde(default = "default_eps")]
    pub eps: f32,
    /// Share of the new batch in the running statistics; 0.1 if left out.
    #[serde(default = "default_momentum")]
    pub momentum: f32,
    /// Which rows of a batch share their statistics; all of them if left out.
    #[serde(default, skip_serializing_if = "BatchStatistics::is_default")]
    pub statistics: BatchStatistics,
}

/// Which rows of a batch share mean and variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BatchStatistics {
    /// All of them, of whichever domain.
    #[default]
    Shared,
    /// Those of each domain, under one weight and bias, with running statistics for each (AdaBN, Li et al. 2016; DSBN, Chang
    /// et al. 2019). Rows of one domain alone move both.
    PerDomain,
}

impl BatchStatistics {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The shape of running statistics of so many channels: (C), or (2, C), the source's first.
    fn dims(self, channels: usize) -> Vec<usize> {
        match self {
            Self::Shared => vec![channels],
            Self::PerDomain => vec![2, channels],
        }
    }
}

fn default_eps() -> f32 {
    1e-5
}

fn default_momentum() -> f32 {
    0.1
}

impl Default for BatchNorm2d {
    fn default() -> Self {
        Self { eps: default_eps(), momentum: default_momentum(), statistics: BatchStatistics::default() }
    }
}

impl Layer for BatchNorm2d {
    fn stem(&self) -> &'static str {
        "batch_norm"
    }

    fn out_shape(&self, x: &[MapShape]) -> Result<MapShape> {
        if !(self.eps > 0.0 && self.eps.is_finite()) {
            return Err(refused(self.stem(), "eps", "above 0", self.eps));
        }
        if !(0.0..=1.0).contains(&self.momentum) {
            return Err(refused(self.stem(), "momentum", "from 0 to 1", self.momentum));
        }
        Ok(only(x))
    }

    fn parameters(&self, x: &[MapShape]) -> Vec<Learned> {
        let dims = [only(x).channels];
        vec![
            Learned::new("weight", &dims, Start::Constant(1.0)),
            Learned::new("bias", &dims, Start::Constant(0.0)),
        ]
    }

    fn state(&self, x: &[MapShape]) -> Vec<Learned> {
        let dims = self.statistics.dims(only(x).channels);
        vec![
            Learned::new("running_mean", &dims, Start::Constant(0.0)),
            Learned::new("running_var", &dims, Start::Constant(1.0)),
        ]
    }

    /// Statistics are the whole batch's.
    fn is_of_row(&self) -> bool {
        false
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        let dims = self.statistics.dims(only(site.x).channels);
        let running = batch_norm2d::Statistics {
            mean: site.state("running_mean", &dims, 0.0)?,
            variance: site.state("running_var", &dims, 1.0)?,
        };
        let learned = WeightAndBias::of(site.parameters, site.name)?;
        Ok(Box::new(Plain { learned, running, eps: self.eps, momentum: self.momentum }))
    }

    fn onnx(&self) -> Vec<OnnxOperator> {
        let learned = ["weight", "bias", "running_mean", "running_var"].map(OnnxInput::Learned);
        let inputs = [&[OnnxInput::X(0)], &learned[..]].concat();
        vec![OnnxOperator::new("BatchNormalization", &inputs).with("epsilon", OnnxAttribute::Float(self.eps))]
    }

    fn torch(&self, x: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        let arguments =
            json!({ "num_features": only(x).channels, "eps": self.eps, "momentum": self.momentum });
        vec![TorchModule::new("BatchNorm2d", arguments)]
    }
}

/// The plain kernels.
struct Plain {
    learned: WeightAndBias,
    running: batch_norm2d::Statistics,
    eps: f32,
    momentum: f32,
}

impl Plain {
    /// The batch's own in training, which the running ones follow; the running ones elsewhere.
    fn statistics(
        &self,
        rec: &mut Recording,
        rows: Rows<'_>,
        mode: Mode,
    ) -> Result<batch_norm2d::Statistics> {
        if !matches!(mode, Mode::Training { .. }) {
            return Ok(self.running.clone());
        }
        let dims = self.running.mean.dims();
        let batch = batch_norm2d::Statistics {
            mean: allocate(rec, &self.learned.name, "mean", dims)?,
            variance: allocate(rec, &self.learned.name, "var", dims)?,
        };
        batch_norm2d::statistics(rec, rows, &batch, &self.running, self.momentum)?;
        rec.across_ranks(JointStatistics {
            counts: rows.counts(&batch.mean),
            batch: batch.clone(),
            running: self.running.clone(),
            momentum: self.momentum,
        });
        Ok(batch)
    }
}

impl Stage for Plain {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], mode: Mode) -> Result<Forward<'_>> {
        let WeightAndBias { name, weight, bias, .. } = &self.learned;
        let (x, eps) = (x[0].clone(), self.eps);
        let y = allocate(rec, name, "y", x.dims())?;
        // Rows of the target alone share their statistics, as those of the source alone do.
        let source = match mode {
            Mode::Training { source_rows: 0 } => x.rows(),
            mode => mode.source_rows(),
        };
        let rows = Rows { x: &x, source };
        let statistics = self.statistics(rec, rows, mode)?;
        batch_norm2d::forward(rec, rows, &statistics, &weight.value, &bias.value, &y, eps)?;
        // The gradient of x is made from those of the parameters, so they are recorded even if nothing else asks for them.
        if matches!(mode, Mode::Frozen { .. }) {
            return Ok(Forward::new(y, move |rec, dy, wanted| {
                if !wanted.input() {
                    return Ok(vec![None]);
                }
                let dx = allocate(rec, name, "dx", x.dims())?;
                let dy = Rows { x: dy, source };
                batch_norm2d::backward_input_frozen(rec, dy, &statistics.variance, &weight.value, &dx, eps)?;
                Ok(vec![Some(dx)])
            }));
        }
        Ok(Forward::new(y, move |rec, dy, wanted| {
            let rows = Rows { x: &x, source };
            let shares = &allocate(rec, name, "shares", &batch_norm2d::shares_of(&statistics.mean))?;
            let gradients = ParameterGradients { dweight: &weight.grad, dbias: &bias.grad, shares };
            batch_norm2d::backward_parameters(rec, rows, &statistics, dy, &gradients, eps)?;
            if !wanted.input() {
                return Ok(vec![None]);
            }
            rec.across_ranks(JointMean(shares.clone()));
            let dx = allocate(rec, name, "dx", x.dims())?;
            batch_norm2d::backward_input(rec, rows, &statistics, &weight.value, dy, shares, &dx, eps)?;
            Ok(vec![Some(dx)])
        }))
    }

    fn learns(&self) -> Vec<String> {
        self.learned.names()
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let name = &self.learned.name;
        vec![
            (format!("{name}.running_mean"), self.running.mean.clone()),
            (format!("{name}.running_var"), self.running.variance.clone()),
        ]
    }
}
