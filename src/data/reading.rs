//! What the readers of all layouts share.

use crate::error::{Error, Result};
use crate::shape::{Frame, MapShape};
use std::path::Path;

/// MNIST and its kin have ten classes even where a small part of them lacks a digit.
const DIGITS: usize = 10;

/// Fails for images without a pixel.
pub(super) fn check_frame(Frame { height, width, .. }: Frame) -> Result<()> {
    if height > 0 && width > 0 {
        return Ok(());
    }
    Err(Error::input("image size", "at least 1×1 pixels", format!("{height}×{width}")))
}

/// Class names "0", "1", … for `labels` that are digits.
pub(super) fn digit_classes(labels: Option<&[u16]>) -> Vec<String> {
    let Some(labels) = labels else {
        return Vec::new();
    };
    let highest = labels.iter().max().map_or(0, |&label| usize::from(label));
    (0..DIGITS.max(highest + 1)).map(|k| k.to_string()).collect()
}

/// Zeros for `count` images of `shape`, or an error where so many cannot be held.
pub(super) fn black_images(origin: &Path, count: usize, shape: MapShape) -> Result<Vec<u8>> {
    let too_large = || {
        let found = format!("{count} images of {shape}");
        Error::file(origin, "images that fit into memory", found)
    };
    let bytes = [count, shape.channels, shape.height, shape.width]
        .into_iter()
        .try_fold(1usize, usize::checked_mul)
        .ok_or_else(too_large)?;
    let mut images = Vec::new();
    images.try_reserve_exact(bytes).map_err(|_| too_large())?;
    images.resize(bytes, 0);
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_have_ten_classes_or_more() {
        assert!(digit_classes(None).is_empty());
        assert_eq!(digit_classes(Some(&[3, 1])).len(), 10);
        assert_eq!(digit_classes(Some(&[255])).len(), 256);
    }

    #[test]
    fn images_beyond_all_memory_are_an_error() {
        let shape = MapShape::new(3, usize::MAX, 2);
        let error = black_images(Path::new("x"), 5, shape).unwrap_err();
        assert!(error.to_string().contains("found 5 images"), "{error}");
        let shape = MapShape::new(1, 1 << 31, 1 << 31);
        assert!(black_images(Path::new("x"), 1, shape).is_err());
    }
}
