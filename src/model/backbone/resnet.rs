//! Residual networks (He et al. 2016), as torchvision builds them.

use super::Nodes;
use crate::error::Result;
use crate::model::graph::{Builder, Value};
use crate::model::layers::{Conv2d, MaxPool2d, Relu, Sum};
use crate::model::size::Size2;
use crate::ops::rectified_norm::Rectifier;

/// What the stages are made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// Two convolutions of 3×3.
    Basic,
    /// One of 1×1, one of 3×3, and one of 1×1 to four times as many maps.
    Bottleneck,
}

/// The block called `name`.
struct Place<'a> {
    name: &'a str,
    kind: Block,
    /// Of its inner maps.
    width: usize,
    stride: usize,
    /// Whether the short way is a convolution, as it changes the shape.
    changes: bool,
}

fn convolution(outputs: usize, kernel: usize, stride: usize) -> Conv2d {
    let (padding, stride) = (Size2(kernel / 2, kernel / 2).into(), Size2(stride, stride));
    Conv2d { padding, stride, ..Conv2d::new(outputs, Size2(kernel, kernel)) }
}

/// The network with so many blocks in its stages.
pub(super) fn build(builder: &mut Builder, x: Value, kind: Block, blocks: [usize; 4]) -> Result<Value> {
    let mut nodes = Nodes { builder, eps: 1e-5, momentum: 0.1 };
    let y = nodes.normalized(["conv1", "bn1"], convolution(64, 7, 2), x, Rectifier::Relu)?;
    let pool = MaxPool2d { kernel: Size2(3, 3), stride: Some(Size2(2, 2)), padding: Size2(1, 1) };
    let mut y = nodes.layer("maxpool", pool, &[y])?;
    for (stage, count) in blocks.into_iter().enumerate() {
        for index in 0..count {
            let first = index == 0;
            let place = Place {
                name: &format!("layer{}.{index}", stage + 1),
                kind,
                width: 64 << stage,
                stride: if first && stage > 0 { 2 } else { 1 },
                changes: first && (stage > 0 || kind == Block::Bottleneck),
            };
            y = block(&mut nodes, &place, y)?;
        }
    }
    Ok(y)
}

fn block(nodes: &mut Nodes<'_>, place: &Place<'_>, x: Value) -> Result<Value> {
    let Place { name, kind, width, stride, changes } = *place;
    let convolutions = match kind {
        Block::Basic => vec![convolution(width, 3, stride), convolution(width, 3, 1)],
        Block::Bottleneck => {
            vec![convolution(width, 1, 1), convolution(width, 3, stride), convolution(4 * width, 1, 1)]
        }
    };
    let outputs = if kind == Block::Bottleneck { 4 * width } else { width };
    let last = convolutions.len();
    let mut long = x;
    for (number, convolution) in (1..).zip(convolutions) {
        let names = [format!("{name}.conv{number}"), format!("{name}.bn{number}")];
        let rectifier = if number < last { Rectifier::Relu } else { Rectifier::Nothing };
        long = nodes.normalized([&names[0], &names[1]], convolution, long, rectifier)?;
    }
    let short = if changes {
        let names = [format!("{name}.downsample.0"), format!("{name}.downsample.1")];
        nodes.normalized([&names[0], &names[1]], convolution(outputs, 1, stride), x, Rectifier::Nothing)?
    } else {
        x
    };
    let sum = nodes.layer(&format!("{name}.sum"), Sum, &[long, short])?;
    nodes.layer(&format!("{name}.relu"), Relu {}, &[sum])
}
