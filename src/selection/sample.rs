//! Some images of each kind that ratings need.

use crate::data::{Dataset, Labels, LoadOptions, Part, shuffled};
use crate::error::{Error, Result};
use crate::rng;
use std::path::{Path, PathBuf};

/// The same for all runs, so that all are rated by the same images.
const SEED: u64 = 0;

/// Some images of each kind that ratings need. No label of the target is among them, nor read.
#[derive(Debug)]
#[non_exhaustive]
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

impl Sample {
    pub(super) fn read(
        source: &Path,
        target: &Path,
        options: LoadOptions,
        classes: &[String],
        most: usize,
    ) -> Result<Self> {
        let read = |path: &Path, part, labels| {
            let data = LoadOptions { labels, ..options }.load(path, part)?;
            data.left_out().iter().for_each(|words| log::warn!("{words}"));
            Ok(data)
        };
        if !options.has_part(source, Part::Test)? {
            let expected = "a test part of the source, to rate models by (training with --validation 0.1 sets one aside)";
            return Err(Error::file(source, expected, "none"));
        }
        let validation = read(source, Part::Test, Labels::Required)?;
        let named = validation.of_known_classes(classes)?.0;
        let training = read(source, Part::Train, Labels::Ignored)?;
        let unlabelled = read(target, Part::Train, Labels::Ignored)?;
        Ok(Self {
            source: source.to_path_buf(),
            target: target.to_path_buf(),
            training: some(training, "rating: source training", most)?,
            validation: some(named, "rating: source validation", most)?,
            unlabelled: some(unlabelled, "rating: target", most)?,
        })
    }
}

/// The first `most` images of `data` in the order that the stream called `name` draws.
fn some(data: Dataset, name: &str, most: usize) -> Result<Dataset> {
    let mut order = shuffled(data.len(), &mut rng::stream(SEED, name));
    order.truncate(most);
    data.only(order.iter().map(|&index| index as usize)).into_memory()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::MapShape;

    fn numbered(count: u8) -> Dataset {
        let labels = Some((0..count).map(|i| u16::from(i / 10)).collect());
        let (shape, images) = (MapShape::new(1, 1, 2), (0..count).flat_map(|i| [i, i]).collect());
        let classes = (0..=count / 10).map(|class| class.to_string()).collect();
        Dataset::new(shape, images, labels, classes).expect("a data set")
    }

    #[test]
    fn images_keep_their_labels_and_come_from_everywhere() {
        let drawn = some(numbered(100), "test", 30).expect("images");
        assert_eq!(drawn.len(), 30);
        let labels = drawn.labels.as_ref().expect("labels");
        assert!((0..30).all(
            |i| drawn.image(i)[0] == drawn.image(i)[1] && labels[i] == u16::from(drawn.image(i)[0] / 10)
        ));
        assert!(drawn.images.iter().any(|&i| i >= 90) && drawn.images.iter().any(|&i| i < 10));
        assert_eq!(drawn, some(numbered(100), "test", 30).expect("images"));
        assert_ne!(drawn.images, some(numbered(100), "other", 30).expect("images").images);
    }

    #[test]
    fn where_there_are_fewer_all_are_taken() {
        let mut all = some(numbered(20), "test", 30).expect("images").images;
        all.sort_unstable();
        assert_eq!(all, numbered(20).images);
    }
}
