//! Max-pooling: `torch.nn.MaxPool2d`.

use super::{Layer, Layout, OnnxAttribute, OnnxInput, OnnxOperator, TorchModule, only};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::size::Size2;
use crate::model::stage::{Forward, Mode, Site, Stage, allocate, as_maps};
use crate::ops::max_pool2d::{self, Window};
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The largest value of each window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MaxPool2d {
    /// KH and KW.
    pub kernel: Size2,
    /// From window to window; the kernel's size if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Size2>,
    /// Rows and columns around the maps that no window looks at, at most half a window; none if left out.
    #[serde(default, skip_serializing_if = "is_none")]
    pub padding: Size2,
}

/// Whether there is no padding.
pub(super) fn is_none(padding: &Size2) -> bool {
    *padding == Size2(0, 0)
}

impl MaxPool2d {
    /// Over windows of a size, side by side.
    pub const fn new(kernel: Size2) -> Self {
        Self { kernel, stride: None, padding: Size2(0, 0) }
    }

    /// Its window.
    pub(crate) fn window(&self) -> Window {
        let stride = self.stride.unwrap_or(self.kernel);
        Window { kernel: self.kernel.into(), stride: stride.into(), padding: self.padding.into() }
    }
}

impl Layer for MaxPool2d {
    fn stem(&self) -> &'static str {
        "max_pool"
    }

    fn out_shape(&self, x: &[MapShape]) -> Result<MapShape> {
        let x = only(x);
        let (h, w) = self.window().out_size((x.height, x.width))?;
        Ok(MapShape::new(x.channels, h, w))
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        Ok(Box::new(Plain { name: site.name.to_owned(), y: site.y, window: self.window() }))
    }

    fn onnx(&self) -> Vec<OnnxOperator> {
        vec![of_window(OnnxOperator::new("MaxPool", &[OnnxInput::X(0)]), self.window())]
    }

    fn torch(&self, _: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        vec![TorchModule::new("MaxPool2d", arguments_of(self.window()))]
    }

    fn layout(&self) -> Layout {
        Layout::Maps
    }
}

/// An operator of ONNX with its window.
pub(super) fn of_window(operator: OnnxOperator, window: Window) -> OnnxOperator {
    let Window { kernel, stride, padding: (rows, columns) } = window;
    operator
        .with("kernel_shape", OnnxAttribute::Sizes(vec![kernel.0, kernel.1]))
        .with("pads", OnnxAttribute::Sizes(vec![rows, columns, rows, columns]))
        .with("strides", OnnxAttribute::Sizes(vec![stride.0, stride.1]))
}

/// The arguments of a module of PyTorch for a window.
pub(super) fn arguments_of(window: Window) -> serde_json::Value {
    let Window { kernel, stride, padding } = window;
    json!({
        "kernel_size": [kernel.0, kernel.1],
        "stride": [stride.0, stride.1],
        "padding": [padding.0, padding.1],
    })
}

/// The plain kernels.
struct Plain {
    name: String,
    y: MapShape,
    window: Window,
}

impl Stage for Plain {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let x = &x[0];
        let MapShape { channels, height, width } = self.y;
        let y = allocate(rec, &self.name, "y", &[x.rows(), channels, height, width])?;
        let argmax = Tensor::zeros_of::<u32>(rec.gpu(), &format!("{}.argmax", self.name), y.dims())?;
        max_pool2d::forward(rec, &as_maps(x), &y, &argmax, self.window)?;
        let dims = x.dims().to_vec();
        Ok(Forward::new(y, move |rec, dy, wanted| {
            if !wanted.input() {
                return Ok(vec![None]);
            }
            let dx = allocate(rec, &self.name, "dx", &dims)?;
            max_pool2d::backward(rec, &argmax, dy, &as_maps(&dx), self.window)?;
            Ok(vec![Some(dx)])
        }))
    }
}
