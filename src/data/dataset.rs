//! A data set in memory.

use super::faults;
#[cfg(feature = "data")]
use super::fitted::Fitted;
use super::stored::Stored;
#[cfg(feature = "data")]
use crate::error::Unread;
use crate::error::{Error, Result};
use crate::shape::MapShape;
use std::fmt;
use std::path::{Path, PathBuf};

/// What errors call a data set that was not read from anywhere.
const IN_MEMORY: &str = "data set in memory";

/// Images as bytes, all of one shape, with the label of each where there are labels.
///
/// [`load`](super::load) reads one from a directory; here one is made in memory:
///
/// ```
/// use dann::data::Dataset;
/// use dann::shape::MapShape;
///
/// # fn main() -> dann::error::Result<()> {
/// // Two grey images of 2×2 pixels.
/// let images = vec![0, 0, 0, 0, 255, 255, 255, 255];
/// let classes = vec!["dark".to_owned(), "bright".to_owned()];
/// let data = Dataset::new(MapShape::new(1, 2, 2), images, Some(vec![0, 1]), classes)?;
/// assert_eq!((data.len(), data.image(1)), (2, &[255; 4][..]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Dataset {
    /// (C, H, W) of every image.
    pub(crate) shape: MapShape,
    /// (N, C, H, W), row-major; empty where the images are not in memory.
    pub(crate) images: Vec<u8>,
    /// Where the images are that are not in memory.
    pub(crate) stored: Option<Stored>,
    /// (N,), one class index an image; `None` when there are none or they were not asked for.
    pub(crate) labels: Option<Vec<u16>>,
    /// The name of each class, by class index.
    pub(crate) classes: Vec<String>,
    /// The file or directory that the images come from, for errors.
    pub(crate) origin: PathBuf,
    /// The file or directory that the labels come from, for errors.
    pub(crate) labels_origin: PathBuf,
    /// Whether the labels are bare numbers, whose highest does not tell how many classes there should be.
    pub(crate) numbered: bool,
    /// What was done to the images to bring them to their shape; `None` where they were made in memory.
    #[cfg(feature = "data")]
    pub(crate) fitted: Option<Fitted>,
    /// What could not be read and was left out.
    #[cfg(feature = "data")]
    pub(crate) unread: Vec<Unread>,
    /// In words, which folders were left out.
    #[cfg(feature = "data")]
    pub(crate) remarks: Vec<String>,
    /// How many files beside the images were left alone.
    #[cfg(feature = "data")]
    pub(crate) others: usize,
    /// In words, how the data set was divided to have a test part; `None` where it has one of its own, or none.
    #[cfg(feature = "data")]
    pub(crate) divided: Option<String>,
    /// How many images in colour were made grey.
    #[cfg(feature = "data")]
    pub(crate) made_grey: usize,
}

impl Dataset {
    /// Images in memory: `images` are bytes (N, C, H, W), row-major, each image of `shape`; `labels` are (N,), one class
    /// index an image, and `classes` the name of each class, by class index. Without labels there need not be classes.
    ///
    /// # Errors
    /// [`Error::Dataset`] naming which of them does not fit the others.
    pub fn new(
        shape: MapShape,
        images: Vec<u8>,
        labels: Option<Vec<u16>>,
        classes: Vec<String>,
    ) -> Result<Self> {
        Self::of(shape, (images, None), labels, classes)
    }

    /// Images in memory, or else stored ones.
    pub(super) fn of(
        shape: MapShape,
        (images, stored): (Vec<u8>, Option<Stored>),
        labels: Option<Vec<u16>>,
        classes: Vec<String>,
    ) -> Result<Self> {
        let count = stored.as_ref().map(Stored::len);
        faults::check(shape, (&images, count), labels.as_deref(), &classes).map_err(Error::Dataset)?;
        let origin = PathBuf::from(IN_MEMORY);
        Ok(Self {
            shape,
            images,
            stored,
            labels,
            classes,
            labels_origin: origin.clone(),
            origin,
            numbered: false,
            #[cfg(feature = "data")]
            fitted: None,
            #[cfg(feature = "data")]
            unread: Vec::new(),
            #[cfg(feature = "data")]
            remarks: Vec::new(),
            #[cfg(feature = "data")]
            others: 0,
            #[cfg(feature = "data")]
            divided: None,
            #[cfg(feature = "data")]
            made_grey: 0,
        })
    }

    /// The same, with the file, directory or device named in errors that the images and labels come from.
    #[must_use]
    pub fn with_origin(self, origin: impl Into<PathBuf>) -> Self {
        let origin = origin.into();
        Self { labels_origin: origin.clone(), origin, ..self }
    }

