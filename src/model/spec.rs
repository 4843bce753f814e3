//! The network as configuration: what a preset or a TOML file says.

use crate::error::{Error, Result};
use crate::ops::{conv2d, max_pool2d::Window};
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The network: its input and the layers of its three parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// What goes in.
    pub input: InputSpec,
    /// G_f: from images to features.
    pub feature_extractor: Vec<LayerSpec>,
    /// G_y: from features to one logit a class.
    pub label_predictor: Vec<LayerSpec>,
    /// G_d: from features, behind the gradient reversal layer, to two logits (source, target).
    pub domain_classifier: Vec<LayerSpec>,
}

/// The images that go in, and how their bytes become numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// C
    pub channels: usize,
    /// H
    pub height: usize,
    /// W
    pub width: usize,
    /// For both domains, unless the target has its own.
    pub normalization: Normalization,
    /// For the target domain alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_normalization: Option<Normalization>,
}

/// Per channel: x = byte / 255 · scale + shift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalization {
    /// One factor a channel.
    pub scale: Vec<f32>,
    /// One summand a channel.
    pub shift: Vec<f32>,
}

/// A height and a width; in TOML `5` stands for `[5, 5]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SizeForm", into = "SizeForm")]
pub struct Size2(pub usize, pub usize);

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, or [height, width]")]
enum SizeForm {
    Square(usize),
    Oblong([usize; 2]),
}

impl From<SizeForm> for Size2 {
    fn from(form: SizeForm) -> Self {
        match form {
            SizeForm::Square(side) => Self(side, side),
            SizeForm::Oblong([height, width]) => Self(height, width),
        }
    }
}

impl From<Size2> for SizeForm {
    fn from(Size2(height, width): Size2) -> Self {
        if height == width { Self::Square(height) } else { Self::Oblong([height, width]) }
    }
}

impl From<Size2> for (usize, usize) {
    fn from(Size2(height, width): Size2) -> Self {
        (height, width)
    }
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "layer", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LayerSpec {
    /// 2-D convolution, stride 1.
    Conv2d {
        /// O, the filters.
        outputs: usize,
        /// KH and KW.
        kernel: Size2,
        /// Zeros around the input; none if left out.
        #[serde(default)]
        padding: Size2,
    },
    /// Fully connected; flattens what comes in.
    Dense {
        /// O
        outputs: usize,
    },
    /// max(x, 0)
    Relu {},
    /// x where positive, slope · x elsewhere.
    LeakyRelu {
        /// 0.01 if left out.
        #[serde(default = "default_slope")]
        slope: f32,
    },
    /// The largest value of each window.
    MaxPool2d {
        /// KH and KW.
        kernel: Size2,
        /// From window to window; the kernel's size if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<Size2>,
    },
    /// Batch normalisation of each channel (of each value, behind a dense layer).
    BatchNorm2d {
        /// Added to the variance; 1e-5 if left out.
        #[serde(default = "default_eps")]
        eps: f32,
        /// Share of the new batch in the running statistics; 0.1 if left out.
        #[serde(default = "default_momentum")]
        momentum: f32,
    },
    /// Zeroes values at random while training.
    Dropout {
        /// The share that is zeroed.
        rate: f32,
    },
}

fn default_slope() -> f32 {
    0.01
}

fn default_eps() -> f32 {
    1e-5
}

fn default_momentum() -> f32 {
    0.1
}

impl LayerSpec {
    /// Whether the layer multiplies with a matrix of weights.
    pub(super) fn is_product(&self) -> bool {
        matches!(self, Self::Conv2d { .. } | Self::Dense { .. })
    }

    /// The stem of the layer's name; the parts number their layers of one kind: `conv1`, `conv2`, `dense1`.
    pub fn stem(&self) -> &'static str {
        match self {
            Self::Conv2d { .. } => "conv",
            Self::Dense { .. } => "dense",
            Self::Relu {} => "relu",
            Self::LeakyRelu { .. } => "leaky_relu",
            Self::MaxPool2d { .. } => "max_pool",
            Self::BatchNorm2d { .. } => "batch_norm",
            Self::Dropout { .. } => "dropout",
        }
    }

    /// The window of a pooling layer.
    pub(super) fn window(kernel: Size2, stride: Option<Size2>) -> Window {
        let stride = stride.unwrap_or(kernel).into();
        Window { kernel: kernel.into(), stride }
    }

