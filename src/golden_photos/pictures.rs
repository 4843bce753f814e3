//! EfficientNet-Lite0 with its ImageNet weights on pictures.

use super::Cases;
use super::stream::Stream;
use crate::check::{Array, Bound, Comparison, compare, compare_reals};
use crate::data::{Fit, Frame, PictureSize, read_picture};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor};
use crate::model::Normalization;
use crate::model::{Backbone, Dann, Dense, Domain, GlobalAvgPool2d, Initialization, InputSpec, ModelSpec};
use crate::shape::MapShape;
use safetensors::SafeTensors;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Rows and columns.
const SIDE: usize = 224;
const CLASSES: usize = 1000;
/// The layer of the weights that gives the classes, and the model's that stands for it.
const CLASSIFIER: [(&str, &str); 2] =
    [("_fc.weight", "label_predictor.dense1.weight"), ("_fc.bias", "label_predictor.dense1.bias")];
/// How far logits of pictures may lie off, which are decoded and scaled by another library, and those of exact inputs.
const OF_PICTURES: f64 = 0.2;
const OF_PIXELS: f64 = 1e-3;

/// What the file holds.
#[derive(Deserialize)]
pub(super) struct File {
    pictures: Vec<Picture>,
    pixels: Pixels,
}

#[derive(Deserialize)]
struct Picture {
    file: PathBuf,
    #[serde(flatten)]
    answer: Answer,
}

#[derive(Deserialize)]
struct Pixels {
    #[serde(flatten)]
    stream: Stream,
    shape: [usize; 4],
    #[serde(flatten)]
    answer: Answer,
}

#[derive(Deserialize)]
struct Answer {
    /// Classes, the most probable one first.
    top5: Vec<u32>,
    /// Theirs.
    logits: Vec<f64>,
    first_features: Vec<f64>,
}

/// The network on a device.
struct Pretrained {
    model: Dann,
    x: Tensor,
    recording: Recording,
    features: Tensor,
    logits: Tensor,
}

/// Runs the file's cases.
pub(super) fn run(cases: &mut Cases<'_>, file: &File, data: &Path) -> Result<()> {
    let network = Pretrained::new(cases.gpu, &data.join("weights/efficientnet_lite0.safetensors"))?;
    cases.run("pixels", &format!("stream {}", file.pixels.stream.stream), || {
        if file.pixels.shape != [1, 3, SIDE, SIDE] {
            let found = format!("{:?}", file.pixels.shape);
            return Err(Error::input("pixels", format!("shape [1, 3, {SIDE}, {SIDE}]"), found));
        }
        let x = file.pixels.stream.values(0, 3 * SIDE * SIDE);
        let mut all = network.compare(&x, &file.pixels.answer, OF_PIXELS)?;
        all.push(network.compare_features(&file.pixels.answer)?);
        Ok(all)
    })?;
    for picture in &file.pictures {
        cases.run("picture", &picture.file.display().to_string(), || {
            let size = PictureSize { channels: 3, frame: Frame::new(SIDE, SIDE).fit(Fit::Scale) };
            let bytes = read_picture(&data.join(&picture.file), size)?;
            let x: Vec<f32> = bytes.iter().map(|&byte| (f32::from(byte) / 255.0 - 0.498) / 0.502).collect();
            network.compare(&x, &picture.answer, OF_PICTURES)
        })?;
    }
    Ok(())
}

impl Pretrained {
    fn new(gpu: &Gpu, weights: &Path) -> Result<Self> {
        let normalization = Normalization { scale: vec![1.0; 3], shift: vec![0.0; 3] };
        let input = InputSpec::new(MapShape::new(3, SIDE, SIDE), normalization);
        let (extractor, classifier) = (GlobalAvgPool2d::default().into(), Dense::new(2).into());
        let mut spec =
            ModelSpec::new(input, vec![extractor], vec![Dense::new(CLASSES).into()], vec![classifier]);
        (spec.backbone, spec.weights) = (Some(Backbone::EfficientnetLite0), Some(weights.to_path_buf()));
        let model = Dann::new(gpu, &spec)?;
        model.initialize(Initialization::HeNormal, 0)?;
        let bytes = std::fs::read(weights).map_err(Error::io(weights, "read"))?;
        let broken = |e| Error::file(weights, "the weights of the classifier", e);
        let file = SafeTensors::deserialize(&bytes).map_err(broken)?;
        let tensors = model.tensors();
        for (theirs, own) in CLASSIFIER {
            let values = file.tensor(theirs).map_err(broken)?;
            if values.shape() != tensors[own].dims() {
                let expected = format!("{theirs} of shape {:?}", tensors[own].dims());
                return Err(Error::file(weights, expected, format!("{:?}", values.shape())));
            }
            let words = values.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            tensors[own].write(gpu, &words.collect::<Vec<f32>>())?;
        }
        let x = Tensor::zeros(gpu, "x", &[1, 3, SIDE, SIDE])?;
        let mut recording = Recording::new(gpu);
        let inference = model.record_inference(&mut recording, &x, Domain::Source)?;
        let (features, logits) = (inference.features, inference.logits);
        Ok(Self { model, x, recording, features, logits })
    }

    /// The network's answer for x, its most probable class exactly, and logits within `bound`.
    fn compare(&self, x: &[f32], answer: &Answer, bound: f64) -> Result<Vec<Comparison>> {
        let gpu = self.model.gpu();
        self.x.write(gpu, x)?;
        self.recording.submit();
        let logits: Vec<f32> = self.logits.read(gpu)?;
        let first = (0..CLASSES as u32).max_by(|&a, &b| logits[a as usize].total_cmp(&logits[b as usize]));
        let [first, expected] =
            [first, answer.top5.first().copied()].map(|class| Array::u32(&[1], class.into_iter().collect()));
        let found: Option<Vec<f64>> = answer
            .top5
            .iter()
            .map(|&class| logits.get(class as usize).map(|&logit| f64::from(logit)))
            .collect();
        let found =
            found.ok_or_else(|| Error::input("top5", format!("classes below {CLASSES}"), "others"))?;
        let each = Bound { each: vec![bound; answer.logits.len()], l2: f64::INFINITY };
        Ok(vec![
            compare("first class", &first, &expected, &Bound::exact(1))?,
            compare_reals("logits", &found, &answer.logits, &each),
        ])
    }

    /// The first features of the last x.
    fn compare_features(&self, answer: &Answer) -> Result<Comparison> {
        let features: Vec<f32> = self.features.read(self.model.gpu())?;
        let count = answer.first_features.len();
        let found: Vec<f64> = features.iter().take(count).copied().map(f64::from).collect();
        let each = Bound { each: vec![OF_PIXELS; count], l2: f64::INFINITY };
        Ok(compare_reals("first features", &found, &answer.first_features, &each))
    }
}
