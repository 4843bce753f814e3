//! A graph on a device: feature extractor, label predictor or domain classifier.

use super::fusion::{self, group_key};
use super::graph::{Graph, Node, Value};
use super::parameters::Parameters;
use super::stage::{Backward, Forward, Mode, Site, Stage, Wanted};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor, Variant};
use crate::ops::{add, tuning};
use std::ops::Range;

/// The stages of a graph, in the order of definition.
pub(super) struct Network {
    stages: Vec<Placed>,
    input: Value,
    output: Value,
    /// Of all values of the graph.
    values: usize,
}

/// A stage and the values around it.
struct Placed {
    stage: Box<dyn Stage>,
    inputs: Vec<Value>,
    output: Value,
    /// The name of its last node.
    last: String,
    /// Whether each row of what it gives follows from its row alone, in training and where it rests.
    of_rows: bool,
    of_rows_at_rest: bool,
}

/// The stages, from the first one on, that give the same of a row in every step, and whose last one gives all that the others
/// take.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prefix {
    /// How many.
    pub(super) stages: usize,
    /// The name of its last layer.
    pub last: String,
}

/// What a forward pass leaves.
pub(super) struct Trace<'n> {
    network: &'n Network,
    /// The first stage that it went through.
    first: usize,
    /// The result.
    pub y: Tensor,
    /// The way back through each stage.
    backward: Vec<Backward<'n>>,
}

impl Network {
    /// The kernels of each group are those that the device or a search on its adapter chooses. `first_salt` counts the
    /// layers of the parts before this one.
    pub fn new(gpu: &Gpu, graph: &Graph, parameters: &Parameters, first_salt: usize) -> Result<Self> {
        let (input, output, values) = (Value::INPUT, graph.output, graph.nodes.len() + 1);
        let mut network = Self { stages: vec![], input, output, values };
        for run in graph.runs() {
            for group in fusion::groups(gpu, run) {
                let variant = tuning::variant(gpu, &group_key(group));
                network.push(gpu, variant, group, parameters, first_salt)?;
            }
        }
        Ok(network)
    }

    /// One group by itself, of the kernels of `variant`.
    pub fn of_group(gpu: &Gpu, variant: Variant, group: &[Node], parameters: &Parameters) -> Result<Self> {
        let input = group.first().map_or(Value::INPUT, |node| node.inputs[0]);
        let output = group.last().map_or(input, |node| node.output);
        let mut network = Self { stages: vec![], input, output, values: output.index() + 1 };
        network.push(gpu, variant, group, parameters, 0)?;
        Ok(network)
    }

    /// The stages for `group`. Where `variant` has no kernels for a node, plain ones take their place.
    fn push(
        &mut self,
        gpu: &Gpu,
        variant: Variant,
        group: &[Node],
        parameters: &Parameters,
        first_salt: usize,
    ) -> Result<()> {
        let mut rest = group;
        while let Some(first) = rest.first() {
            let (stage, count) = match fusion::fused(gpu, variant, rest, parameters)? {
                Some(fused) => fused,
                None => {
                    let salt = (first_salt + first.output.index() - 1) as u32;
                    let Node { name, x, y, .. } = first;
                    let site = Site { gpu, variant, name, parameters, x, y: *y, salt };
                    (first.layer.build(&site)?, 1)
                }
            };
            let (nodes, inputs) = (&rest[..count], first.inputs.clone());
            let Node { name, output, .. } = &nodes[count - 1];
            let of_rows = nodes.iter().all(|node| node.layer.is_of_row());
            let of_rows_at_rest = nodes.iter().all(|node| node.layer.is_of_row_at_rest());
            let (last, output) = (name.clone(), *output);
            self.stages.push(Placed { stage, inputs, output, last, of_rows, of_rows_at_rest });
            rest = &rest[count..];
        }
        Ok(())
    }

