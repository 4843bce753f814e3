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

/// Reads the test part of the data set at `path`, or its training part where it has no other, with labels where it has any that
/// count as in `classes`; of very many images some. `None` where there is no such data set any more.
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
        LoadOptions { labels, ..options }.load(path, part)
    };
    let labelled = if options.has_labels(path, part)? { labelled(&read, classes) } else { None };
    let data = match labelled {
        Some(data) => data,
        None => told(read(Labels::Ignored)?),
    };
    Ok(Some(Shown { data: Rc::new(data), part }))
}

/// What `read` gives with labels that count as in `classes`. `None`, with the reason told, where folders are no classes: training
/// asked for no labels of a target, and its pictures can be shown without.
fn labelled(read: &dyn Fn(Labels) -> Result<Dataset>, classes: &[String]) -> Option<Dataset> {
    let known = read(Labels::Required).and_then(|data| match data.foreign_classes(classes) {
        Some(words) => Ok(Err(format!("{}: the {words}", data.origin().display()))),
        None => told(data).of_known_classes(classes).map(|(data, _)| Ok(data)),
    });
    let without = |reason: String| log::warn!("{reason}; the report shows these images without labels");
    known.unwrap_or_else(|error| Err(error.to_string())).map_err(without).ok()
}

/// The same, after what was left out of it was told.
fn told(data: Dataset) -> Dataset {
    data.left_out().iter().for_each(|words| log::warn!("{words}"));
    data
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Frame;
    use image::RgbImage;

    /// What is shown of a folder with these pictures and folders, by a model of ants and bees.
    fn shown_of(pictures: &[&str], folders: &[&str]) -> Shown {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        folders.iter().for_each(|name| std::fs::create_dir_all(path(name)).expect("a folder"));
        for name in pictures {
            let folder = path(name).parent().expect("a folder").to_owned();
            std::fs::create_dir_all(folder).expect("a folder");
            RgbImage::new(4, 4).save(path(name)).expect("a picture");
        }
        let options = LoadOptions::new(Frame::new(4, 4), Labels::Required);
        let classes = ["ant", "bee"].map(str::to_owned);
        shown(directory.path(), options, &classes).expect("readable").expect("a data set")
    }

    #[test]
    fn a_folder_whose_sub_folders_are_no_classes_is_shown_without_labels() {
        let months = ["2022/jan/1.png", "2022/feb/1.png", "2023/jan/1.png", "2023/feb/1.png"];
        for (pictures, folders, part) in [
            (&["DCIM/1.png", "DCIM/2.png"][..], &[][..], Part::Train),
            (&months, &[], Part::Train),
            (&["ant/1.png", "bee/1.png"], &["empty"], Part::Train),
            (&["train/ant/1.png", "train/bee/1.png", "test/dog/1.png"], &[], Part::Test),
        ] {
            let found = shown_of(pictures, folders);
            assert_eq!((found.part, &found.data.labels), (part, &None), "{pictures:?}");
            let of_part = pictures.iter().filter(|name| part == Part::Train || name.starts_with("test"));
            assert_eq!(found.data.len(), of_part.count(), "{pictures:?}");
        }
    }

    #[test]
    fn labels_of_classes_that_are_known_count_as_the_model_counts_them() {
        let found = shown_of(&["bee/1.png", "bee/2.png"], &[]);
        assert_eq!((found.part, found.data.labels.as_deref()), (Part::Train, Some(&[1, 1][..])));
        let some = shown_of(&["test/bee/1.png", "test/dog/1.png", "train/bee/1.png"], &[]);
        assert_eq!((some.part, some.data.labels.as_deref()), (Part::Test, Some(&[1][..])));
    }
}
