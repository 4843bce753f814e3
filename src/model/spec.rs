//! The network as configuration: what a preset or a TOML file says.

use super::backbone::Backbone;
use super::classes::Classes;
use super::domain_input::DomainInput;
use super::graph::{Builder, Graph, Value};
use super::layers::{BatchStatistics, LayerSpec, Residual};
use crate::error::{Error, Result};
use crate::ops::gather_batch::Domain;
use crate::shape::{Fit, Frame, MapShape};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The network: its input and the layers of its three parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ModelSpec {
    /// K, the number of classes; that of the data if left out.
    #[serde(default, skip_serializing_if = "Classes::is_auto")]
    pub classes: Classes,
    /// What the domain classifier is given; the features if left out.
    #[serde(default, skip_serializing_if = "DomainInput::is_default")]
    pub domain_input: DomainInput,
    /// A network in front of the feature extractor; none if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backbone: Option<Backbone>,
    /// The weights that the backbone starts from, a `.safetensors` file; drawn ones if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// What goes in.
    pub input: InputSpec,
    /// G_f: from images, or the backbone's maps, to features.
    pub feature_extractor: Vec<LayerSpec>,
    /// G_y: from features to one logit a class.
    pub label_predictor: Vec<LayerSpec>,
    /// G_d: from features, behind the gradient reversal layer, to two logits (source, target).
    pub domain_classifier: Vec<LayerSpec>,
}

/// The images that go in, and how their bytes become numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct InputSpec {
    /// C
    pub channels: usize,
    /// H
    pub height: usize,
    /// W
    pub width: usize,
    /// How images of other sizes come to this one. Where a run that is on disk says nothing of it, it was made before
    /// there was a choice, and nothing was scaled; a recipe that says nothing has its images resized.
    #[serde(default = "before_there_was_a_choice")]
    pub fit: Fit,
    /// Rows that images are brought to where `fit` scales them; training takes its views from these (see
    /// [`Augmentation`](crate::train::Augmentation)), and evaluation their middle. `height` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<usize>,
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

fn before_there_was_a_choice() -> Fit {
    Fit::Centre
}

impl InputSpec {
    /// Images of `shape`, to which others are resized, normalised in one way for both domains.
    pub fn new(shape: MapShape, normalization: Normalization) -> Self {
        let MapShape { channels, height, width } = shape;
        let fit = Fit::default();
        Self { channels, height, width, fit, resize: None, normalization, target_normalization: None }
    }

    /// (C, H, W)
    pub fn shape(&self) -> MapShape {
        MapShape::new(self.channels, self.height, self.width)
    }

    /// The size that images are brought to, and how.
    pub fn frame(&self) -> Frame {
        Frame::new(self.height, self.width).fit(self.fit).resize(self.resize)
    }

    /// The same of images to train on, of which views are taken.
    pub fn training_frame(&self) -> Frame {
        let (height, width) = self.frame().resized();
        Frame::new(height, width).fit(self.fit)
    }

    /// Refuses rows that would not be there.
    fn check_resize(&self) -> Result<()> {
        let key = "model.input.resize";
        match (self.resize, self.fit) {
            (None, _) => Ok(()),
            (Some(rows), Fit::Resize | Fit::Scale) if rows >= self.height => Ok(()),
            (Some(rows), Fit::Resize | Fit::Scale) => {
                Err(Error::input(key, format!("at least the height of {}", self.height), rows))
            }
            (Some(_), fit) => {
                Err(Error::input(key, "fit = \"resize\" or \"scale\" beside it", format!("{fit:?}")))
            }
        }
    }

    /// That of images of `domain`: the target's own, where it has one, else that of both.
    pub fn normalization_of(&self, domain: Domain) -> &Normalization {
        let own = self.target_normalization.as_ref().filter(|_| domain == Domain::Target);
        own.unwrap_or(&self.normalization)
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
    /// The network of these three parts; [`ModelSpec::check`] tells whether their shapes fit.
    ///
    /// ```
    /// use dann::model::{Conv2d, Dense, InputSpec, MaxPool2d, ModelSpec, Normalization, Relu, Size2};
    /// use dann::shape::MapShape;
    ///
    /// # fn main() -> dann::error::Result<()> {
    /// let normalization = Normalization { scale: vec![2.0], shift: vec![-1.0] };
    /// let model = ModelSpec::new(
    ///     InputSpec::new(MapShape::new(1, 28, 28), normalization),
    ///     vec![
    ///         Conv2d::new(8, Size2(5, 5)).into(),
    ///         Relu::default().into(),
    ///         MaxPool2d::new(Size2(2, 2)).into(),
    ///     ],
    ///     vec![Dense::new(10).into()],
    ///     vec![Dense::new(2).into()],
    /// );
    /// let (features, classes) = model.check()?;
    /// assert_eq!((features, classes), (MapShape::new(8, 12, 12), 10));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(
        input: InputSpec,
        feature_extractor: Vec<LayerSpec>,
        label_predictor: Vec<LayerSpec>,
        domain_classifier: Vec<LayerSpec>,
    ) -> Self {
        Self {
            classes: Classes::default(),
            domain_input: DomainInput::default(),
            backbone: None,
            weights: None,
            input,
            feature_extractor,
            label_predictor,
            domain_classifier,
        }
    }

