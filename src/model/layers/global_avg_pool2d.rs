//! Global average pooling: `torch.nn.AdaptiveAvgPool2d(1)`.

use super::{Layer, Layout, OnnxInput, OnnxOperator, TorchModule, only};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::stage::{Forward, Mode, Site, Stage, allocate, as_maps};
use crate::ops::global_avg_pool2d;
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The mean of each channel's plane: maps of any size become maps of one pixel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GlobalAvgPool2d {}

impl Layer for GlobalAvgPool2d {
    fn stem(&self) -> &'static str {
        "global_avg_pool"
    }

    fn out_shape(&self, x: &[MapShape]) -> Result<MapShape> {
        Ok(MapShape::new(only(x).channels, 1, 1))
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        Ok(Box::new(Plain { name: site.name.to_owned(), channels: site.y.channels }))
    }

    fn onnx(&self) -> Vec<OnnxOperator> {
        vec![OnnxOperator::new("GlobalAveragePool", &[OnnxInput::X(0)])]
    }

    fn torch(&self, _: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        vec![TorchModule::new("AdaptiveAvgPool2d", json!({ "output_size": 1 }))]
    }

    fn layout(&self) -> Layout {
        Layout::Maps
    }
}

/// The plain kernels.
struct Plain {
    name: String,
    channels: usize,
}

impl Stage for Plain {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let x = &x[0];
        let y = allocate(rec, &self.name, "y", &[x.rows(), self.channels, 1, 1])?;
        global_avg_pool2d::forward(rec, &as_maps(x), &y)?;
        let dims = x.dims().to_vec();
        Ok(Forward::new(y, move |rec, dy, wanted| {
            if !wanted.input() {
                return Ok(vec![None]);
            }
            let dx = allocate(rec, &self.name, "dx", &dims)?;
            global_avg_pool2d::backward(rec, &as_maps(dy), &as_maps(&dx))?;
            Ok(vec![Some(dx)])
        }))
    }
}
