//! The network as a graph: nodes with the values that go into them, in the order in which they are defined.
//!
//! A list of layers is a chain of nodes; `residual` makes a fork and a sum. Every node gives one value. Each part of a
//! model is a graph of its own with one value that goes in and one that comes out.

use super::layers::{Form, Layer, LayerSpec, Residual, Sum};
use super::learned::Learned;
use crate::error::{Error, Result};
use crate::shape::MapShape;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A value of a graph: what goes into it, or what one of its nodes gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Value(usize);

impl Value {
    /// What goes into the graph.
    pub const INPUT: Self = Self(0);

    /// Its place in a list of all values, what goes in first.
    pub fn index(self) -> usize {
        self.0
    }
}

/// A layer with its name, what goes into it and the shapes around it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// `part.stem` and a number, as in `feature_extractor.conv1`.
    pub name: String,
    /// The layer as configured.
    pub layer: Arc<dyn Layer>,
    /// What goes in.
    pub inputs: Vec<Value>,
    /// What comes out.
    pub output: Value,
    /// The shapes that go in.
    pub x: Vec<MapShape>,
    /// The shape that comes out.
    pub y: MapShape,
}

impl Node {
    /// The layer, if it is one of kind `L`.
    pub fn as_layer<L: Layer>(&self) -> Option<&L> {
        let layer: &dyn Any = self.layer.as_ref();
        layer.downcast_ref()
    }

    /// What it learns, with its name.
    pub fn learned(&self) -> impl Iterator<Item = (String, Learned)> {
        self.layer.parameters(&self.x).into_iter().map(|learned| (self.name.clone(), learned))
    }

    /// Whether it is a layer of kind `L`.
    pub fn is<L: Layer>(&self) -> bool {
        self.as_layer::<L>().is_some()
    }
}

/// A part of a model.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    /// In the order of definition: each uses values of those in front of it alone.
    pub nodes: Vec<Node>,
    /// What comes out.
    pub output: Value,
    /// The shape of what comes out.
    pub y: MapShape,
}

impl Graph {
    /// Names the layers of `part` and follows the shapes through them.
    ///
    /// # Errors
    /// [`Error::Input`] naming the layer whose shapes do not fit.
    pub fn new(part: &str, layers: &[LayerSpec], input: MapShape) -> Result<Self> {
        Builder::new(input).finish(part, layers, Value::INPUT)
    }

    /// Whether, in training too, each row of what comes out follows from its row of what goes in alone.
    pub fn is_of_rows(&self) -> bool {
        self.nodes.iter().all(|node| node.layer.is_of_row())
    }

    /// How many nodes use each value; what comes out of the graph counts as used once more.
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len() + 1];
        let used = self.nodes.iter().flat_map(|node| &node.inputs).chain([&self.output]);
        used.for_each(|value| uses[value.0] += 1);
        uses
    }

    /// The nodes as runs: in each, every node takes what the one in front gives, which nothing else takes. Only within a
    /// run can nodes be fused, so that no value is swallowed that somebody else reads.
    pub fn runs(&self) -> impl Iterator<Item = &[Node]> {
        let uses = self.uses();
        self.nodes.chunk_by(move |node, next| next.inputs == [node.output] && uses[node.output.0] == 1)
    }
}

/// A graph that grows.
pub(super) struct Builder {
    nodes: Vec<Node>,
    /// Of every value.
    shapes: Vec<MapShape>,
}

impl Builder {
    /// No nodes yet, and the shape of what goes in.
    pub fn new(input: MapShape) -> Self {
        Self { nodes: vec![], shapes: vec![input] }
    }

    /// The shape of a value.
    pub fn shape(&self, value: Value) -> MapShape {
        self.shapes[value.0]
    }

    /// The graph with the layers of `part` behind the value `x`.
    ///
    /// # Errors
    /// As [`Graph::new`].
    pub fn finish(mut self, part: &str, layers: &[LayerSpec], x: Value) -> Result<Graph> {
        let output = self.chain(part, layers, x)?;
        Ok(Graph { y: self.shapes[output.0], nodes: self.nodes, output })
    }

