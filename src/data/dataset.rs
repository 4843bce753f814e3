//! A data set in memory, and what one asks for when loading it.

use crate::error::{Error, Result};
use crate::shape::MapShape;
use std::fmt;
use std::path::PathBuf;

/// Images as bytes, all of one shape, with the label of each where there are labels.
#[derive(Clone, PartialEq, Eq)]
pub struct Dataset {
    /// (C, H, W) of every image.
    pub shape: MapShape,
    /// (N, C, H, W), row-major.
    pub images: Vec<u8>,
    /// (N,), one class index an image; `None` when there are none or they were not asked for.
    pub labels: Option<Vec<u8>>,
    /// The name of each class, by class index; empty without labels.
    pub classes: Vec<String>,
    /// The file or directory that the images come from.
    pub origin: PathBuf,
    /// The file or directory that the labels come from; as `origin` without labels.
    pub labels_origin: PathBuf,
}

impl Dataset {
    /// N, the number of images.
    pub fn len(&self) -> usize {
        self.images.len().checked_div(self.shape.len()).unwrap_or(0)
    }

    /// Whether there is no image at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of image `index`, (C, H, W).
    ///
    /// # Panics
    /// When `index` is not below [`len`](Self::len), as indexing does.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.images[index * self.shape.len()..][..self.shape.len()]
    }

    /// Fails when a label is not below `class_count`.
    pub fn check_labels(&self, class_count: usize) -> Result<()> {
        let labels = self.labels.iter().flatten().enumerate();
        match { labels }.find(|&(_, &label)| usize::from(label) >= class_count) {
            None => Ok(()),
            Some((index, label)) => Err(Error::file(
                &self.labels_origin,
                format_args!("labels below the class count of {class_count}"),
                format_args!("label {label} on image {index}"),
            )),
        }
    }
}

impl Dataset {
    /// The same images with their labels counted as in `classes`, which names a class for each label.
    ///
    /// # Errors
    /// [`Error::Input`] naming the class that is not among them.
    pub fn with_classes(mut self, classes: &[String]) -> Result<Self> {
        let unknown = |name: &String| {
            let expected = format!("the classes {}", classes.join(", "));
            Error::file(&self.origin, expected, format!("class {name}"))
        };
        let position = |name: &String| classes.iter().position(|known| known == name);
        let index = |name| position(name).ok_or_else(|| unknown(name)).map(|k| k as u8);
        let map: Vec<u8> = self.classes.iter().map(index).collect::<Result<_>>()?;
        for label in self.labels.iter_mut().flatten() {
            *label = map[usize::from(*label)];
        }
        self.classes = classes.to_vec();
        Ok(self)
    }
}

/// Which part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The images to learn from.
    Train,
    /// The images to judge by.
    Test,
}

impl Part {
    /// "train" or "test", as folders are called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether labels are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Labels {
    /// A data set without labels is an error.
    Required,
    /// Files of labels are not even opened, as for a target domain in training.
    Ignored,
}

/// The size that every image is cropped or padded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ImageSize {
    /// H in pixels.
    pub height: usize,
    /// W in pixels.
    pub width: usize,
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("images", &self.len())
            .field("shape", &self.shape)
            .field("classes", &self.classes)
            .field("labelled", &self.labels.is_some())
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_images(labels: Option<Vec<u8>>) -> Dataset {
        Dataset {
            shape: MapShape::new(1, 1, 2),
            images: vec![1, 2, 3, 4],
            labels,
            classes: Vec::new(),
            origin: PathBuf::from("somewhere/train"),
            labels_origin: PathBuf::from("somewhere/labels"),
        }
    }

    #[test]
    fn images_are_cut_by_shape() {
        let data = two_images(None);
        assert_eq!((data.len(), data.is_empty()), (2, false));
        assert_eq!(data.image(1), [3, 4]);
    }

    #[test]
    fn a_label_beyond_the_class_count_is_named_with_its_image_and_origin() {
        assert!(two_images(Some(vec![2, 9])).check_labels(10).is_ok());
        assert!(two_images(None).check_labels(0).is_ok());
        let error = two_images(Some(vec![2, 9])).check_labels(9).unwrap_err();
        assert_eq!(
            error.to_string(),
            "somewhere/labels: expected labels below the class count of 9, found label 9 on image 1"
        );
    }
}
