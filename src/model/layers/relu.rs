//! Rectified linear unit: `torch.nn.ReLU`.

use super::leaky_relu::Rectifier;
use super::{Layer, OnnxInput, OnnxOperator, TorchModule, only};
use crate::error::Result;
use crate::model::stage::{Site, Stage};
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// max(x, 0)
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Relu {}

impl Layer for Relu {
    fn stem(&self) -> &'static str {
        "relu"
    }

    fn out_shape(&self, x: &[MapShape]) -> Result<MapShape> {
        Ok(only(x))
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        Ok(Box::new(Rectifier { name: site.name.to_owned(), slope: 0.0 }))
    }

    fn onnx(&self) -> Vec<OnnxOperator> {
        vec![OnnxOperator::new("Relu", &[OnnxInput::X(0)])]
    }

    fn torch(&self, _: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        vec![TorchModule::new("ReLU", json!({}))]
    }
}