    /// Puts `layers` behind the value `x`, one behind the other, under names that begin with `prefix`.
    fn chain(&mut self, prefix: &str, layers: &[LayerSpec], x: Value) -> Result<Value> {
        let (mut value, mut counts) = (x, BTreeMap::new());
        for spec in layers {
            let form = spec.form();
            let stem = match &form {
                Form::Node(layer) => layer.stem(),
                Form::Residual(_) => Residual::STEM,
            };
            let count: &mut usize = counts.entry(stem).or_default();
            *count += 1;
            let name = format!("{prefix}.{stem}{count}");
            value = match form {
                Form::Node(layer) => self.node(name, layer, vec![value])?,
                Form::Residual(Residual { body, shortcut }) => {
                    let long = self.chain(&format!("{name}.body"), body, value)?;
                    let short = self.chain(&format!("{name}.shortcut"), shortcut, value)?;
                    self.node(name, Arc::new(Sum), vec![long, short])?
                }
            };
        }
        Ok(value)
    }

    /// A node of that name.
    ///
    /// # Errors
    /// [`Error::Input`] naming it when the shapes do not fit.
    pub fn node(&mut self, name: String, layer: Arc<dyn Layer>, inputs: Vec<Value>) -> Result<Value> {
        let x: Vec<MapShape> = inputs.iter().map(|value| self.shapes[value.0]).collect();
        let y = layer.out_shape(&x).map_err(|e| match e {
            Error::Input { subject, expected, found } => {
                Error::input(format!("{name} (input {}): {subject}", x[0]), expected, found)
            }
            other => other,
        })?;
        let output = Value(self.shapes.len());
        self.shapes.push(y);
        self.nodes.push(Node { name, layer, inputs, output, x, y });
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Conv2d, MaxPool2d, Relu, Size2};

    fn conv(outputs: usize, padding: usize) -> LayerSpec {
        let padding = Size2(padding, padding).into();
        Conv2d { padding, ..Conv2d::new(outputs, Size2(3, 3)) }.into()
    }

    fn graph(layers: &[LayerSpec]) -> Result<Graph> {
        Graph::new("part", layers, MapShape::new(4, 8, 8))
    }

    #[test]
    fn a_list_is_a_chain_and_one_run() {
        let pool = MaxPool2d::new(Size2(2, 2));
        let graph = graph(&[conv(4, 0), Relu {}.into(), conv(6, 0), pool.into()]).expect("a graph");
        let names: Vec<_> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["part.conv1", "part.relu1", "part.conv2", "part.max_pool1"]);
        assert_eq!(graph.y, MapShape::new(6, 2, 2));
        assert_eq!(graph.runs().map(<[Node]>::len).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn a_residual_block_is_a_fork_and_a_sum_and_its_taps_part_the_runs() {
        let body = vec![conv(4, 1), Relu {}.into(), conv(4, 1)];
        let residual = Residual { body, shortcut: vec![] };
        let graph = graph(&[Relu {}.into(), residual.into(), Relu {}.into()]).expect("a graph");
        let names: Vec<_> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
        let body = ["conv1", "relu1", "conv2"].map(|name| format!("part.residual1.body.{name}"));
        assert_eq!(names[0], "part.relu1");
        assert_eq!(names[1..4], body);
        assert_eq!(names[4..], ["part.residual1", "part.relu2"]);
        assert_eq!(graph.nodes[4].inputs, [Value(4), Value(1)]);
        assert_eq!(graph.uses(), [1, 2, 1, 1, 1, 1, 1]);
        // What the first ReLU gives is read by the body and by the sum.
        assert_eq!(graph.runs().map(<[Node]>::len).collect::<Vec<_>>(), [1, 3, 2]);
    }

    #[test]
    fn a_shortcut_of_another_shape_is_refused_by_name() {
        let residual = Residual { body: vec![conv(6, 1)], shortcut: vec![] };
        let error = graph(&[residual.into()]).expect_err("a sum of two shapes").to_string();
        assert!(error.starts_with("part.residual1 (input 6×8×8): residual shortcut"), "{error}");
    }
}
