//! Average pooling: `torch.nn.AvgPool2d`.

use super::max_pool2d::{arguments_of, is_none, of_window};
use super::{Layer, Layout, OnnxAttribute, OnnxInput, OnnxOperator, TorchModule, only};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::size::Size2;
use crate::model::stage::{Forward, Mode, Site, Stage, allocate, as_maps};
use crate::ops::avg_pool2d::{self, Averaging, Window};
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};

/// The mean of each window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AvgPool2d {
    /// KH and KW.
    pub kernel: Size2,
    /// From window to window; the kernel's size if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Size2>,
    /// Rows and columns around the maps, at most half a window; none if left out.
    #[serde(default, skip_serializing_if = "is_none")]
    pub padding: Size2,
    /// Whether padding counts as zeros; it does if left out.
    #[serde(default = "counts", skip_serializing_if = "Clone::clone")]
    pub count_include_pad: bool,
}

fn counts() -> bool {
    true
}

impl AvgPool2d {
    /// Over windows of a size, side by side.
    pub const fn new(kernel: Size2) -> Self {
        Self { kernel, stride: None, padding: Size2(0, 0), count_include_pad: true }
    }

    fn averaging(&self) -> Averaging {
        let stride = self.stride.unwrap_or(self.kernel);
        let window =
            Window { kernel: self.kernel.into(), stride: stride.into(), padding: self.padding.into() };
        Averaging { window, count_include_pad: self.count_include_pad }
    }
}

impl Layer for AvgPool2d {
    fn stem(&self) -> &'static str {
        "avg_pool"
    }

    fn out_shape(&self, x: &[MapShape]) -> Result<MapShape> {
        let x = only(x);
        let (h, w) = self.averaging().window.out_size((x.height, x.width))?;
        Ok(MapShape::new(x.channels, h, w))
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        Ok(Box::new(Plain { name: site.name.to_owned(), y: site.y, averaging: self.averaging() }))
    }

    fn onnx(&self) -> Vec<OnnxOperator> {
        let operator = OnnxOperator::new("AveragePool", &[OnnxInput::X(0)])
            .with("count_include_pad", OnnxAttribute::Int(self.count_include_pad.into()));
        vec![of_window(operator, self.averaging().window)]
    }

    fn torch(&self, _: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        let mut arguments = arguments_of(self.averaging().window);
        arguments["count_include_pad"] = self.count_include_pad.into();
        vec![TorchModule::new("AvgPool2d", arguments)]
    }

    fn layout(&self) -> Layout {
        Layout::Maps
    }
}

/// The plain kernels.
struct Plain {
    name: String,
    y: MapShape,
    averaging: Averaging,
}

impl Stage for Plain {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let x = &x[0];
        let MapShape { channels, height, width } = self.y;
        let y = allocate(rec, &self.name, "y", &[x.rows(), channels, height, width])?;
        avg_pool2d::forward(rec, &as_maps(x), &y, self.averaging)?;
        let dims = x.dims().to_vec();
        Ok(Forward::new(y, move |rec, dy, wanted| {
            if !wanted.input() {
                return Ok(vec![None]);
            }
            let dx = allocate(rec, &self.name, "dx", &dims)?;
            avg_pool2d::backward(rec, &as_maps(dy), &as_maps(&dx), self.averaging)?;
            Ok(vec![Some(dx)])
        }))
    }
}
