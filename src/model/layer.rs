//! One layer on the device.

use super::parameters::{Parameter, Parameters};
use super::sequential::Mode;
use super::spec::{LayerSpec, PlacedLayer};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor};
use crate::ops::batch_norm2d::{self, ParameterGradients, Statistics};
use crate::ops::{conv2d, dense, dropout, max_pool2d, relu};
use crate::shape::MapShape;

/// A layer with its parameters in place.
#[derive(Debug)]
pub(super) struct Layer {
    pub name: String,
    y: MapShape,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Conv2d { weight: Parameter, bias: Parameter, padding: (usize, usize) },
    Dense { weight: Parameter, bias: Parameter },
    Relu { slope: f32 },
    MaxPool2d { window: max_pool2d::Window },
    BatchNorm2d(BatchNorm),
    Dropout { rate: f32, salt: u32 },
}

#[derive(Debug)]
struct BatchNorm {
    weight: Parameter,
    bias: Parameter,
    running: Statistics,
    eps: f32,
    momentum: f32,
}

/// What a layer's forward pass leaves for its backward pass.
#[derive(Debug)]
pub(super) struct Saved {
    x: Tensor,
    extra: Extra,
}

#[derive(Debug)]
enum Extra {
    None,
    Argmax(Tensor),
    Statistics(Statistics),
}

impl Layer {
    /// `salt` must differ between the layers of a model: it tells their dropout masks apart.
    pub fn new(gpu: &Gpu, placed: &PlacedLayer<'_>, parameters: &Parameters, salt: u32) -> Result<Self> {
        let weight = || parameters.get(&format!("{}.weight", placed.name));
        let bias = || parameters.get(&format!("{}.bias", placed.name));
        let kind = match *placed.spec {
            LayerSpec::Conv2d { padding, .. } => {
                Kind::Conv2d { weight: weight()?, bias: bias()?, padding: padding.into() }
            }
            LayerSpec::Dense { .. } => Kind::Dense { weight: weight()?, bias: bias()? },
            LayerSpec::Relu {} => Kind::Relu { slope: 0.0 },
            LayerSpec::LeakyRelu { slope } => Kind::Relu { slope },
            LayerSpec::MaxPool2d { kernel, stride } => {
                Kind::MaxPool2d { window: LayerSpec::window(kernel, stride) }
            }
            LayerSpec::BatchNorm2d { eps, momentum } => {
                let c = placed.x.channels;
                let running = Statistics {
                    mean: Tensor::zeros(gpu, &format!("{}.running_mean", placed.name), &[c])?,
                    variance: Tensor::from_slice(
                        gpu,
                        &format!("{}.running_var", placed.name),
                        &[c],
                        &vec![1.0_f32; c],
                    )?,
                };
                Kind::BatchNorm2d(BatchNorm { weight: weight()?, bias: bias()?, running, eps, momentum })
            }
            LayerSpec::Dropout { rate } => Kind::Dropout { rate, salt },
        };
        Ok(Self { name: placed.name.clone(), y: placed.y, kind })
    }

