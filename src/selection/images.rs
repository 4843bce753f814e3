//! The images that models are rated by.

use super::candidates::Candidates;
use crate::data::{self, Dataset, ImageSize, Labels, Part, shuffled};
use crate::error::Result;
use crate::rng;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The same for all runs, so that all are rated by the same images.
const SEED: u64 = 0;

/// Which images models are rated by; runs on the same data share them.
#[derive(Debug)]
pub struct Images {
    most: usize,
    source: Option<PathBuf>,
    target: Option<PathBuf>,
    read: HashMap<(PathBuf, PathBuf, ImageSize, Vec<String>), Rc<Sample>>,
}

/// Some images of each kind that ratings need. No label of the target is among them, nor read.
#[derive(Debug)]
pub struct Sample {
    /// Where the source is.
    pub source: PathBuf,
    /// Where the target is.
    pub target: PathBuf,
    /// Of the source's training part, without labels.
    pub training: Dataset,
    /// Of the source's test part, which was not trained on, with labels.
    pub validation: Dataset,
    /// Of the target's training part, without labels.
    pub unlabelled: Dataset,
}

impl Images {
    /// How many images are taken of each kind where nothing else is asked for.
    pub const MOST: usize = 2000;

    /// At most `most` images of each kind; `source` and `target` are where the runs found them unless they are given.
    pub fn new(most: usize, source: Option<PathBuf>, target: Option<PathBuf>) -> Self {
        Self { most, source, target, read: HashMap::new() }
    }

    /// Those that the models of `candidates` are rated by.
    ///
    /// # Errors
    /// [`crate::error::Error`] naming the data set or the file that is missing, or that is not what the models take.
    pub fn of(&mut self, candidates: &Candidates) -> Result<Rc<Sample>> {
        let source = self.source.as_ref().unwrap_or(&candidates.result.source).clone();
        let target = self.target.as_ref().unwrap_or(&candidates.result.target).clone();
        let (size, classes) = (candidates.image_size(), &candidates.last.classes);
        let key = (source, target, size, classes.clone());
        if let Some(known) = self.read.get(&key) {
            return Ok(known.clone());
        }
        let sample = Rc::new(Sample::read(&key.0, &key.1, size, classes, self.most)?);
        sample.validation.check_labels(candidates.last.config.model.classes()?)?;
        self.read.insert(key, sample.clone());
        Ok(sample)
    }
}

impl Sample {
    fn read(source: &Path, target: &Path, size: ImageSize, classes: &[String], most: usize) -> Result<Self> {
        let validation = data::load(source, Part::Test, size, Labels::Required)?;
        let named = if classes.is_empty() { validation } else { validation.with_classes(classes)? };
        let training = data::load(source, Part::Train, size, Labels::Ignored)?;
        let unlabelled = data::load(target, Part::Train, size, Labels::Ignored)?;
        Ok(Self {
            source: source.to_path_buf(),
            target: target.to_path_buf(),
            training: some(training, "rating: source training", most),
            validation: some(named, "rating: source validation", most),
            unlabelled: some(unlabelled, "rating: target", most),
        })
    }
}

/// The first `most` images of `data` in the order that the stream called `name` draws.
fn some(data: Dataset, name: &str, most: usize) -> Dataset {
    let mut order = shuffled(data.len(), &mut rng::stream(SEED, name));
    order.truncate(most);
    let indices = || order.iter().map(|&index| index as usize);
    Dataset {
        images: indices().flat_map(|index| data.image(index)).copied().collect(),
        labels: data.labels.as_ref().map(|labels| indices().map(|index| labels[index]).collect()),
        ..data
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::MapShape;

    fn numbered(count: u8) -> Dataset {
        let labels = Some((0..count).map(|i| i / 10).collect());
        let (shape, images) = (MapShape::new(1, 1, 2), (0..count).flat_map(|i| [i, i]).collect());
        let (origin, labels_origin) = (PathBuf::from("some/images"), PathBuf::from("some/labels"));
        Dataset { shape, images, labels, classes: vec![], origin, labels_origin }
    }

    #[test]
    fn images_keep_their_labels_and_come_from_everywhere() {
        let drawn = some(numbered(100), "test", 30);
        assert_eq!(drawn.len(), 30);
        let labels = drawn.labels.as_ref().expect("labels");
        assert!(
            (0..30).all(|i| drawn.image(i)[0] == drawn.image(i)[1] && labels[i] == drawn.image(i)[0] / 10)
        );
        assert!(drawn.images.iter().any(|&i| i >= 90) && drawn.images.iter().any(|&i| i < 10));
        assert_eq!(drawn, some(numbered(100), "test", 30));
        assert_ne!(drawn.images, some(numbered(100), "other", 30).images);
    }

    #[test]
    fn where_there_are_fewer_all_are_taken() {
        let mut all = some(numbered(20), "test", 30).images;
        all.sort_unstable();
        assert_eq!(all, numbered(20).images);
    }
}
