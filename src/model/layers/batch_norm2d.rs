//! Batch normalisation: `torch.nn.BatchNorm2d`, and `BatchNorm1d` behind a dense layer.

use super::{Layer, Learned, OnnxAttribute, OnnxInput, OnnxOperator, Start, TorchModule, only, refused};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::parameters::WeightAndBias;
use crate::model::stage::{Forward, Mode, Site, Stage, allocate};
use crate::ops::batch_norm2d::{self, ParameterGradients, Statistics};
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
}

fn default_eps() -> f32 {
    1e-5
}

fn default_momentum() -> f32 {
    0.1
}

impl Default for BatchNorm2d {
    fn default() -> Self {
        Self { eps: default_eps(), momentum: default_momentum() }
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
        let dims = [only(x).channels];
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
        let c = only(site.x).channels;
        let running = Statistics {
            mean: site.zeros("running_mean", &[c])?,
            variance: Tensor::from_slice(
                site.gpu,
                &format!("{}.running_var", site.name),
                &[c],
                &vec![1.0_f32; c],
            )?,
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
    running: Statistics,
    eps: f32,
    momentum: f32,
}

impl Plain {
    /// The batch's own in training, which the running ones follow; the running ones in evaluation.
    fn statistics(&self, rec: &mut Recording, x: &Tensor, mode: Mode) -> Result<Statistics> {
        if mode == Mode::Evaluation {
            return Ok(self.running.clone());
        }
        let c = self.running.mean.dims();
        let batch = Statistics {
            mean: allocate(rec, &self.learned.name, "mean", c)?,
            variance: allocate(rec, &self.learned.name, "var", c)?,
        };
        batch_norm2d::statistics(rec, x, &batch, &self.running, self.momentum)?;
        Ok(batch)
    }
}

impl Stage for Plain {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], mode: Mode) -> Result<Forward<'_>> {
        let WeightAndBias { name, weight, bias } = &self.learned;
        let (x, eps) = (x[0].clone(), self.eps);
        let y = allocate(rec, name, "y", x.dims())?;
        let statistics = self.statistics(rec, &x, mode)?;
        batch_norm2d::forward(rec, &x, &statistics, &weight.value, &bias.value, &y, eps)?;
        // The gradient of x is made from those of the parameters, so they are recorded even if nothing else asks for them.
        Ok(Forward::new(y, move |rec, dy, wanted| {
            let (dweight, dbias) = (&weight.grad, &bias.grad);
            batch_norm2d::backward_parameters(rec, &x, &statistics, dy, dweight, dbias, eps)?;
            if !wanted.input() {
                return Ok(vec![None]);
            }
            let dx = allocate(rec, name, "dx", x.dims())?;
            let gradients = ParameterGradients { dweight, dbias };
            batch_norm2d::backward_input(rec, &x, &statistics, &weight.value, dy, &gradients, &dx, eps)?;
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
