//! What is told to whoever hands in a directory that is no data set.

use crate::error::Error;
use std::fmt::Display;
use std::path::Path;

/// What is told to whoever hands in something else.
pub(super) const KNOWN: &str = "a data set in one of these layouts: \
    MNIST's IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-…, plain or .gz); \
    MNIST-M as released (mnist_m_train/*.png with mnist_m_train_labels.txt, mnist_m_test…); \
    image folders (train/CLASS/*.png and test/CLASS/*.png, or CLASS/*.png, \
    or where labels are not needed just *.png)";

/// The error for a directory that fits no layout.
pub(super) fn unrecognised(path: &Path, found: impl Display) -> Error {
    Error::file(path, KNOWN, found)
}
