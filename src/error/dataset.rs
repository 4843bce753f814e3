//! Why images, labels and classes that were handed in make no data set.

/// Why images, labels and classes do not make a [`Dataset`](crate::data::Dataset).
///
/// ```
/// use dann::data::Dataset;
/// use dann::error::{DatasetError, Error};
/// use dann::shape::MapShape;
///
/// let classes = vec!["cat".to_owned(), "dog".to_owned()];
/// let error = Dataset::new(MapShape::new(1, 2, 2), vec![0; 8], Some(vec![0, 2]), classes).unwrap_err();
/// let expected = DatasetError::LabelBeyondClasses { label: 2, image: 1, classes: 2 };
/// assert!(matches!(error, Error::Dataset(cause) if cause == expected));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// An image of the shape holds no value, or more than can be counted.
    #[error("shape: expected images of at least one value that fit into memory, found {shape}")]
    Shape {
        /// The shape, as text.
        shape: String,
    },
    /// The bytes are no whole number of images.
    #[error("images: expected a multiple of {image} bytes, as an image of {shape} has, found {bytes}")]
    ImageBytes {
        /// Bytes of an image.
        image: usize,
        /// The shape, as text.
        shape: String,
        /// Bytes of all that was handed in.
        bytes: usize,
    },
    /// There are more or fewer labels than images.
    #[error("labels: expected {images}, one an image, found {labels}")]
    LabelCount {
        /// Images there are.
        images: usize,
        /// Labels there are.
        labels: usize,
    },
    /// There are labels, but no class has a name.
    #[error("classes: expected a name for every class that a label may count, found none")]
    NoClasses,
    /// A label counts beyond the classes.
    #[error("labels: expected each below {classes}, the number of classes, found {label} on image {image}")]
    LabelBeyondClasses {
        /// The label.
        label: u16,
        /// The index of its image.
        image: usize,
        /// Classes there are.
        classes: usize,
    },
    /// Two classes have one name.
    #[error("classes: expected names that differ, found {name:?} twice")]
    SameClass {
        /// The name.
        name: String,
    },
}
