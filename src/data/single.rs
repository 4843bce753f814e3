//! Single images of any size and colour mode, brought to what a model takes.

use super::wanted::ImageSize;
use super::{decode, kinds, planes};
use crate::error::Result;
use crate::shape::Frame;
use std::path::Path;

/// What a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureSize {
    /// 3 for colour, else 1.
    pub channels: usize,
    /// H and W, and how other sizes come to them.
    pub frame: Frame,
}

/// Whether `bytes` begin like an image file, be it of a kind that is not read.
pub fn is_image(bytes: &[u8]) -> bool {
    kinds::is_picture(bytes)
}

/// The size of an image file, upright, as its header says it; `None` where it cannot be read.
pub fn picture_size(path: &Path) -> Option<ImageSize> {
    decoded_size(&decode::read(path).ok()?)
}

/// The size of an image, upright, as the header in its `bytes` says it; `None` where it cannot be read.
pub fn decoded_size(bytes: &[u8]) -> Option<ImageSize> {
    let (width, height) = decode::dimensions(bytes)?;
    Some(ImageSize { height: height as usize, width: width as usize })
}

/// Reads an image file into (C, H, W).
///
/// # Errors
/// [`crate::error::Error`] naming the file that cannot be read or decoded.
pub fn read_picture(path: &Path, size: PictureSize) -> Result<Vec<u8>> {
    decode_picture(path, &decode::read(path)?, size)
}

/// Decodes the `bytes` of an image, called `name` in errors, into (C, H, W).
///
/// # Errors
/// [`crate::error::Error::Input`] naming what cannot be decoded.
pub fn decode_picture(name: &Path, bytes: &[u8], size: PictureSize) -> Result<Vec<u8>> {
    let image = decode::decode(name, bytes)?;
    let coloured = image.color().has_color() && size.channels == 3;
    let mut pixels = vec![0; size.channels * size.frame.height * size.frame.width];
    planes::fit_decoded(&mut pixels, size.frame, image, coloured, name)?;
    Ok(pixels)
}