    /// The state that is not trained but belongs to the model, by name.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        match &self.kind {
            Kind::BatchNorm2d(norm) => vec![
                (format!("{}.running_mean", self.name), norm.running.mean.clone()),
                (format!("{}.running_var", self.name), norm.running.variance.clone()),
            ],
            _ => vec![],
        }
    }

    /// Records y from x; gives y and what the way back needs.
    pub fn forward(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        x: &Tensor,
        mode: Mode,
    ) -> Result<(Tensor, Saved)> {
        let gpu = rec.gpu().clone();
        let n = x.rows();
        let MapShape { channels: c, height: h, width: w } = self.y;
        let empty =
            |label: &str, dims: &[usize]| Tensor::zeros(&gpu, &format!("{}.{label}", self.name), dims);
        let mut extra = Extra::None;
        let y = match &self.kind {
            Kind::Conv2d { weight, bias, padding } => {
                let y = empty("y", &[n, c, h, w])?;
                conv2d::forward(rec, &as_maps(x), &weight.value, &bias.value, &y, *padding)?;
                y
            }
            Kind::Dense { weight, bias } => {
                let y = empty("y", &[n, c])?;
                dense::forward(rec, x, &weight.value, &bias.value, &y)?;
                y
            }
            Kind::Relu { slope } => {
                let y = empty("y", x.dims())?;
                relu::forward(rec, x, &y, *slope)?;
                y
            }
            Kind::MaxPool2d { window } => {
                let y = empty("y", &[n, c, h, w])?;
                let label = format!("{}.argmax", self.name);
                let argmax = Tensor::zeros_of::<u32>(&gpu, &label, y.dims())?;
                max_pool2d::forward(rec, &as_maps(x), &y, &argmax, *window)?;
                extra = Extra::Argmax(argmax);
                y
            }
            Kind::BatchNorm2d(norm) => {
                let y = empty("y", x.dims())?;
                let statistics = match mode {
                    Mode::Evaluation => norm.running.clone(),
                    Mode::Training => {
                        let batch = Statistics { mean: empty("mean", &[c])?, variance: empty("var", &[c])? };
                        batch_norm2d::statistics(rec, x, &batch, &norm.running, norm.momentum)?;
                        batch
                    }
                };
                let (weight, bias) = (&norm.weight.value, &norm.bias.value);
                batch_norm2d::forward(rec, x, &statistics, weight, bias, &y, norm.eps)?;
                extra = Extra::Statistics(statistics);
                y
            }
            Kind::Dropout { .. } if mode == Mode::Evaluation => x.clone(),
            Kind::Dropout { rate, salt } => {
                let y = empty("y", x.dims())?;
                dropout::apply(rec, step, x, &y, *rate, *salt)?;
                y
            }
        };
        Ok((y, Saved { x: x.clone(), extra }))
    }

    /// Records dx; batch norm takes the parameters' gradients for it, so those are recorded before.
    pub fn backward_input(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        saved: &Saved,
        dy: &Tensor,
    ) -> Result<Tensor> {
        let x = &saved.x;
        let dx = Tensor::zeros(rec.gpu(), &format!("{}.dx", self.name), x.dims())?;
        match (&self.kind, &saved.extra) {
            (Kind::Conv2d { weight, padding, .. }, _) => {
                conv2d::backward_input(rec, dy, &weight.value, &as_maps(&dx), *padding)?;
            }
            (Kind::Dense { weight, .. }, _) => dense::backward_input(rec, dy, &weight.value, &dx)?,
            (Kind::Relu { slope }, _) => relu::backward(rec, x, dy, &dx, *slope)?,
            (Kind::MaxPool2d { window }, Extra::Argmax(argmax)) => {
                max_pool2d::backward(rec, argmax, dy, &as_maps(&dx), *window)?;
            }
            (Kind::BatchNorm2d(norm), Extra::Statistics(statistics)) => {
                let gradients = ParameterGradients { dweight: &norm.weight.grad, dbias: &norm.bias.grad };
                let weight = &norm.weight.value;
                batch_norm2d::backward_input(rec, x, statistics, weight, dy, &gradients, &dx, norm.eps)?;
            }
            (Kind::Dropout { rate, salt }, _) => dropout::apply(rec, step, dy, &dx, *rate, *salt)?,
            (Kind::MaxPool2d { .. } | Kind::BatchNorm2d(_), _) => {
                unreachable!("the forward pass of this very layer saved what it needs")
            }
        }
        Ok(dx)
    }

    /// Records the gradients of the parameters, if there are any.
    pub fn backward_parameters(&self, rec: &mut Recording, saved: &Saved, dy: &Tensor) -> Result<()> {
        let x = &saved.x;
        match (&self.kind, &saved.extra) {
            (Kind::Conv2d { weight, bias, padding }, _) => {
                conv2d::backward_parameters(rec, &as_maps(x), dy, &weight.grad, &bias.grad, *padding)
            }
            (Kind::Dense { weight, bias }, _) => {
                dense::backward_weight(rec, x, dy, &weight.grad)?;
                dense::backward_bias(rec, dy, &bias.grad)
            }
            (Kind::BatchNorm2d(norm), Extra::Statistics(statistics)) => {
                let (dweight, dbias) = (&norm.weight.grad, &norm.bias.grad);
                batch_norm2d::backward_parameters(rec, x, statistics, dy, dweight, dbias, norm.eps)
            }
            _ => Ok(()),
        }
    }
}

/// A dense layer's output (N, O) is seen as N maps of O×1×1 by layers that take maps.
pub(super) fn as_maps(x: &Tensor) -> Tensor {
    let map = x.map();
    x.reshaped(&[x.rows(), map.channels, map.height, map.width])
}
