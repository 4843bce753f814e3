//! The graph: one node a layer, its weights as initializers.

use super::messages::{
    AttributeKind, AttributeProto, Dimension, Element, GraphProto, NodeProto, ShapeProto, TensorProto,
    TensorType, TypeProto, ValueInfo,
};
use crate::error::{Error, Result};
use crate::model::{
    Graph as Network, Layout, NamedValues, Node, Normalization, OnnxAttribute, OnnxInput, OnnxOperator,
};
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
    pub fn part(&mut self, x: &Value, network: &Network) -> Result<Value> {
        let mut values = vec![x.clone(); network.nodes.len() + 1];
        for node in &network.nodes {
            let inputs: Vec<Value> = node.inputs.iter().map(|value| values[value.index()].clone()).collect();
            values[node.output.index()] = self.node_of(&inputs, node)?;
        }
        Ok(values[network.output.index()].clone())
    }

    /// What a conditional domain classifier is given, of the shape `given`: the features times each probability.
    pub fn conditional(&mut self, features: &Value, logits: &Value, given: MapShape) -> Value {
        let name = "conditions.given";
        let axis = |axis| [Attribute::Int("axis", axis)];
        self.node("Flatten", "conditions.logits", &[&logits.name], &axis(1));
        self.node("Softmax", "conditions.p", &["conditions.logits"], &axis(1));
        self.node("Flatten", "conditions.features", &[&features.name], &axis(1));
        self.whole_numbers("conditions.columns", &[2]);
        self.whole_numbers("conditions.rows", &[1]);
        self.node("Unsqueeze", "conditions.column", &["conditions.p", "conditions.columns"], &[]);
        self.node("Unsqueeze", "conditions.row", &["conditions.features", "conditions.rows"], &[]);
        self.node("Mul", "conditions.product", &["conditions.column", "conditions.row"], &[]);
        let dims = [given.channels, given.height, given.width].map(|size| size as i64);
        let sizes = if features.flat { &dims[..1] } else { &dims[..] };
        self.whole_numbers("conditions.shape", &[&[-1], sizes].concat());
        self.node("Reshape", name, &["conditions.product", "conditions.shape"], &[]);
        Value { name: name.into(), flat: features.flat }
    }

    /// The operators of one node.
    fn node_of(&mut self, inputs: &[Value], node: &Node) -> Result<Value> {
        let layout = node.layer.layout();
        let mixed = inputs.iter().any(|value| value.flat) && inputs.iter().any(|value| !value.flat);
        let mut x = Vec::with_capacity(inputs.len());
        for (index, value) in inputs.iter().enumerate() {
            let unflat = value.flat && (layout == Layout::Maps || mixed);
            x.push(if unflat { self.as_maps(&node.name, index, &value.name) } else { value.name.clone() });
        }
        let flat = match layout {
            Layout::Kept => inputs.iter().all(|value| value.flat),
            Layout::Maps => false,
            Layout::Rows => true,
        };
        let operators = node.layer.onnx();
        let mut name = x[0].clone();
        for (index, operator) in operators.iter().enumerate() {
            let last = index + 1 == operators.len();
            let y = format!("{}.{}", node.name, if last { "y".into() } else { format!("y{index}") });
            self.operator(&node.name, operator, &x, &name, &y)?;
            name = y;
        }
        Ok(Value { name, flat })
    }

    fn operator(
        &mut self,
        layer: &str,
        operator: &OnnxOperator,
        x: &[String],
        previous: &str,
        y: &str,
    ) -> Result<()> {
        let mut inputs = Vec::with_capacity(operator.inputs.len());
        for input in &operator.inputs {
            inputs.push(match *input {
                OnnxInput::X(index) => x[index].clone(),
                OnnxInput::Previous => previous.to_owned(),
                OnnxInput::Learned(suffix) => self.learned(&format!("{layer}.{suffix}"))?,
                OnnxInput::Constant(value) => {
                    let name = format!("{layer}.constant{}", inputs.len());
                    self.floats(&name, &[], &[value]);
                    name
                }
            });
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let attributes: Vec<Attribute<'_>> = operator.attributes.iter().map(Attribute::of).collect();
        self.node(operator.operator, y, &inputs, &attributes);
        Ok(())
    }

    fn as_maps(&mut self, layer: &str, index: usize, x: &str) -> String {
        let (axes, maps) = (format!("{layer}.axes{index}"), format!("{layer}.maps{index}"));
        self.whole_numbers(&axes, &[2, 3]);
        self.node("Unsqueeze", &maps, &[x, &axes], &[]);
        maps
    }

    /// Adds the tensor called `name` to the graph.
    fn learned(&mut self, name: &str) -> Result<String> {
        let values = self.values;
        let (dims, values) = values.get(name).ok_or_else(|| Error::input("model", name, "no such tensor"))?;
        self.floats(name, dims, values);
        Ok(name.to_owned())
    }

    fn whole_numbers(&mut self, name: &str, values: &[i64]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.proto.initializer.push(tensor(name, Element::Int64, &[values.len()], bytes));
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

impl<'a> Attribute<'a> {
    fn of((name, attribute): &'a (&'static str, OnnxAttribute)) -> Self {
        match attribute {
            OnnxAttribute::Float(value) => Self::Float(name, *value),
            OnnxAttribute::Int(value) => Self::Int(name, *value),
            OnnxAttribute::Sizes(sizes) => Self::Sizes(name, sizes),
        }
    }

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
