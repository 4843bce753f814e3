//! EfficientNet-Lite0, as the PyPI package `efficientnet-lite-pytorch` 0.1 builds it: without squeeze and excitation, with
//! ReLU6.

use super::Nodes;
use crate::error::Result;
use crate::model::graph::{Builder, Value};
use crate::model::layers::{Conv2d, Padding, Sum};
use crate::model::size::Size2;
use crate::ops::rectified_norm::Rectifier;

/// A stage: blocks that follow one another.
pub(super) struct Stage {
    pub blocks: usize,
    kernel: usize,
    /// Of its first block.
    stride: usize,
    /// How many times as many maps lie within a block as go in.
    pub expansion: usize,
    outputs: usize,
}

const fn stage(blocks: usize, kernel: usize, stride: usize, expansion: usize, outputs: usize) -> Stage {
    Stage { blocks, kernel, stride, expansion, outputs }
}

pub(super) const STAGES: [Stage; 7] = [
    stage(1, 3, 1, 1, 16),
    stage(2, 3, 2, 6, 24),
    stage(2, 5, 2, 6, 40),
    stage(3, 3, 2, 6, 80),
    stage(3, 5, 1, 6, 112),
    stage(4, 5, 2, 6, 192),
    stage(1, 3, 1, 6, 320),
];

/// Maps behind the first convolution, and behind the last one.
const STEM: usize = 32;
const HEAD: usize = 1280;

/// A convolution with the padding of TensorFlow's "same" where its input has an even size: with stride 2 a row more below and
/// a column more on the right.
fn convolution(outputs: usize, kernel: usize, stride: usize) -> Conv2d {
    let all = kernel - stride.min(kernel);
    let (before, behind) = (all / 2, all - all / 2);
    let padding = Padding::Sides([before, behind, before, behind]);
    Conv2d { padding, stride: Size2(stride, stride), ..Conv2d::new(outputs, Size2(kernel, kernel)) }
}

/// The whole network.
pub(super) fn build(builder: &mut Builder, x: Value) -> Result<Value> {
    let mut nodes = Nodes { builder, eps: 1e-3, momentum: 0.01 };
    let mut y = nodes.normalized(["_conv_stem", "_bn0"], convolution(STEM, 3, 2), x, Rectifier::Relu6)?;
    let (mut number, mut channels) = (0, STEM);
    for stage in &STAGES {
        for index in 0..stage.blocks {
            let stride = if index == 0 { stage.stride } else { 1 };
            y = block(&mut nodes, &format!("_blocks.{number}"), (stage, stride, channels), y)?;
            (number, channels) = (number + 1, stage.outputs);
        }
    }
    nodes.normalized(["_conv_head", "_bn1"], convolution(HEAD, 1, 1), y, Rectifier::Relu6)
}

/// An inverted residual block over `channels` maps (Sandler et al. 2018).
fn block(
    nodes: &mut Nodes<'_>,
    name: &str,
    (stage, stride, channels): (&Stage, usize, usize),
    x: Value,
) -> Result<Value> {
    let within = channels * stage.expansion;
    let names =
        |convolution: &str, norm: usize| [format!("{name}.{convolution}"), format!("{name}._bn{norm}")];
    let mut y = x;
    if stage.expansion > 1 {
        let [convolution_name, norm] = names("_expand_conv", 0);
        y = nodes.normalized([&convolution_name, &norm], convolution(within, 1, 1), y, Rectifier::Relu6)?;
    }
    let [convolution_name, norm] = names("_depthwise_conv", 1);
    let depthwise = Conv2d { groups: within, ..convolution(within, stage.kernel, stride) };
    y = nodes.normalized([&convolution_name, &norm], depthwise, y, Rectifier::Relu6)?;
    let [convolution_name, norm] = names("_project_conv", 2);
    y = nodes.normalized(
        [&convolution_name, &norm],
        convolution(stage.outputs, 1, 1),
        y,
        Rectifier::Nothing,
    )?;
    if stride == 1 && channels == stage.outputs {
        y = nodes.layer(&format!("{name}._sum"), Sum, &[y, x])?;
    }
    Ok(y)
}
