//! Some images of each kind that ratings need.

use crate::data::{Dataset, Labels, LoadOptions, Part, shuffled};
use crate::error::Result;
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
    /// Of the source's test part, which was not trained on, with labels; `None` where there is none with labels that the models
    /// know.
    pub validation: Option<Dataset>,
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
        let labelled = options.has_labelled_test(source)?;
        let validation = labelled.then(|| read(source, Part::Test, Labels::Required)).transpose()?;
        let validation = validation.map(|data| of_classes(data, classes)).transpose()?.flatten();
        let validation = validation.map(|data| some(data, "rating: source validation", most));
        let training = read(source, Part::Train, Labels::Ignored)?;
        let unlabelled = read(target, Part::Train, Labels::Ignored)?;
        Ok(Self {
            source: source.to_path_buf(),
            target: target.to_path_buf(),
            training: some(training, "rating: source training", most)?,
            validation: validation.transpose()?,
            unlabelled: some(unlabelled, "rating: target", most)?,
        })
    }
}

/// The images of `classes`; `None`, with the reason told, where there are none, as training has found too.
fn of_classes(data: Dataset, classes: &[String]) -> Result<Option<Dataset>> {
    if let Some(words) = data.foreign_classes(classes) {
        log::warn!("{}: the test part's {words}, so no rule rates by it", data.origin().display());
        return Ok(None);
    }
    Ok(Some(data.of_known_classes(classes)?.0))
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
    use crate::shape::{Frame, MapShape};
    use image::RgbImage;

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
    /// How many images of a source with these pictures rate a model of ants and bees: of its training part, and of its test part.
    fn rated_by(pictures: &[&str]) -> (usize, Option<usize>) {
        let directory = tempfile::tempdir().expect("a directory");
        for name in pictures.iter().map(|name| format!("source/{name}")).chain(["target/1.png".into()]) {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            RgbImage::new(4, 4).save(path).expect("a picture");
        }
        let options = LoadOptions::new(Frame::new(4, 4), Labels::Required);
        let (source, target) = (directory.path().join("source"), directory.path().join("target"));
        let classes = ["ant", "bee"].map(str::to_owned);
        let sample = Sample::read(&source, &target, options, &classes, 30).expect("a sample");
        (sample.training.len(), sample.validation.map(|data| data.len()))
    }

    #[test]
    fn a_source_without_a_test_part_of_known_classes_has_no_validation_images() {
        assert_eq!(rated_by(&["ant/1.png", "bee/1.png"]), (2, None));
        let parts = ["train/ant/1.png", "train/bee/1.png", "test/1.png"];
        assert_eq!(rated_by(&parts), (2, None));
        assert_eq!(rated_by(&[&parts[..2], &["test/dog/1.png"]].concat()), (2, None));
        let known = ["test/dog/1.png", "test/bee/1.png"];
        assert_eq!(rated_by(&[&parts[..2], &known].concat()), (2, Some(1)));
    }
}