    /// The state that is not trained but belongs to the model, by name.
    pub fn state(&self) -> impl Iterator<Item = (String, Tensor)> + '_ {
        self.stages.iter().flat_map(|placed| placed.stage.state())
    }

    /// The same of the stages that rest where `frozen` names all their parameters.
    pub fn state_at_rest(&self, frozen: &dyn Fn(&str) -> bool) -> impl Iterator<Item = (String, Tensor)> {
        let resting = self.stages.iter().filter(|placed| placed.rests(frozen));
        resting.flat_map(|placed| placed.stage.state())
    }

    /// The same of the others.
    pub fn moving_state(&self, frozen: &dyn Fn(&str) -> bool) -> impl Iterator<Item = (String, Tensor)> {
        let moving = self.stages.iter().filter(|placed| !placed.rests(frozen));
        moving.flat_map(|placed| placed.stage.state())
    }

    /// Records y from x (N, …).
    pub fn forward(&self, rec: &mut Recording, step: &Tensor, x: &Tensor, mode: Mode) -> Result<Trace<'_>> {
        self.forward_of(rec, step, x, mode, &|_| false)
    }

    /// As [`Network::forward`], in the mode of what does not learn where `frozen` names all parameters of a stage.
    pub fn forward_of(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        x: &Tensor,
        mode: Mode,
        frozen: &dyn Fn(&str) -> bool,
    ) -> Result<Trace<'_>> {
        self.record(rec, step, x, mode, frozen, 0..self.stages.len())
    }

    /// As [`Network::forward_of`], from what the stages of `prefix` give on.
    pub fn forward_behind(
        &self,
        prefix: Option<&Prefix>,
        rec: &mut Recording,
        step: &Tensor,
        x: &Tensor,
        mode: Mode,
        frozen: &dyn Fn(&str) -> bool,
    ) -> Result<Trace<'_>> {
        let first = prefix.map_or(0, |prefix| prefix.stages);
        self.record(rec, step, x, mode, frozen, first..self.stages.len())
    }

    /// As [`Network::forward_of`], up to what the stages of `prefix` give.
    pub fn forward_up_to(
        &self,
        prefix: &Prefix,
        rec: &mut Recording,
        step: &Tensor,
        x: &Tensor,
        mode: Mode,
        frozen: &dyn Fn(&str) -> bool,
    ) -> Result<Tensor> {
        Ok(self.record(rec, step, x, mode, frozen, 0..prefix.stages)?.y)
    }

    /// The way forward through some stages, the first of which takes x.
    fn record(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        x: &Tensor,
        mode: Mode,
        frozen: &dyn Fn(&str) -> bool,
        stages: Range<usize>,
    ) -> Result<Trace<'_>> {
        let first = stages.start;
        let mut values = vec![None; self.values];
        values[self.behind(first).index()] = Some(x.clone());
        let exit = if stages.end == self.stages.len() { self.output } else { self.behind(stages.end) };
        let mut backward = Vec::with_capacity(stages.len());
        for placed @ Placed { stage, inputs, output, .. } in &self.stages[stages] {
            let x: Vec<Tensor> = inputs.iter().filter_map(|value| values[value.index()].clone()).collect();
            let mode = if placed.rests(frozen) { mode.frozen() } else { mode };
            let Forward { y, backward: back } = stage.forward(rec, step, &x, mode)?;
            values[output.index()] = Some(y);
            backward.push(back);
        }
        let y = values[exit.index()].take().unwrap_or_else(|| x.clone());
        Ok(Trace { network: self, first, y, backward })
    }

    /// What the first `count` stages give: the result of the last of them.
    fn behind(&self, count: usize) -> Value {
        count.checked_sub(1).map_or(self.input, |last| self.stages[last].output)
    }

    /// The longest prefix that learns nothing and holds something that is frozen; `rests` names the frozen parameters whose
    /// stages rest.
    pub fn prefix(&self, frozen: &dyn Fn(&str) -> bool, rests: &dyn Fn(&str) -> bool) -> Option<Prefix> {
        let fixed = self.stages.iter().take_while(|placed| placed.is_fixed(frozen, rests)).count();
        let learned = self.stages.iter().position(|placed| !placed.stage.learns().is_empty())?;
        let stages = (learned + 1..=fixed).rev().find(|&count| self.is_cut(count))?;
        Some(Prefix { stages, last: self.stages[stages - 1].last.clone() })
    }

    /// Whether the last of the first `count` stages gives all that those behind them take.
    fn is_cut(&self, count: usize) -> bool {
        let (front, rest) = self.stages.split_at(count);
        let within = |value: &Value| {
            *value == self.input || front[..count - 1].iter().any(|placed| placed.output == *value)
        };
        !rest.iter().flat_map(|placed| &placed.inputs).chain([&self.output]).any(within)
    }

    /// What has to be computed on the way back.
    fn needs(&self, wants_input: bool, frozen: &dyn Fn(&str) -> bool) -> Needs {
        let mut values = vec![false; self.values];
        values[self.input.index()] = wants_input;
        let learning = self.stages.iter().map(|Placed { stage, inputs, output, .. }| {
            let learns = stage.learns().iter().any(|name| !frozen(name));
            values[output.index()] = learns || inputs.iter().any(|value| values[value.index()]);
            learns
        });
        Needs { learning: learning.collect(), values }
    }
}

