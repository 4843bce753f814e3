//! Dropout: `torch.nn.Dropout`.

use super::{Layer, OnnxOperator, TorchModule, only, refused};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::stage::{Forward, Mode, Site, Stage, allocate};
use crate::ops::dropout;
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Zeroes values at random while training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Dropout {
    /// The share that is zeroed.
    pub rate: f32,
}

impl Dropout {
    /// That zeroes the share `rate`, at least 0 and below 1.
    pub const fn new(rate: f32) -> Self {
        Self { rate }
    }
}

impl Layer for Dropout {
    fn stem(&self) -> &'static str {
        "dropout"
    }

    fn out_shape(&self, x: &[MapShape]) -> Result<MapShape> {
        if !(0.0..1.0).contains(&self.rate) {
            return Err(refused(self.stem(), "rate", "at least 0 and below 1", self.rate));
        }
        Ok(only(x))
    }

    /// What is dropped of a row depends on where in the batch it stands.
    fn is_of_row(&self) -> bool {
        false
    }

    fn is_of_row_at_rest(&self) -> bool {
        false
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        Ok(Box::new(Plain { name: site.name.to_owned(), rate: self.rate, salt: site.salt }))
    }

    /// Nothing is dropped outside training.
    fn onnx(&self) -> Vec<OnnxOperator> {
        vec![]
    }

    fn torch(&self, _: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        vec![TorchModule::new("Dropout", json!({ "p": self.rate }))]
    }
}

/// The plain kernels.
struct Plain {
    name: String,
    rate: f32,
    salt: u32,
}

impl Stage for Plain {
    fn forward(&self, rec: &mut Recording, step: &Tensor, x: &[Tensor], mode: Mode) -> Result<Forward<'_>> {
        if matches!(mode, Mode::Evaluation { .. }) {
            return Ok(Forward::new(x[0].clone(), |_, dy, _| Ok(vec![Some(dy.clone())])));
        }
        let y = allocate(rec, &self.name, "y", x[0].dims())?;
        dropout::apply(rec, step, &x[0], &y, self.rate, self.salt)?;
        let step = step.clone();
        Ok(Forward::new(y, move |rec, dy, wanted| {
            if !wanted.input() {
                return Ok(vec![None]);
            }
            let dx = allocate(rec, &self.name, "dx", dy.dims())?;
            dropout::apply(rec, &step, dy, &dx, self.rate, self.salt)?;
            Ok(vec![Some(dx)])
        }))
    }
}
