//! Brings an image to the wanted size, as the wanted frame says it.

use super::wanted::ImageSize;
use crate::error::{Error, Result};
use crate::shape::{Frame, Scaling};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use std::fmt::Display;
use std::ops::Range;
use std::path::Path;

/// The pixels of one image, row by row.
#[derive(Clone, Copy)]
pub(super) struct Pixels<'a> {
    /// (H, W, C)
    pub bytes: &'a [u8],
    pub size: ImageSize,
    /// 3 for colour, else 1.
    pub channels: usize,
}

/// Writes an image onto `planes`, which are black, (C, H, W), and of the frame's size; planes beyond the image's channels
/// get the last of them. `name` is what errors call the image.
pub(super) fn fit(planes: &mut [u8], frame: Frame, image: Pixels<'_>, name: &Path) -> Result<()> {
    let (to, (size, whole)) = (ImageSize::from(frame), scaling(frame, image.size));
    if size == image.size {
        centre(planes, to, image);
        return Ok(());
    }
    let bytes = scaled(image, size, whole)
        .map_err(|e| Error::file(name, format_args!("an image that can be scaled to {size}"), e))?;
    centre(planes, to, Pixels { bytes: &bytes, size, ..image });
    Ok(())
}

/// To what an image of `size` is scaled before it is centred, and whether all of it or just its middle.
fn scaling(frame: Frame, size: ImageSize) -> (ImageSize, bool) {
    let Scaling { height, width, whole } = frame.scaling(size.height, size.width);
    (ImageSize { height, width }, whole)
}

/// Whether an image of `size` is not changed at all.
pub(super) fn is_untouched(frame: Frame, size: ImageSize) -> bool {
    size == ImageSize::from(frame) && scaling(frame, size).0 == size
}

/// What is done to an image of `size`, in words.
pub(super) fn done(frame: Frame, size: ImageSize) -> String {
    let (to, (scaled, whole)) = (ImageSize::from(frame), scaling(frame, size));
    let keeps_proportions = size.height * to.width == size.width * to.height;
    let cut = scaled.height > to.height || scaled.width > to.width;
    let laid_on_black = scaled.height < to.height || scaled.width < to.width;
    let words = match (scaled == size, cut, laid_on_black) {
        (true, false, false) => return "as they are".into(),
        (true, true, false) => "cropped",
        (true, false, true) => "padded",
        (true, true, true) => "cropped and padded",
        (false, _, true) => "scaled and padded",
        (false, ..) if whole || keeps_proportions => "resized",
        (false, ..) => "scaled and cropped",
    };
    format!("{words} to {to}")
}