    /// The same, with another file or directory named in errors about labels.
    #[must_use]
    pub fn with_labels_origin(self, origin: impl Into<PathBuf>) -> Self {
        Self { labels_origin: origin.into(), ..self }
    }

    /// (C, H, W) of every image.
    pub fn shape(&self) -> MapShape {
        self.shape
    }

    /// All images, (N, C, H, W), row-major; none where they are not [in memory](Self::is_in_memory).
    pub fn images(&self) -> &[u8] {
        &self.images
    }

    /// (N,), one class index an image; `None` when there are none or they were not asked for.
    pub fn labels(&self) -> Option<&[u16]> {
        self.labels.as_deref()
    }

    /// The name of each class, by class index.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Where the images come from, as errors say it.
    pub fn origin(&self) -> &Path {
        &self.origin
    }

    /// What could not be read and was left out, as [`LoadOptions::skip_bad`](super::LoadOptions::skip_bad) asks.
    #[cfg(feature = "data")]
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// N, the number of images.
    pub fn len(&self) -> usize {
        if let Some(stored) = &self.stored {
            return stored.len();
        }
        self.images.len().checked_div(self.shape.len()).unwrap_or(0)
    }

    /// Whether there is no image at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of image `index`, (C, H, W).
    ///
    /// # Panics
    /// When `index` is not below [`len`](Self::len), as indexing does, or the images are not [in memory](Self::is_in_memory).
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
    use crate::error::DatasetError;

    fn names(count: u8) -> Vec<String> {
        (0..count).map(|class| class.to_string()).collect()
    }

    fn two_images(labels: Option<Vec<u16>>) -> Dataset {
        Dataset::new(MapShape::new(1, 1, 2), vec![1, 2, 3, 4], labels, names(10))
            .unwrap()
            .with_origin("somewhere/train")
            .with_labels_origin("somewhere/labels")
    }

    #[test]
    fn images_are_cut_by_shape() {
        let data = two_images(None);
        assert_eq!((data.len(), data.is_empty()), (2, false));
        assert_eq!(data.image(1), [3, 4]);
    }

    #[test]
    fn what_does_not_fit_is_told_apart() {
        let made = |shape: [usize; 3], bytes, labels: Option<&[u16]>, classes| {
            let [channels, height, width] = shape;
            let labels = labels.map(<[u16]>::to_vec);
            match Dataset::new(MapShape::new(channels, height, width), vec![0; bytes], labels, classes) {
                Ok(_) => None,
                Err(Error::Dataset(cause)) => Some(cause),
                Err(other) => panic!("{other}"),
            }
        };
        let shape = [1, 1, 2];
        assert_eq!(made(shape, 4, Some(&[0, 1]), names(2)), None);
        assert_eq!(made(shape, 4, None, names(0)), None);
        assert_eq!(made(shape, 0, Some(&[]), names(2)), None);
        for shape in [[1, 0, 2], [usize::MAX, 2, 1]] {
            assert!(matches!(made(shape, 0, None, names(0)), Some(DatasetError::Shape { .. })));
        }
        let bytes = DatasetError::ImageBytes { image: 2, shape: "1×1×2".into(), bytes: 3 };
        assert_eq!(made(shape, 3, None, names(0)), Some(bytes));
        let count = DatasetError::LabelCount { images: 2, labels: 1 };
        assert_eq!(made(shape, 4, Some(&[0]), names(2)), Some(count));
        assert_eq!(made(shape, 4, Some(&[0, 0]), names(0)), Some(DatasetError::NoClasses));
        let beyond = DatasetError::LabelBeyondClasses { label: 2, image: 1, classes: 2 };
        assert_eq!(made(shape, 4, Some(&[0, 2]), names(2)), Some(beyond));
        let same = vec!["cat".to_owned(), "dog".to_owned(), "cat".to_owned()];
        let twice = DatasetError::SameClass { name: "cat".into() };
        assert_eq!(made(shape, 4, None, same), Some(twice));
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

    #[test]
    fn images_keep_their_labels_where_only_some_are_taken() {
        let data = Dataset::new(
            MapShape::new(1, 1, 2),
            (0..8).collect(),
            Some(vec![0, 1, 2, 3]),
            ["a", "b", "c", "d"].map(Into::into).into(),
        );
        let some = data.expect("a data set").only([3, 1].into_iter());
        assert_eq!((some.images(), some.labels()), (&[6, 7, 2, 3][..], Some(&[3, 1][..])));
    }
}