impl Placed {
    /// Whether it learns, and `frozen` names all that it learns.
    fn rests(&self, frozen: &dyn Fn(&str) -> bool) -> bool {
        let learns = self.stage.learns();
        !learns.is_empty() && learns.iter().all(|name| frozen(name))
    }

    /// Whether it gives the same of a row in every step.
    fn is_fixed(&self, frozen: &dyn Fn(&str) -> bool, rests: &dyn Fn(&str) -> bool) -> bool {
        let of_rows = if self.rests(rests) { self.of_rows_at_rest } else { self.of_rows };
        of_rows && self.stage.learns().iter().all(|name| frozen(name))
    }
}

/// What has to be computed on the way back.
struct Needs {
    /// The values whose gradients are needed: what goes in, if asked for, and all that is made by something that learns, or
    /// from such.
    values: Vec<bool>,
    /// The stages whose parameters learn.
    learning: Vec<bool>,
}

impl Trace<'_> {
    /// Records the gradients of the parameters from dy, but for those that `frozen` names; gives that of what went in.
    pub fn backward(self, rec: &mut Recording, dy: Tensor, frozen: &dyn Fn(&str) -> bool) -> Result<Tensor> {
        let missing = || Error::input("graph", "a way from what goes in to what comes out", "none");
        self.walk(rec, dy, true, frozen)?.ok_or_else(missing)
    }

    /// As [`Trace::backward`], where nothing in front needs the gradient of what went in.
    pub fn backward_to_parameters(
        self,
        rec: &mut Recording,
        dy: Tensor,
        frozen: &dyn Fn(&str) -> bool,
    ) -> Result<()> {
        self.walk(rec, dy, false, frozen).map(drop)
    }

    /// From the last stage to the first; gradients are added up where a value was used twice.
    fn walk(
        self,
        rec: &mut Recording,
        dy: Tensor,
        wants_input: bool,
        frozen: &dyn Fn(&str) -> bool,
    ) -> Result<Option<Tensor>> {
        let Self { network, first, backward, .. } = self;
        let Needs { values, learning } = network.needs(wants_input, frozen);
        let mut gradients: Vec<Option<Tensor>> = vec![None; network.values];
        gradients[network.output.index()] = Some(dy);
        let stages = network.stages.iter().zip(learning).skip(first).zip(backward);
        for ((Placed { inputs, output, .. }, learns), back) in stages.rev() {
            let Some(dy) = gradients[output.index()].take().filter(|_| values[output.index()]) else {
                continue;
            };
            let of_inputs: Vec<bool> = inputs.iter().map(|value| values[value.index()]).collect();
            let found = back(rec, &dy, Wanted { inputs: &of_inputs, parameters: learns })?;
            for (value, gradient) in inputs.iter().zip(found) {
                let slot = &mut gradients[value.index()];
                *slot = match (slot.take(), gradient) {
                    (Some(earlier), Some(gradient)) => Some(added(rec, &earlier, &gradient)?),
                    (earlier, gradient) => earlier.or(gradient),
                };
            }
        }
        Ok(gradients[network.input.index()].take().filter(|_| wants_input))
    }
}

/// The sum of two gradients of one value. It has memory of its own, as either may be somebody else's too.
fn added(rec: &mut Recording, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let sum = Tensor::zeros(rec.gpu(), "sum of gradients", a.dims())?;
    add::forward(rec, a, &b.reshaped(a.dims()), &sum, false)?;
    Ok(sum)
}