/// The `whole` image, or as large a middle of it as has the proportions of `size`, in `size`. Where it is made smaller, each
/// pixel is a weighted mean of all that it stands for; the weights are whole numbers, so every machine gives the same bytes.
fn scaled(image: Pixels<'_>, size: ImageSize, whole: bool) -> std::result::Result<Vec<u8>, String> {
    let kind = if image.channels == 1 { PixelType::U8 } else { PixelType::U8x3 };
    let length = |length: usize| u32::try_from(length).map_err(|e| said(&e));
    let ImageSize { height, width } = image.size;
    let source = ImageRef::new(length(width)?, length(height)?, image.bytes, kind).map_err(|e| said(&e))?;
    let mut target = Image::new(length(size.width)?, length(size.height)?, kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    let options = if whole { options } else { options.fit_into_destination(None) };
    Resizer::new().resize(&source, &mut target, &options).map_err(|e| said(&e))?;
    Ok(target.into_vec())
}

fn said(error: &dyn Display) -> String {
    error.to_string()
}

/// The middle of each of the `planes` of size `from`, in size `to`.
pub(super) fn middles(planes: &[u8], from: ImageSize, to: ImageSize) -> Vec<u8> {
    let [pixels, wanted] = [from, to].map(|size| size.height * size.width);
    let mut middles = vec![0; planes.len() / pixels * wanted];
    for (middle, bytes) in middles.chunks_exact_mut(wanted).zip(planes.chunks_exact(pixels)) {
        centre(middle, to, Pixels { bytes, size: from, channels: 1 });
    }
    middles
}

/// Lays an image on black planes of size `to`: the larger is cropped to its centre, the smaller is centred.
fn centre(planes: &mut [u8], to: ImageSize, image: Pixels<'_>) {
    let from = image.size;
    let (source_rows, target_rows) = overlap(from.height, to.height);
    let (source_columns, target_columns) = overlap(from.width, to.width);
    for (channel, plane) in planes.chunks_exact_mut(to.height * to.width).enumerate() {
        let channel = channel.min(image.channels - 1);
        for (source_row, target_row) in source_rows.clone().zip(target_rows.clone()) {
            let target = &mut plane[target_row * to.width..][target_columns.clone()];
            for (value, column) in target.iter_mut().zip(source_columns.clone()) {
                *value = image.bytes[(source_row * from.width + column) * image.channels + channel];
            }
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
    use crate::shape::Fit;

    /// A grey image of size `from` in a frame of size `to`.
    fn fitted_by(fit_by: Fit, source: &[u8], from: [usize; 2], to: [usize; 2]) -> Vec<u8> {
        let mut target = vec![0; to[0] * to[1]];
        let size = ImageSize { height: from[0], width: from[1] };
        let image = Pixels { bytes: source, size, channels: 1 };
        fit(&mut target, Frame::new(to[0], to[1]).fit(fit_by), image, Path::new("test")).unwrap();
        target
    }

    const ALL: [Fit; 5] = [Fit::Resize, Fit::Crop, Fit::Pad, Fit::Scale, Fit::Centre];

    #[rustfmt::skip]
    const FOUR_BY_FOUR: [u8; 16] = [
         1,  2,  3,  4,
         5,  6,  7,  8,
         9, 10, 11, 12,
        13, 14, 15, 16,
    ];

    #[test]
    fn the_same_size_is_a_copy() {
        for fit in ALL {
            assert_eq!(fitted_by(fit, &FOUR_BY_FOUR, [4, 4], [4, 4]), FOUR_BY_FOUR, "{fit:?}");
        }
    }

    #[test]
    fn larger_images_are_cropped_to_their_centre() {
        for fit in [Fit::Crop, Fit::Centre] {
            let fitted = |to| fitted_by(fit, &FOUR_BY_FOUR, [4, 4], to);
            assert_eq!(fitted([2, 2]), [6, 7, 10, 11]);
            // An odd difference is halved downwards: one column is dropped on the right.
            assert_eq!(fitted([2, 3]), [5, 6, 7, 9, 10, 11]);
            assert_eq!(fitted([1, 1]), [6]);
        }
    }

    #[test]
    #[rustfmt::skip]
    fn smaller_images_are_centred_on_black() {
        for fit in [Fit::Pad, Fit::Centre] {
            assert_eq!(fitted_by(fit, &[1, 2, 3, 4], [2, 2], [4, 4]), [
                0, 0, 0, 0,
                0, 1, 2, 0,
                0, 3, 4, 0,
                0, 0, 0, 0,
            ]);
            assert_eq!(fitted_by(fit, &[1, 2], [1, 2], [2, 3]), [
                1, 2, 0,
                0, 0, 0,
            ]);
        }
    }

    #[test]
    fn what_is_centred_is_fitted_axis_by_axis() {
        assert_eq!(fitted_by(Fit::Centre, &FOUR_BY_FOUR, [4, 4], [6, 1]), [0, 2, 6, 10, 14, 0]);
    }

    #[test]
    fn half_the_size_is_filtered_before_it_is_thinned_out() {
        // The triangle of support 2 on pixel centres 0.5, 1.5, 2.5, 3.5 about 1: weights 3, 3, 1 over 7 where the edge cuts
        // it off. Stripes of 0 and 140 become even, but for what the edges cut off: 3·140/7 and (140 + 3·140)/7.
        let stripes: Vec<u8> = [0, 140].repeat(4);
        let fitted = fitted_by(Fit::Resize, &stripes, [1, 8], [1, 4]);
        // Inside: weights 1, 3, 3, 1 over 8.
        assert_eq!(fitted, [60, 70, 70, 80]);
        // Without a filter it would be all black or all bright.
        assert_eq!(fitted_by(Fit::Resize, &stripes.repeat(2), [2, 8], [1, 4]), fitted);
    }

    #[test]
    fn twice_the_size_lies_between_its_neighbours() {
        // Pixel centres at 1/4 and 3/4 between the old ones.
        assert_eq!(fitted_by(Fit::Resize, &[0, 100], [1, 2], [1, 4]), [0, 25, 75, 100]);
        // Each side by itself: the height is kept.
        assert_eq!(
            fitted_by(Fit::Resize, &[0, 100, 40, 40], [2, 2], [2, 4]),
            [0, 25, 75, 100, 40, 40, 40, 40]
        );
    }

    #[test]
    fn a_crop_that_does_not_cover_is_scaled_up_until_it_does_and_keeps_its_proportions() {
        // 1×4 to 2×2: scaled by 2, so that its middle 1×1 is all there is.
        let fitted = fitted_by(Fit::Crop, &[0, 80, 120, 200], [1, 4], [2, 2]);
        assert_eq!(fitted, fitted_by(Fit::Scale, &[0, 80, 120, 200], [1, 4], [2, 2]));
        assert_eq!(fitted[..2], fitted[2..]);
        // That reaches from x = 1.5 to 2.5; its new pixels lie at 1.75 and 2.25, between 80 at 1.5 and 120 at 2.5.
        assert_eq!(fitted[..2], [90, 110]);
        // What covers is not scaled, and what `Scale` makes of it is another image.
        assert_ne!(fitted_by(Fit::Scale, &FOUR_BY_FOUR, [4, 4], [2, 2]), [6, 7, 10, 11]);
    }

    #[test]
    #[rustfmt::skip]
    fn padding_scales_down_what_does_not_fit_in_and_keeps_its_proportions() {
        assert_eq!(fitted_by(Fit::Pad, &[7; 4 * 8], [4, 8], [4, 4]), [
            0, 0, 0, 0,
            7, 7, 7, 7,
            7, 7, 7, 7,
            0, 0, 0, 0,
        ]);
        assert_eq!(fitted_by(Fit::Pad, &[7; 8 * 2], [8, 2], [4, 2]), [7, 0, 7, 0, 7, 0, 7, 0]);
        // However thin, a line is left.
        assert_eq!(fitted_by(Fit::Pad, &[7; 90], [90, 1], [3, 1]), [7; 3]);
    }

    #[test]
    fn channels_do_not_mix_and_grey_fills_all_planes() {
        let colour: Vec<u8> = [[10, 100, 200]; 16].concat();
        let size = ImageSize { height: 4, width: 4 };
        for fit_by in ALL {
            let frame = Frame::new(2, 2).fit(fit_by);
            let mut planes = [0; 12];
            fit(&mut planes, frame, Pixels { bytes: &colour, size, channels: 3 }, Path::new("test")).unwrap();
            assert_eq!(planes, [[10; 4], [100; 4], [200; 4]].concat()[..], "{fit_by:?}");
            let grey = Pixels { bytes: &[9; 16], size, channels: 1 };
            fit(&mut planes, frame, grey, Path::new("test")).unwrap();
            assert_eq!(planes, [9; 12], "{fit_by:?}");
        }
    }
}
