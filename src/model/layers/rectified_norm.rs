//! Batch normalisation and the rectified linear unit behind it, as one layer of a backbone.

use super::{BatchNorm2d, Layer, Learned, OnnxInput, OnnxOperator, TorchModule};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Variant};
use crate::model::parameters::WeightAndBias;
use crate::model::stage::{Forward, Mode, Site, Stage, allocate};
use crate::ops::batch_norm2d::JointMean;
use crate::ops::rectified_norm::{JointTable, Norm, Rectifier, table_dims};
use crate::shape::MapShape;

/// Over maps that [`fits`](crate::ops::rectified_norm::fits) takes.
#[derive(Debug)]
pub(crate) struct RectifiedNorm {
    pub norm: BatchNorm2d,
    pub rectifier: Rectifier,
}

impl Layer for RectifiedNorm {
    fn stem(&self) -> &'static str {
        self.norm.stem()
    }

    fn out_shape(&self, x: &[MapShape]) -> Result<MapShape> {
        self.norm.out_shape(x)
    }

    fn parameters(&self, x: &[MapShape]) -> Vec<Learned> {
        self.norm.parameters(x)
    }

    fn state(&self, x: &[MapShape]) -> Vec<Learned> {
        self.norm.state(x)
    }

    fn is_of_row(&self) -> bool {
        self.norm.is_of_row()
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        let dims = [site.y.channels];
        Ok(Box::new(Plain {
            variant: site.variant,
            learned: WeightAndBias::of(site.parameters, site.name)?,
            running_mean: site.state("running_mean", &dims, 0.0)?,
            running_var: site.state("running_var", &dims, 1.0)?,
            eps: self.norm.eps,
            momentum: self.norm.momentum,
            rectifier: self.rectifier,
        }))
    }

    fn onnx(&self) -> Vec<OnnxOperator> {
        let mut operators = self.norm.onnx();
        let [lowest, highest] = [0.0, 6.0].map(OnnxInput::Constant);
        match self.rectifier {
            Rectifier::Nothing => {}
            Rectifier::Relu => operators.push(OnnxOperator::new("Relu", &[OnnxInput::Previous])),
            Rectifier::Relu6 => {
                operators.push(OnnxOperator::new("Clip", &[OnnxInput::Previous, lowest, highest]));
            }
        }
        operators
    }

    /// A backbone is a module of another library.
    fn torch(&self, _: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        vec![]
    }
}

/// The layer on a device.
struct Plain {
    variant: Variant,
    learned: WeightAndBias,
    running_mean: Tensor,
    running_var: Tensor,
    eps: f32,
    momentum: f32,
    rectifier: Rectifier,
}

impl Plain {
    fn norm(&self) -> Norm<'_> {
        Norm {
            variant: self.variant,
            weight: &self.learned.weight.value,
            bias: &self.learned.bias.value,
            running_mean: &self.running_mean,
            running_var: &self.running_var,
            eps: self.eps,
            momentum: self.momentum,
            rectifier: self.rectifier,
        }
    }
}

impl Stage for Plain {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], mode: Mode) -> Result<Forward<'_>> {
        let WeightAndBias { name, weight, bias, .. } = &self.learned;
        let (x, norm) = (x[0].clone(), self.norm());
        let dims = table_dims(bias.value.len());
        let (y, table) = (allocate(rec, name, "y", x.dims())?, allocate(rec, name, "table", &dims)?);
        let trains = matches!(mode, Mode::Training { .. });
        if trains {
            norm.statistics(rec, &x, &table)?;
            rec.across_ranks(JointTable::new(&norm, &x, &table));
        } else {
            norm.running(rec, &x, &table)?;
        }
        norm.forward(rec, &x, &table, &y)?;
        // The gradient of x is made from those of the parameters, so they are recorded even if nothing else asks for them.
        Ok(Forward::new(y, move |rec, dy, wanted| {
            let (norm, shares) = (self.norm(), allocate(rec, name, "shares", &dims)?);
            if trains || wanted.parameters {
                let gradients = (&weight.grad, &bias.grad);
                norm.backward_parameters(rec, (&x, dy), &table, gradients, &shares)?;
            }
            if !wanted.input() {
                return Ok(vec![None]);
            }
            let dx = allocate(rec, name, "dx", x.dims())?;
            match trains {
                true => {
                    rec.across_ranks(JointMean(shares.clone()));
                    norm.backward_input(rec, (&x, dy), &table, &shares, &dx)?;
                }
                false => norm.backward_input_frozen(rec, (&x, dy), &table, &dx)?,
            }
            Ok(vec![Some(dx)])
        }))
    }

    fn learns(&self) -> Vec<String> {
        self.learned.names()
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let name = &self.learned.name;
        vec![
            (format!("{name}.running_mean"), self.running_mean.clone()),
            (format!("{name}.running_var"), self.running_var.clone()),
        ]
    }
}
