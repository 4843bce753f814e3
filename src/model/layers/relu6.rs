//! Rectified linear unit with a ceiling of 6: `torch.nn.ReLU6`.

use super::{Layer, OnnxInput, OnnxOperator, TorchModule, only};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::stage::{Forward, Mode, Site, Stage, allocate};
use crate::ops::relu6;
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// min(max(x, 0), 6)
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Relu6 {}

impl Layer for Relu6 {
    // No two names of layers may be one: a third ReLU is `relu3`, and a second one of these `relu6_2`.
    fn stem(&self) -> &'static str {
        "relu6_"
    }

    fn out_shape(&self, x: &[MapShape]) -> Result<MapShape> {
        Ok(only(x))
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        Ok(Box::new(Plain { name: site.name.to_owned() }))
    }

    fn onnx(&self) -> Vec<OnnxOperator> {
        vec![OnnxOperator::new(
            "Clip",
            &[OnnxInput::X(0), OnnxInput::Constant(0.0), OnnxInput::Constant(6.0)],
        )]
    }

    fn torch(&self, _: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        vec![TorchModule::new("ReLU6", json!({}))]
    }
}

/// The plain kernels.
struct Plain {
    name: String,
}

impl Stage for Plain {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let x = x[0].clone();
        let y = allocate(rec, &self.name, "y", x.dims())?;
        relu6::forward(rec, &x, &y)?;
        Ok(Forward::new(y, move |rec, dy, wanted| {
            if !wanted.input() {
                return Ok(vec![None]);
            }
            let dx = allocate(rec, &self.name, "dx", x.dims())?;
            relu6::backward(rec, &x, dy, &dx)?;
            Ok(vec![Some(dx)])
        }))
    }
}
