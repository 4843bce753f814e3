//! 2-D convolution: `torch.nn.Conv2d`.

use super::{Layer, Layout, Learned, OnnxAttribute, OnnxInput, OnnxOperator, TorchModule, only, refused};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::parameters::Parameter;
use crate::model::size::Size2;
use crate::model::stage::{Forward, Mode, Site, Stage, allocate, as_maps};
use crate::ops::conv2d::{self, Geometry};
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// 2-D convolution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Conv2d {
    /// O, the filters.
    pub outputs: usize,
    /// KH and KW.
    pub kernel: Size2,
    /// Zeros around the input; none if left out.
    #[serde(default)]
    pub padding: Padding,
    /// From one position of the kernel to the next; 1 if left out.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub stride: Size2,
    /// Groups of channels that are convolved apart; 1 if left out.
    #[serde(default = "one_group", skip_serializing_if = "is_one_group")]
    pub groups: usize,
    /// Whether a bias is added; it is if left out.
    #[serde(default = "with_bias", skip_serializing_if = "Clone::clone")]
    pub bias: bool,
}

fn one() -> Size2 {
    Size2(1, 1)
}

fn is_one(size: &Size2) -> bool {
    *size == one()
}

fn one_group() -> usize {
    1
}

fn is_one_group(groups: &usize) -> bool {
    *groups == 1
}

fn with_bias() -> bool {
    true
}

/// Rows and columns of zeros; in TOML `2`, `[height, width]`, or `[top, bottom, left, right]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, [height, width], or [top, bottom, left, right]")]
#[non_exhaustive]
pub enum Padding {
    /// As many above as below, and left as right.
    Even(Size2),
    /// Top, bottom, left and right.
    Sides([usize; 4]),
}

impl Default for Padding {
    fn default() -> Self {
        Self::Even(Size2(0, 0))
    }
}

impl From<Size2> for Padding {
    fn from(size: Size2) -> Self {
        Self::Even(size)
    }
}

impl Padding {
    /// Top, bottom, left and right.
    fn sides(self) -> [usize; 4] {
        match self {
            Self::Even(Size2(rows, columns)) => [rows, rows, columns, columns],
            Self::Sides(sides) => sides,
        }
    }
}

impl Conv2d {
    /// `outputs` filters of a size, with stride 1, a bias and no padding.
    pub fn new(outputs: usize, kernel: Size2) -> Self {
        let padding = Padding::default();
        Self { outputs, kernel, padding, stride: one(), groups: 1, bias: true }
    }

    pub(crate) fn geometry(&self) -> Geometry {
        let [top, bottom, left, right] = self.padding.sides();
        let (before, behind) = ((top, left), (bottom, right));
        Geometry { stride: self.stride.into(), before, behind, groups: self.groups }
    }

    /// Padding and stride, if there is nothing to it that fused kernels do not take: one group, even padding.
    pub(crate) fn fusible(&self) -> Option<((usize, usize), (usize, usize))> {
        let Geometry { stride, before, behind, groups } = self.geometry();
        (before == behind && groups == 1).then_some((before, stride))
    }
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
        let divides = |number: usize| self.groups > 0 && number.is_multiple_of(self.groups);
        if !divides(x.channels) || !divides(self.outputs) {
            let expected = format!("a divisor of {} channels and {} outputs", x.channels, self.outputs);
            return Err(refused(self.stem(), "groups", &expected, self.groups));
        }
        let (h, w) = conv2d::out_size((x.height, x.width), self.kernel.into(), self.geometry())?;
        Ok(MapShape::new(self.outputs, h, w))
    }

    fn parameters(&self, x: &[MapShape]) -> Vec<Learned> {
        let Size2(height, width) = self.kernel;
        let channels = only(x).channels / self.groups;
        let mut learned = Learned::weight_and_bias(&[self.outputs, channels, height, width]);
        learned.truncate(if self.bias { 2 } else { 1 });
        learned
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        let parameter = |suffix| site.parameters.get(&format!("{}.{suffix}", site.name));
        let bias = if self.bias { Some(parameter("bias")?) } else { None };
        let (name, weight, geometry) = (site.name.to_owned(), parameter("weight")?, self.geometry());
        Ok(Box::new(Plain { name, weight, bias, y: site.y, geometry }))
    }

    fn onnx(&self) -> Vec<OnnxOperator> {
        let (Size2(height, width), Size2(rows, columns)) = (self.kernel, self.stride);
        let [top, bottom, left, right] = self.padding.sides();
        let inputs = [OnnxInput::X(0), OnnxInput::Learned("weight"), OnnxInput::Learned("bias")];
        vec![
            OnnxOperator::new("Conv", if self.bias { &inputs } else { &inputs[..2] })
                .with("kernel_shape", OnnxAttribute::Sizes(vec![height, width]))
                .with("pads", OnnxAttribute::Sizes(vec![top, left, bottom, right]))
                .with("strides", OnnxAttribute::Sizes(vec![rows, columns]))
                .with("group", OnnxAttribute::Int(self.groups as i64)),
        ]
    }

    fn torch(&self, x: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        let (Size2(height, width), Size2(rows, columns)) = (self.kernel, self.stride);
        let [top, bottom, left, right] = self.padding.sides();
        let even = (top, left) == (bottom, right);
        let arguments = json!({
            "in_channels": only(x).channels,
            "out_channels": self.outputs,
            "kernel_size": [height, width],
            "stride": [rows, columns],
            "padding": if even { [top, left] } else { [0, 0] },
            "groups": self.groups,
            "bias": self.bias,
        });
        let convolution = TorchModule::new("Conv2d", arguments);
        if even {
            return vec![convolution];
        }
        let zeros = TorchModule::new("ZeroPad2d", json!({ "padding": [left, right, top, bottom] }));
        vec![TorchModule { suffix: "_padding", ..zeros }, convolution]
    }

    fn layout(&self) -> Layout {
        Layout::Maps
    }
}

/// The plain kernels.
struct Plain {
    name: String,
    weight: Parameter,
    bias: Option<Parameter>,
    y: MapShape,
    geometry: Geometry,
}

impl Stage for Plain {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let Self { name, weight, bias, geometry, .. } = self;
        let x = x[0].clone();
        let MapShape { channels, height, width } = self.y;
        let y = allocate(rec, name, "y", &[x.rows(), channels, height, width])?;
        let of_bias = bias.as_ref().map(|bias| &bias.value);
        conv2d::forward(rec, &as_maps(&x), &weight.value, of_bias, &y, *geometry)?;
        Ok(Forward::new(y, move |rec, dy, wanted| {
            let dy = &as_maps(dy);
            if wanted.parameters {
                let dbias = bias.as_ref().map(|bias| &bias.grad);
                conv2d::backward_parameters(rec, &as_maps(&x), dy, &weight.grad, dbias, *geometry)?;
            }
            if !wanted.input() {
                return Ok(vec![None]);
            }
            let dx = allocate(rec, name, "dx", x.dims())?;
            conv2d::backward_input(rec, dy, &weight.value, &as_maps(&dx), *geometry)?;
            Ok(vec![Some(dx)])
        }))
    }

    fn learns(&self) -> Vec<String> {
        let bias = self.bias.iter().map(|_| "bias");
        std::iter::once("weight").chain(bias).map(|suffix| format!("{}.{suffix}", self.name)).collect()
    }
}
