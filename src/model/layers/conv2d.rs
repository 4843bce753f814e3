//! 2-D convolution, stride 1: `torch.nn.Conv2d`.

use super::{Layer, Layout, Learned, OnnxAttribute, OnnxInput, OnnxOperator, TorchModule, only, refused};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::parameters::WeightAndBias;
use crate::model::spec::Size2;
use crate::model::stage::{Forward, Mode, Site, Stage, allocate, as_maps};
use crate::ops::conv2d;
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// 2-D convolution, stride 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2d {
    /// O, the filters.
    pub outputs: usize,
    /// KH and KW.
    pub kernel: Size2,
    /// Zeros around the input; none if left out.
    #[serde(default)]
    pub padding: Size2,
}

impl Layer for Conv2d {
    fn stem(&self) -> &'static str {
        "conv"
    }

    fn out_shape(&self, x: &[MapShape]) -> Result<MapShape> {
        if self.outputs == 0 {
            return Err(refused(self.stem(), "outputs", "at least 1", 0));
        }
        let x = only(x);
        let (h, w) = conv2d::out_size((x.height, x.width), self.kernel.into(), self.padding.into())?;
        Ok(MapShape::new(self.outputs, h, w))
    }

    fn parameters(&self, x: &[MapShape]) -> Vec<Learned> {
        let Size2(height, width) = self.kernel;
        Learned::weight_and_bias(&[self.outputs, only(x).channels, height, width])
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        let learned = WeightAndBias::of(site.parameters, site.name)?;
        Ok(Box::new(Plain { learned, y: site.y, padding: self.padding.into() }))
    }

    fn onnx(&self) -> Vec<OnnxOperator> {
        let (Size2(height, width), Size2(rows, columns)) = (self.kernel, self.padding);
        let inputs = [OnnxInput::X(0), OnnxInput::Learned("weight"), OnnxInput::Learned("bias")];
        vec![
            OnnxOperator::new("Conv", &inputs)
                .with("kernel_shape", OnnxAttribute::Sizes(vec![height, width]))
                .with("pads", OnnxAttribute::Sizes(vec![rows, columns, rows, columns])),
        ]
    }

    fn torch(&self, x: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        let (Size2(height, width), Size2(rows, columns)) = (self.kernel, self.padding);
        let arguments = json!({
            "in_channels": only(x).channels,
            "out_channels": self.outputs,
            "kernel_size": [height, width],
            "padding": [rows, columns],
        });
        vec![TorchModule::new("Conv2d", arguments)]
    }

    fn layout(&self) -> Layout {
        Layout::Maps
    }
}

/// The plain kernels.
struct Plain {
    learned: WeightAndBias,
    y: MapShape,
    padding: (usize, usize),
}

impl Stage for Plain {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let WeightAndBias { name, weight, bias } = &self.learned;
        let x = x[0].clone();
        let MapShape { channels, height, width } = self.y;
        let y = allocate(rec, name, "y", &[x.rows(), channels, height, width])?;
        let padding = self.padding;
        conv2d::forward(rec, &as_maps(&x), &weight.value, &bias.value, &y, padding)?;
        Ok(Forward::new(y, move |rec, dy, wanted| {
            if wanted.parameters {
                conv2d::backward_parameters(rec, &as_maps(&x), dy, &weight.grad, &bias.grad, padding)?;
            }
            if !wanted.input() {
                return Ok(vec![None]);
            }
            let dx = allocate(rec, name, "dx", x.dims())?;
            conv2d::backward_input(rec, dy, &weight.value, &as_maps(&dx), padding)?;
            Ok(vec![Some(dx)])
        }))
    }

    fn learns(&self) -> Vec<String> {
        self.learned.names()
    }
}
