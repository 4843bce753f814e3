//! One image on planes of a data set's size.

use super::decode::{decode, read};
use super::fit::{Pixels, fit};
use super::wanted::ImageSize;
use crate::error::Result;
use crate::shape::Frame;
use image::DynamicImage;
use std::path::Path;

/// Images are decoded to colour; grey ones have their value in all three planes.
pub(super) const COLOUR: usize = 3;

/// Decodes one image, as a `grey` one or else onto three planes, and tells whether it has colour, and its size.
pub(super) fn decode_planes(
    target: &mut [u8],
    path: &Path,
    frame: Frame,
    grey: bool,
) -> Result<(bool, ImageSize)> {
    let image = decode(path, &read(path)?)?;
    let (coloured, size) = (image.color().has_color(), size_of(&image));
    fit_decoded(target, frame, image, coloured && !grey, path)?;
    Ok((coloured, size))
}

fn size_of(image: &DynamicImage) -> ImageSize {
    ImageSize { height: image.height() as usize, width: image.width() as usize }
}

/// Brings an image, in colour or as a grey one, onto `planes` of `frame`; `path` names it in errors.
pub(super) fn fit_decoded(
    planes: &mut [u8],
    frame: Frame,
    image: DynamicImage,
    coloured: bool,
    path: &Path,
) -> Result<()> {
    let size = size_of(&image);
    let (bytes, channels) = match coloured {
        true => (image.into_rgb8().into_raw(), COLOUR),
        false => (image.into_luma8().into_raw(), 1),
    };
    fit(planes, frame, Pixels { bytes: &bytes, size, channels }, path)
}
