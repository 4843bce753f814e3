//! What a trained model makes of a test part.

use crate::data::{self, Dataset, Frame, Labels, LoadOptions, Part};
use crate::error::Result;
use crate::model::{Dann, Domain};
use crate::train::{Inspector, argmax};
use std::path::Path;
use std::rc::Rc;

/// Images whose features are compared.
const SAMPLE: usize = 300;

/// A test part as a model sees it.
pub struct Study {
    /// The images, and their labels where there are any.
    pub data: Rc<Dataset>,
    /// A class for each image.
    pub predictions: Vec<usize>,
    /// Evenly spread images.
    pub sample: Vec<usize>,
    /// Of the sample: (images, …).
    pub features: Vec<f32>,
}

/// Reads the test part of the data set at `path`, with labels where it has any; `None` where there is no such data
/// set any more.
///
/// # Errors
/// [`crate::error::Error`] naming the file that is there but cannot be read.
pub fn test_part(path: &Path, frame: Frame, classes: &[String]) -> Result<Option<Rc<Dataset>>> {
    if !path.is_dir() || !data::has_part(path, Part::Test)? {
        return Ok(None);
    }
    let read = |labels| {
        // Training has refused or listed what cannot be read.
        let data = LoadOptions::new(frame, labels).skip_bad(true).load(path, Part::Test)?;
        data.left_out().iter().for_each(|words| log::warn!("{words}"));
        Ok(data)
    };
    if !data::has_labelled_test(path)? {
        return Ok(Some(Rc::new(read(Labels::Ignored)?)));
    }
    let labelled = read(Labels::Required)?;
    let named = if classes.is_empty() { labelled } else { labelled.of_known_classes(classes)?.0 };
    Ok(Some(Rc::new(named)))
}

/// The features of the images that [`Study::of`] samples, from any model.
///
/// # Errors
/// As [`Inspector::inspect`].
pub fn features(model: &Dann, data: &Dataset, domain: Domain) -> Result<Vec<f32>> {
    let inspector = Inspector::new(model, data.shape.channels, domain)?;
    Ok(inspector.inspect_some(data, &sample(data))?.features)
}

fn sample(data: &Dataset) -> Vec<usize> {
    let count = data.len().min(SAMPLE);
    (0..count).map(|place| place * data.len() / count).collect()
}

impl Study {
    /// Shows `model` every image of `data`.
    ///
    /// # Errors
    /// As [`Inspector::inspect`].
    pub fn of(model: &Dann, data: Rc<Dataset>, domain: Domain) -> Result<Self> {
        let inspector = Inspector::new(model, data.shape.channels, domain)?;
        let classes = model.spec().classes()?;
        let mut predictions = Vec::with_capacity(data.len());
        for images in data.images.chunks(inspector.rows() * data.shape.len()) {
            predictions.extend(inspector.inspect(images)?.logits.chunks(classes).map(argmax));
        }
        let sample = sample(&data);
        let features = inspector.inspect_some(&data, &sample)?.features;
        Ok(Self { data, predictions, sample, features })
    }

    /// `confusion[label][prediction]`; `None` without labels.
    pub fn confusion(&self, classes: usize) -> Option<Vec<Vec<u64>>> {
        let labels = self.data.labels.as_ref()?;
        let mut confusion = vec![vec![0; classes]; classes];
        for (&label, &prediction) in labels.iter().zip(&self.predictions) {
            confusion[usize::from(label)][prediction] += 1;
        }
        Some(confusion)
    }

    /// The share of rightly classified images of each class that has any; `None` without labels.
    pub fn recall(&self, classes: usize) -> Option<Vec<Option<f64>>> {
        let labels = self.data.labels.as_ref()?;
        let mut counts = vec![(0_u64, 0_u64); classes];
        for (&label, &prediction) in labels.iter().zip(&self.predictions) {
            let (images, right) = &mut counts[usize::from(label)];
            *images += 1;
            *right += u64::from(usize::from(label) == prediction);
        }
        let share = |(images, right)| (images > 0).then(|| right as f64 / images as f64);
        Some(counts.into_iter().map(share).collect())
    }

    /// The first images that the model is right (or wrong) about, at most `most` of them; none without labels.
    pub fn examples(&self, right: bool, most: usize) -> Vec<usize> {
        let labels = self.data.labels.iter().flatten().zip(&self.predictions).enumerate();
        let fitting = labels.filter(|&(_, (&label, &class))| (usize::from(label) == class) == right);
        fitting.map(|(index, _)| index).take(most).collect()
    }
}
