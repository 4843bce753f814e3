//! Whether data sets can be trained on together.

use super::frames::Images;
use super::training_spec::TrainingSpec;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::model::{Domain, InputSpec};
use crate::shape::MapShape;

/// Refuses images to learn from without labels, or with labels of other than `classes` classes.
pub(super) fn hold_labels(images: &Images<'_>, classes: usize) -> Result<()> {
    match images {
        Images::Set(data) if data.labels.is_none() => {
            let expected = "a label for every image to learn from";
            Err(Error::file(&data.origin, expected, "images without labels"))
        }
        Images::Set(data) => data.check_labels(classes),
        Images::Frames(frames) if frames.classes.len() == classes => Ok(()),
        Images::Frames(frames) => {
            let expected = format!("names of {classes} classes, as many as the label predictor tells apart");
            Err(Error::input("the frames to learn from", expected, frames.classes.len()))
        }
    }
}

/// Whether images have as many rows and columns.
pub(super) fn alike(a: MapShape, b: MapShape) -> bool {
    (a.height, a.width) == (b.height, b.width)
}

/// Grey images may stand for any number of channels, and images may be of the size that views are taken of.
pub(super) fn fit(data: &Dataset, input: &InputSpec) -> Result<()> {
    let (shape, frame, taken) = (data.shape, input.training_frame(), input.shape());
    let views_of = MapShape { height: frame.height, width: frame.width, ..taken };
    if (alike(shape, taken) || alike(shape, views_of)) && [1, taken.channels].contains(&shape.channels) {
        return Ok(());
    }
    let or_larger = if views_of == taken { String::new() } else { format!(", or {views_of}") };
    let expected =
        format!("images of {taken}, as the model takes them{or_larger}, or grey ones of that size");
    Err(Error::file(&data.origin, expected, shape))
}

pub(super) fn hold_a_batch(images: &Images<'_>, spec: &TrainingSpec, domain: Domain) -> Result<()> {
    let per_step = spec.images_per_step(domain);
    if images.len() < per_step {
        let expected = match spec.accumulate {
            1 => format!("at least a batch of {per_step} images"),
            batches => format!("at least the {per_step} images of {batches} batches"),
        };
        return Err(Error::file(&images.origin(), expected, images.len()));
    }
    Ok(())
}