    /// What comes out when `x` goes in.
    fn out_shape(&self, x: MapShape) -> Result<MapShape> {
        let refuse = |key: &str, expected: &str, found: f32| {
            Err(Error::input(format!("{} {key}", self.stem()), expected, found))
        };
        match *self {
            Self::Conv2d { outputs: 0, .. } | Self::Dense { outputs: 0 } => {
                refuse("outputs", "at least 1", 0.0)
            }
            Self::Conv2d { outputs, kernel, padding } => {
                let (h, w) = conv2d::out_size((x.height, x.width), kernel.into(), padding.into())?;
                Ok(MapShape::new(outputs, h, w))
            }
            Self::Dense { outputs } => Ok(MapShape::new(outputs, 1, 1)),
            Self::MaxPool2d { kernel, stride } => {
                let (h, w) = Self::window(kernel, stride).out_size((x.height, x.width))?;
                Ok(MapShape::new(x.channels, h, w))
            }
            Self::LeakyRelu { slope } if !slope.is_finite() => refuse("slope", "a number", slope),
            Self::BatchNorm2d { eps, .. } if !(eps > 0.0 && eps.is_finite()) => refuse("eps", "above 0", eps),
            Self::BatchNorm2d { momentum, .. } if !(0.0..=1.0).contains(&momentum) => {
                refuse("momentum", "from 0 to 1", momentum)
            }
            Self::Dropout { rate } if !(0.0..1.0).contains(&rate) => {
                refuse("rate", "at least 0 and below 1", rate)
            }
            Self::Relu {} | Self::LeakyRelu { .. } | Self::BatchNorm2d { .. } | Self::Dropout { .. } => Ok(x),
        }
    }
}

/// A layer with its name and the shapes around it.
#[derive(Clone, Debug)]
pub struct PlacedLayer<'a> {
    /// `part.stem` and a number, as in `feature_extractor.conv1`.
    pub name: String,
    /// The layer as configured.
    pub spec: &'a LayerSpec,
    /// What goes in.
    pub x: MapShape,
    /// What comes out.
    pub y: MapShape,
}

/// Names the layers of `part` and follows the shapes through them.
///
/// # Errors
/// [`Error::Input`] naming the layer whose shapes do not fit.
pub(super) fn place<'a>(
    part: &str,
    layers: &'a [LayerSpec],
    input: MapShape,
) -> Result<Vec<PlacedLayer<'a>>> {
    let mut x = input;
    let mut placed: Vec<PlacedLayer<'a>> = Vec::with_capacity(layers.len());
    for spec in layers {
        let same_kind = placed.iter().filter(|p| p.spec.stem() == spec.stem()).count();
        let name = format!("{part}.{}{}", spec.stem(), same_kind + 1);
        let y = spec.out_shape(x).map_err(|e| match e {
            Error::Input { subject, expected, found } => {
                Error::input(format!("{name} (input {x}): {subject}"), expected, found)
            }
            other => other,
        })?;
        placed.push(PlacedLayer { name, spec, x, y });
        x = y;
    }
    Ok(placed)
}

impl fmt::Display for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stem = self.stem();
        match *self {
            Self::Conv2d { outputs, kernel: Size2(kh, kw), padding: Size2(ph, pw) } => {
                write!(f, "{stem} {outputs} {kh}×{kw} +{ph}×{pw}")
            }
            Self::Dense { outputs } => write!(f, "{stem} {outputs}"),
            Self::MaxPool2d { kernel: Size2(kh, kw), .. } => write!(f, "{stem} {kh}×{kw}"),
            _ => f.write_str(stem),
        }
    }
}

impl InputSpec {
    /// (C, H, W)
    pub fn shape(&self) -> MapShape {
        MapShape::new(self.channels, self.height, self.width)
    }
}

impl Normalization {
    /// Scales, then shifts: (2, C).
    pub fn scale_shift(&self) -> Vec<f32> {
        [&self.scale[..], &self.shift[..]].concat()
    }

    fn check(&self, key: &str, channels: usize) -> Result<()> {
        let lists = [("scale", &self.scale), ("shift", &self.shift)];
        for (name, values) in lists {
            if values.len() != channels || values.iter().any(|v| !v.is_finite()) {
                let expected = format!("one number for each of {channels} channels");
                return Err(Error::input(format!("{key}.{name}"), expected, format!("{values:?}")));
            }
        }
        Ok(())
    }
}

impl ModelSpec {
    /// K, the number of classes.
    ///
    /// # Errors
    /// As [`ModelSpec::check`].
    pub fn classes(&self) -> Result<usize> {
        Ok(self.check()?.1)
    }

    /// Follows the shapes through all parts; gives the features' shape and the number of classes.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key or layer that does not fit.
    pub fn check(&self) -> Result<(MapShape, usize)> {
        let input = self.input.shape();
        if input.is_empty() {
            return Err(Error::input("model.input", "at least one channel, row and column", input));
        }
        self.input.normalization.check("model.input.normalization", input.channels)?;
        if let Some(own) = &self.input.target_normalization {
            own.check("model.input.target_normalization", input.channels)?;
        }
        let end = |part: &str, layers: &[LayerSpec], x: MapShape| -> Result<MapShape> {
            Ok(place(part, layers, x)?.last().map_or(x, |layer| layer.y))
        };
        let features = end("feature_extractor", &self.feature_extractor, input)?;
        let logits = end("label_predictor", &self.label_predictor, features)?;
        let domains = end("domain_classifier", &self.domain_classifier, features)?;
        if logits.height * logits.width != 1 || logits.channels < 2 {
            return Err(Error::input("label_predictor", "to end in two or more logits (K×1×1)", logits));
        }
        if domains != MapShape::new(2, 1, 1) {
            return Err(Error::input("domain_classifier", "to end in two logits (2×1×1)", domains));
        }
        Ok((features, logits.channels))
    }
}
