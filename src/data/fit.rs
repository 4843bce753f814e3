//! Brings a plane of pixels to the wanted size: the larger is cropped to its centre, the smaller is
//! centred on black.

use super::ImageSize;
use std::ops::Range;

/// Writes a plane of size `from` onto `target`, which is black and of size `to`.
///
/// `pixel` gives the value at a row-major index of the source, so that it may be interleaved as it likes.
pub(super) fn centre(target: &mut [u8], to: ImageSize, from: ImageSize, pixel: impl Fn(usize) -> u8) {
    let (source_rows, target_rows) = overlap(from.height, to.height);
    let (source_columns, target_columns) = overlap(from.width, to.width);
    for (source_row, target_row) in source_rows.zip(target_rows) {
        let target = &mut target[target_row * to.width..][target_columns.clone()];
        for (value, column) in target.iter_mut().zip(source_columns.clone()) {
            *value = pixel(source_row * from.width + column);
        }
    }
}

/// Which pixels of an axis of length `from` land on which of an axis of length `to`.
fn overlap(from: usize, to: usize) -> (Range<usize>, Range<usize>) {
    let shared = from.min(to);
    let centred = |length: usize| {
        let start = (length - shared) / 2;
        start..start + shared
    };
    (centred(from), centred(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(source: &[u8], from: (usize, usize), to: (usize, usize)) -> Vec<u8> {
        let size = |(height, width)| ImageSize { height, width };
        let mut target = vec![0; to.0 * to.1];
        centre(&mut target, size(to), size(from), |index| source[index]);
        target
    }

    #[rustfmt::skip]
    const FOUR_BY_FOUR: [u8; 16] = [
         1,  2,  3,  4,
         5,  6,  7,  8,
         9, 10, 11, 12,
        13, 14, 15, 16,
    ];

    #[test]
    fn the_same_size_is_a_copy() {
        assert_eq!(fitted(&FOUR_BY_FOUR, (4, 4), (4, 4)), FOUR_BY_FOUR);
    }

    #[test]
    fn larger_images_are_cropped_to_their_centre() {
        assert_eq!(fitted(&FOUR_BY_FOUR, (4, 4), (2, 2)), [6, 7, 10, 11]);
        // An odd difference is halved downwards: one column is dropped on the right.
        assert_eq!(fitted(&FOUR_BY_FOUR, (4, 4), (2, 3)), [5, 6, 7, 9, 10, 11]);
        assert_eq!(fitted(&FOUR_BY_FOUR, (4, 4), (1, 1)), [6]);
    }

    #[test]
    #[rustfmt::skip]
    fn smaller_images_are_centred_on_black() {
        assert_eq!(fitted(&[1, 2, 3, 4], (2, 2), (4, 4)), [
            0, 0, 0, 0,
            0, 1, 2, 0,
            0, 3, 4, 0,
            0, 0, 0, 0,
        ]);
        assert_eq!(fitted(&[1, 2], (1, 2), (2, 3)), [
            1, 2, 0,
            0, 0, 0,
        ]);
    }

    #[test]
    fn each_axis_is_fitted_by_itself() {
        assert_eq!(fitted(&FOUR_BY_FOUR, (4, 4), (6, 1)), [0, 2, 6, 10, 14, 0]);
    }
}
