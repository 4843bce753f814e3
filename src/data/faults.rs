//! Whether images, labels and classes make a data set.

use crate::error::DatasetError;
use crate::shape::MapShape;
use std::collections::HashSet;

/// Whether images, in memory or `stored` so many, labels and classes fit each other.
pub(super) fn check(
    shape: MapShape,
    (images, stored): (&[u8], Option<usize>),
    labels: Option<&[u16]>,
    classes: &[String],
) -> std::result::Result<(), DatasetError> {
    let sides = [shape.channels, shape.height, shape.width];
    let values = sides.into_iter().try_fold(1usize, usize::checked_mul).filter(|&values| values > 0);
    let image = values.ok_or_else(|| DatasetError::Shape { shape: shape.to_string() })?;
    if !images.len().is_multiple_of(image) {
        let shape = shape.to_string();
        return Err(DatasetError::ImageBytes { image, shape, bytes: images.len() });
    }
    let mut seen = HashSet::new();
    if let Some(name) = classes.iter().find(|name| !seen.insert(*name)) {
        return Err(DatasetError::SameClass { name: name.clone() });
    }
    let count = stored.unwrap_or(images.len() / image);
    labels.map_or(Ok(()), |labels| check_labels(count, labels, classes.len()))
}

fn check_labels(images: usize, labels: &[u16], classes: usize) -> std::result::Result<(), DatasetError> {
    if labels.len() != images {
        return Err(DatasetError::LabelCount { images, labels: labels.len() });
    }
    if classes == 0 {
        return Err(DatasetError::NoClasses);
    }
    match labels.iter().enumerate().find(|&(_, &label)| usize::from(label) >= classes) {
        None => Ok(()),
        Some((image, &label)) => Err(DatasetError::LabelBeyondClasses { label, image, classes }),
    }
}
