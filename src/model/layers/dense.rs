//! Fully connected: `torch.nn.Linear`.

use super::{Layer, Layout, Learned, OnnxAttribute, OnnxInput, OnnxOperator, TorchModule, only, refused};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::parameters::WeightAndBias;
use crate::model::stage::{Forward, Mode, Site, Stage, allocate};
use crate::ops::dense;
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Fully connected; flattens what comes in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Dense {
    /// O
    pub outputs: usize,
}

impl Dense {
    /// With `outputs` outputs.
    pub const fn new(outputs: usize) -> Self {
        Self { outputs }
    }
}

impl Layer for Dense {
    fn stem(&self) -> &'static str {
        "dense"
    }

    fn out_shape(&self, _: &[MapShape]) -> Result<MapShape> {
        if self.outputs == 0 {
            return Err(refused(self.stem(), "outputs", "at least 1", 0));
        }
        Ok(MapShape::new(self.outputs, 1, 1))
    }

    fn parameters(&self, x: &[MapShape]) -> Vec<Learned> {
        Learned::weight_and_bias(&[self.outputs, only(x).len()])
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        Ok(Box::new(Plain { learned: WeightAndBias::of(site.parameters, site.name)?, outputs: self.outputs }))
    }

    fn onnx(&self) -> Vec<OnnxOperator> {
        let inputs = [OnnxInput::Previous, OnnxInput::Learned("weight"), OnnxInput::Learned("bias")];
        vec![
            OnnxOperator::new("Flatten", &[OnnxInput::X(0)]).with("axis", OnnxAttribute::Int(1)),
            OnnxOperator::new("Gemm", &inputs).with("transB", OnnxAttribute::Int(1)),
        ]
    }

    fn torch(&self, x: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        let (inputs, outputs) = (only(x).len(), self.outputs);
        vec![
            TorchModule { suffix: "_rows", ..TorchModule::new("Flatten", json!({})) },
            TorchModule::new("Linear", json!({ "in_features": inputs, "out_features": outputs })),
            TorchModule {
                suffix: "_maps",
                ..TorchModule::new("Unflatten", json!({ "dim": 1, "unflattened_size": [outputs, 1, 1] }))
            },
        ]
    }

    fn layout(&self) -> Layout {
        Layout::Rows
    }
}

/// The plain kernels.
struct Plain {
    learned: WeightAndBias,
    outputs: usize,
}

impl Stage for Plain {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let WeightAndBias { name, weight, bias, .. } = &self.learned;
        let x = x[0].clone();
        let y = allocate(rec, name, "y", &[x.rows(), self.outputs])?;
        dense::forward(rec, &x, &weight.value, &bias.value, &y)?;
        Ok(Forward::new(y, move |rec, dy, wanted| {
            if wanted.parameters {
                dense::backward_weight(rec, &x, dy, &weight.grad)?;
                dense::backward_bias(rec, dy, &bias.grad)?;
            }
            if !wanted.input() {
                return Ok(vec![None]);
            }
            let dx = allocate(rec, name, "dx", x.dims())?;
            dense::backward_input(rec, dy, &weight.value, &dx)?;
            Ok(vec![Some(dx)])
        }))
    }

    fn learns(&self) -> Vec<String> {
        self.learned.names()
    }
}
