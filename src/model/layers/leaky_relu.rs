//! Leaky rectified linear unit: `torch.nn.LeakyReLU`.

use super::{Layer, OnnxAttribute, OnnxInput, OnnxOperator, TorchModule, only, refused};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::stage::{Forward, Mode, Site, Stage, allocate};
use crate::ops::relu;
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// x where positive, slope · x elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LeakyRelu {
    /// 0.01 if left out.
    #[serde(default = "default_slope")]
    pub slope: f32,
}

fn default_slope() -> f32 {
    0.01
}

impl LeakyRelu {
    /// With this slope of negative values.
    pub const fn new(slope: f32) -> Self {
        Self { slope }
    }
}

impl Layer for LeakyRelu {
    fn stem(&self) -> &'static str {
        "leaky_relu"
    }

    fn out_shape(&self, x: &[MapShape]) -> Result<MapShape> {
        if !self.slope.is_finite() {
            return Err(refused(self.stem(), "slope", "a number", self.slope));
        }
        Ok(only(x))
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        Ok(Box::new(Rectifier { name: site.name.to_owned(), slope: self.slope }))
    }

    fn onnx(&self) -> Vec<OnnxOperator> {
        let slope = OnnxAttribute::Float(self.slope);
        vec![OnnxOperator::new("LeakyRelu", &[OnnxInput::X(0)]).with("alpha", slope)]
    }

    fn torch(&self, _: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        vec![TorchModule::new("LeakyReLU", json!({ "negative_slope": self.slope }))]
    }
}

/// The plain kernels of both rectifiers.
pub(super) struct Rectifier {
    pub name: String,
    /// 0 for the plain one.
    pub slope: f32,
}

impl Stage for Rectifier {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let x = x[0].clone();
        let y = allocate(rec, &self.name, "y", x.dims())?;
        relu::forward(rec, &x, &y, self.slope)?;
        Ok(Forward::new(y, move |rec, dy, wanted| {
            if !wanted.input() {
                return Ok(vec![None]);
            }
            let dx = allocate(rec, &self.name, "dx", x.dims())?;
            relu::backward(rec, &x, dy, &dx, self.slope)?;
            Ok(vec![Some(dx)])
        }))
    }
}
