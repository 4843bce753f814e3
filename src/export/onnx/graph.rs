//! The graph: one node a layer, its weights as initializers.

use super::messages::{
    AttributeKind, AttributeProto, Dimension, Element, GraphProto, NodeProto, ShapeProto, TensorProto,
    TensorType, TypeProto, ValueInfo,
};
use crate::error::{Error, Result};
use crate::model::{LayerSpec, NamedValues, Normalization, PlacedLayer, Size2};
use crate::shape::MapShape;

/// A graph that grows layer by layer.
pub struct Graph<'a> {
    values: &'a NamedValues,
    proto: GraphProto,
}

/// The result of a node.
#[derive(Clone)]
pub struct Value {
    name: String,
    /// Whether it is (N, O), as dense layers leave it, and not (N, C, H, W).
    flat: bool,
}

/// What an operator has besides its inputs.
enum Attribute<'a> {
    Float(&'a str, f32),
    Int(&'a str, i64),
    Sizes(&'a str, &'a [usize]),
}

impl<'a> Graph<'a> {
    /// An empty graph over the weights in `values`.
    pub fn new(values: &'a NamedValues) -> Self {
        Self { values, proto: GraphProto::default() }
    }

    /// Declares what goes in: (N, C, H, W).
    pub fn input(&mut self, name: &str, element: Element, shape: MapShape) {
        let dims = [shape.channels, shape.height, shape.width];
        self.proto.input.push(value_info(name, element, &dims));
    }

    /// Declares what comes out, (N, count), whatever shape `value` has.
    pub fn output(&mut self, name: &str, value: &Value, count: usize) {
        self.node("Flatten", name, &[&value.name], &[Attribute::Int("axis", 1)]);
        self.proto.output.push(value_info(name, Element::Float, &[count]));
    }

    /// Bytes as numbers: byte · (scale / 255) + shift, by channel.
    pub fn normalized(&mut self, images: &str, normalization: &Normalization) -> Value {
        let dims = [1, normalization.scale.len(), 1, 1];
        let scale: Vec<f32> = normalization.scale.iter().map(|scale| scale / 255.0).collect();
        self.floats("input.scale", &dims, &scale);
        self.floats("input.shift", &dims, &normalization.shift);
        let to_float = Attribute::Int("to", Element::Float as i64);
        self.node("Cast", "input.numbers", &[images], &[to_float]);
        self.node("Mul", "input.scaled", &["input.numbers", "input.scale"], &[]);
        self.node("Add", "input.normalized", &["input.scaled", "input.shift"], &[]);
        Value { name: "input.normalized".into(), flat: false }
    }

    /// One part of the network behind the value `x`; gives its result.
    ///
    /// # Errors
    /// [`Error::Input`] naming a tensor that the model lacks.
    pub fn layers(&mut self, x: &Value, layers: &[PlacedLayer<'_>]) -> Result<Value> {
        let Value { mut name, mut flat } = x.clone();
        for layer in layers {
            let takes_maps = matches!(layer.spec, LayerSpec::Conv2d { .. } | LayerSpec::MaxPool2d { .. });
            if takes_maps && flat {
                name = self.as_maps(&layer.name, &name);
                flat = false;
            }
            name = self.layer(&name, layer)?;
            flat |= matches!(layer.spec, LayerSpec::Dense { .. });
        }
        Ok(Value { name, flat })
    }

    fn as_maps(&mut self, layer: &str, x: &str) -> String {
        let (axes, maps) = (format!("{layer}.axes"), format!("{layer}.maps"));
        let bytes = [2_i64, 3].map(i64::to_le_bytes).concat();
        self.proto.initializer.push(tensor(&axes, Element::Int64, &[2], bytes));
        self.node("Unsqueeze", &maps, &[x, &axes], &[]);
        maps
    }

    fn layer(&mut self, x: &str, layer: &PlacedLayer<'_>) -> Result<String> {
        let name = &layer.name;
        let y = format!("{name}.y");
        match *layer.spec {
            LayerSpec::Conv2d { kernel, padding: Size2(rows, columns), .. } => {
                let [weight, bias] = self.learned(name, ["weight", "bias"])?;
                let attributes = [
                    Attribute::Sizes("kernel_shape", &[kernel.0, kernel.1]),
                    Attribute::Sizes("pads", &[rows, columns, rows, columns]),
                ];
                self.node("Conv", &y, &[x, &weight, &bias], &attributes);
            }
            LayerSpec::Dense { .. } => {
                let rows = format!("{name}.rows");
                self.node("Flatten", &rows, &[x], &[Attribute::Int("axis", 1)]);
                let [weight, bias] = self.learned(name, ["weight", "bias"])?;
                self.node("Gemm", &y, &[&rows, &weight, &bias], &[Attribute::Int("transB", 1)]);
            }
            LayerSpec::Relu {} => self.node("Relu", &y, &[x], &[]),
            LayerSpec::LeakyRelu { slope } => {
                self.node("LeakyRelu", &y, &[x], &[Attribute::Float("alpha", slope)]);
            }
            LayerSpec::MaxPool2d { kernel, stride } => {
                let stride = stride.unwrap_or(kernel);
                let attributes = [
                    Attribute::Sizes("kernel_shape", &[kernel.0, kernel.1]),
                    Attribute::Sizes("strides", &[stride.0, stride.1]),
                ];
                self.node("MaxPool", &y, &[x], &attributes);
            }
            LayerSpec::BatchNorm2d { eps, .. } => {
                let [weight, bias, mean, variance] =
                    self.learned(name, ["weight", "bias", "running_mean", "running_var"])?;
                let inputs = [x, &weight, &bias, &mean, &variance];
                self.node("BatchNormalization", &y, &inputs, &[Attribute::Float("epsilon", eps)]);
            }
            // Nothing is dropped outside training.
            LayerSpec::Dropout { .. } => return Ok(x.to_owned()),
        }
        Ok(y)
    }

    /// Adds what `layer` has learned to the graph; gives the tensors' names.
    fn learned<const N: usize>(&mut self, layer: &str, tensors: [&str; N]) -> Result<[String; N]> {
        let names = tensors.map(|tensor| format!("{layer}.{tensor}"));
        for name in &names {
            let (dims, values) =
                self.values.get(name).ok_or_else(|| Error::input("model", name, "no such tensor"))?;
            self.floats(name, dims, values);
        }
        Ok(names)
    }

    fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.proto.initializer.push(tensor(name, Element::Float, dims, bytes));
    }

    fn node(&mut self, op: &str, output: &str, inputs: &[&str], attributes: &[Attribute<'_>]) {
        let attribute = attributes.iter().map(Attribute::proto).collect();
        self.proto.node.push(NodeProto { attribute, ..node(op, output, inputs) });
    }

    /// The whole graph.
    pub fn finish(self, name: &str) -> GraphProto {
        GraphProto { name: Some(name.into()), ..self.proto }
    }
}

/// An operator without attributes, named after its output.
fn node(op: &str, output: &str, inputs: &[&str]) -> NodeProto {
    NodeProto {
        input: inputs.iter().map(|&input| input.into()).collect(),
        output: vec![output.into()],
        name: Some(output.into()),
        op_type: Some(op.into()),
        attribute: vec![],
    }
}

fn tensor(name: &str, element: Element, dims: &[usize], bytes: Vec<u8>) -> TensorProto {
    TensorProto {
        dims: dims.iter().map(|&size| size as i64).collect(),
        data_type: Some(element as i32),
        name: Some(name.into()),
        raw_data: Some(bytes),
    }
}

/// A tensor of any number of rows, each of shape `dims`.
fn value_info(name: &str, element: Element, dims: &[usize]) -> ValueInfo {
    let rows = Dimension { value: None, parameter: Some("N".into()) };
    let size = |&size: &usize| Dimension { value: Some(size as i64), parameter: None };
    let shape = ShapeProto { dim: std::iter::once(rows).chain(dims.iter().map(size)).collect() };
    let tensor = TensorType { element: Some(element as i32), shape: Some(shape) };
    ValueInfo { name: Some(name.into()), kind: Some(TypeProto { tensor: Some(tensor) }), doc_string: None }
}

impl Attribute<'_> {
    fn proto(&self) -> AttributeProto {
        let (name, kind) = match *self {
            Self::Float(name, _) => (name, AttributeKind::Float),
            Self::Int(name, _) => (name, AttributeKind::Int),
            Self::Sizes(name, _) => (name, AttributeKind::Ints),
        };
        let mut proto =
            AttributeProto { name: Some(name.into()), kind: Some(kind as i32), ..Default::default() };
        match *self {
            Self::Float(_, value) => proto.f = Some(value),
            Self::Int(_, value) => proto.i = Some(value),
            Self::Sizes(_, values) => proto.ints = values.iter().map(|&value| value as i64).collect(),
        }
        proto
    }
}
