//! What a trained model makes of images of a domain.

use crate::data::{Dataset, Labels, LoadOptions, Part};
use crate::error::Result;
use crate::model::{Dann, Domain};
use crate::train::{Inspector, argmax};
use std::path::Path;
use std::rc::Rc;

/// Images whose features are compared.
const SAMPLE: usize = 300;
/// Images of a test part: all of MNIST's.
const MOST: usize = 10_000;
/// Values of all of them together.
const MOST_VALUES: usize = 1 << 27;
/// Images of a training part, where there is no test part.
const MOST_OF_TRAINING: usize = 1000;

/// Images of a domain, for the report alone.
#[derive(Clone)]
pub struct Shown {
    /// The images, and their labels where there are any.
    pub data: Rc<Dataset>,
    /// Where they are from.
    pub part: Part,
}

/// Those as a model sees them.
pub struct Study {
    /// The images, and their labels where there are any.
    pub data: Rc<Dataset>,
    /// Where they are from.
    pub part: Part,
    /// A class for each image.
    pub predictions: Vec<usize>,
    /// Evenly spread images.
    pub sample: Vec<usize>,
    /// Of the sample: (images, …).
    pub features: Vec<f32>,
}

/// Reads the test part of the data set at `path`, or its training part where it has no other, with labels where it has any; of
/// very many images some. `None` where there is no such data set any more.
///
/// # Errors
/// [`crate::error::Error`] naming the file that is there but cannot be read.
pub fn shown(path: &Path, options: LoadOptions, classes: &[String]) -> Result<Option<Shown>> {
    if !path.is_dir() {
        return Ok(None);
    }
    let frame = options.frame;
    let (part, most) = match options.has_part(path, Part::Test)? {
        true => (Part::Test, MOST.min(MOST_VALUES / (3 * frame.height * frame.width))),
        false => (Part::Train, MOST_OF_TRAINING),
    };
    let read = |labels| {
        // Training has refused or listed what cannot be read.
        // These are few.
        let options = options.skip_bad(true).memory(None).most(most.max(1));
        let data = LoadOptions { labels, ..options }.load(path, part)?;
        data.left_out().iter().for_each(|words| log::warn!("{words}"));
        Ok(data)
    };
    if !options.has_labels(path, part)? {
        return Ok(Some(Shown { data: Rc::new(read(Labels::Ignored)?), part }));
    }
    let labelled = read(Labels::Required)?;
    Ok(Some(Shown { data: Rc::new(labelled.of_known_classes(classes)?.0), part }))
}

/// The features of the images that [`Study::of`] samples, from any model.
///
/// # Errors
/// As [`Inspector::inspect`].
pub fn features(model: &Dann, data: &Dataset, domain: Domain) -> Result<Vec<f32>> {
    let sample = sample(data);
    let inspector = Inspector::for_images(model, sample.len(), data.shape.channels, domain)?;
    Ok(inspector.inspect_some(data, &sample)?.features)
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
    pub fn of(model: &Dann, Shown { data, part }: Shown, domain: Domain) -> Result<Self> {
        let inspector = Inspector::for_images(model, data.len(), data.shape.channels, domain)?;
        let classes = model.spec().classes()?;
        let mut predictions = Vec::with_capacity(data.len());
        for images in data.images.chunks(inspector.rows() * data.shape.len()) {
            predictions.extend(inspector.inspect(images)?.logits.chunks(classes).map(argmax));
        }
        let sample = sample(&data);
        let features = inspector.inspect_some(&data, &sample)?.features;
        Ok(Self { data, part, predictions, sample, features })
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

    /// The share of rightly classified images; `None` without labels.
    pub fn accuracy(&self) -> Option<f64> {
        let labels = self.data.labels.as_ref()?;
        let right =
            labels.iter().zip(&self.predictions).filter(|&(&label, &class)| usize::from(label) == class);
        Some(right.count() as f64 / labels.len() as f64)
    }

    /// How many images of which part they are, in words.
    pub fn in_words(&self) -> String {
        let (images, origin) = (self.data.len(), self.data.origin().display());
        match self.part {
            Part::Test => format!("{images} images of the test part ({origin})"),
            Part::Train => {
                format!("{images} images of the training part ({origin}), as there is no test part")
            }
        }
    }

    /// Images that the model is right (or wrong) about, at most `most` of them, spread evenly; none without labels.
    pub fn examples(&self, right: bool, most: usize) -> Vec<usize> {
        let labels = self.data.labels.iter().flatten().zip(&self.predictions).enumerate();
        let fitting = labels.filter(|&(_, (&label, &class))| (usize::from(label) == class) == right);
        let fitting: Vec<usize> = fitting.map(|(index, _)| index).collect();
        let count = fitting.len().min(most);
        (0..count).map(|place| fitting[place * fitting.len() / count]).collect()
    }
}