    /// Makes all rows of a batch share their statistics, in every layer.
    #[cfg_attr(not(feature = "export"), allow(dead_code))]
    pub(crate) fn share_statistics(&mut self) {
        fn share(layers: &mut [LayerSpec]) {
            for layer in layers {
                match layer {
                    LayerSpec::BatchNorm2d(norm) => norm.statistics = BatchStatistics::Shared,
                    LayerSpec::Residual(Residual { body, shortcut }) => {
                        share(body);
                        share(shortcut);
                    }
                    _ => {}
                }
            }
        }
        let parts = [&mut self.feature_extractor, &mut self.label_predictor, &mut self.domain_classifier];
        parts.into_iter().for_each(|layers| share(layers));
    }

    /// The network for data of `count` classes: the label predictor's last layer, if it is a dense one, has an output for
    /// each, unless the recipe says how many classes there are.
    ///
    /// ```
    /// use dann::{model::Classes, train::Config};
    ///
    /// # fn main() -> dann::error::Result<()> {
    /// let mut model = Config::preset("paper")?.model;
    /// assert_eq!(model.for_classes(7).classes()?, 7);
    /// model.classes = Classes::Count(12);
    /// assert_eq!(model.for_classes(7).classes()?, 12);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn for_classes(&self, count: usize) -> Self {
        let label_predictor = self.classes.fit(&self.label_predictor, count);
        Self { label_predictor, ..self.clone() }
    }

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
        let [features, logits, _] = self.graphs()?.map(|graph| graph.y);
        Ok((features, logits.channels))
    }

    /// Feature extractor, label predictor and domain classifier.
    ///
    /// # Errors
    /// As [`ModelSpec::check`].
    pub(crate) fn graphs(&self) -> Result<[Graph; 3]> {
        let input = self.input.shape();
        if input.is_empty() {
            return Err(Error::input("model.input", "at least one channel, row and column", input));
        }
        self.input.check_resize()?;
        self.input.normalization.check("model.input.normalization", input.channels)?;
        if let Some(own) = &self.input.target_normalization {
            own.check("model.input.target_normalization", input.channels)?;
        }
        let extractor = self.extractor(input)?;
        let predictor =
            Graph::new("label_predictor", &self.classes.of_recipe(&self.label_predictor)?, extractor.y)?;
        let logits = predictor.y;
        if logits.height * logits.width != 1 || logits.channels < 2 {
            return Err(Error::input("label_predictor", "to end in two or more logits (K×1×1)", logits));
        }
        let given = self.domain_input.shape(extractor.y, logits.channels);
        let classifier = Graph::new("domain_classifier", &self.domain_classifier, given)?;
        if classifier.y != MapShape::new(2, 1, 1) {
            let expected = "to end in two logits (2×1×1)";
            return Err(Error::input("domain_classifier", expected, classifier.y));
        }
        Ok([extractor, predictor, classifier])
    }

    /// The backbone, if there is one, and the feature extractor behind it.
    fn extractor(&self, input: MapShape) -> Result<Graph> {
        let mut builder = Builder::new(input);
        let x = match (self.backbone, &self.weights) {
            (Some(_), _) if input.channels != 3 => {
                return Err(Error::input(
                    "model.input.channels",
                    "3, which a backbone takes",
                    input.channels,
                ));
            }
            (Some(backbone), _) => backbone.build(&mut builder, Value::INPUT)?,
            (None, None) => Value::INPUT,
            (None, Some(_)) => {
                return Err(Error::input("model.weights", "model.backbone, whose weights they are", "none"));
            }
        };
        builder.finish("feature_extractor", &self.feature_extractor, x)
    }

    /// Names and shapes of everything that a model learns: parameters and running statistics.
    ///
    /// # Errors
    /// As [`ModelSpec::check`].
    pub fn tensors(&self) -> Result<Vec<(String, Vec<usize>)>> {
        let mut all = Vec::new();
        for node in self.graphs()?.iter().flat_map(|graph| &graph.nodes) {
            let (parameters, state) = (node.layer.parameters(&node.x), node.layer.state(&node.x));
            let learned = parameters.into_iter().chain(state);
            all.extend(learned.map(|one| (format!("{}.{}", node.name, one.suffix), one.dims)));
        }
        Ok(all)
    }
}
