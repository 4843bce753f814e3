//! Single images of any size and colour mode, brought to what a model takes.

use super::dataset::ImageSize;
use super::{fit, pictures};
use crate::error::Result;
use image::imageops::FilterType;
use std::path::Path;

/// How an image of another size comes to the wanted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Larger images lose their edges, smaller ones are centred on black, as in data sets.
    Crop,
    /// Scaled until the wanted size is covered; what overlaps is cut off.
    Scale,
}

/// What a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureSize {
    /// 3 for colour, else 1.
    pub channels: usize,
    /// H in pixels.
    pub height: usize,
    /// W in pixels.
    pub width: usize,
    /// How other sizes come to this one.
    pub fit: Fit,
}

/// Whether `bytes` begin like an image file.
pub fn is_image(bytes: &[u8]) -> bool {
    image::guess_format(bytes).is_ok()
}

/// Reads an image file into (C, H, W).
///
/// # Errors
/// [`crate::error::Error`] naming the file that cannot be read or decoded.
pub fn read_picture(path: &Path, size: PictureSize) -> Result<Vec<u8>> {
    decode_picture(path, &pictures::read(path)?, size)
}

/// Decodes the `bytes` of an image, called `name` in errors, into (C, H, W).
///
/// # Errors
/// [`crate::error::Error::Input`] naming what cannot be decoded.
pub fn decode_picture(name: &Path, bytes: &[u8], size: PictureSize) -> Result<Vec<u8>> {
    let mut image = pictures::decode(name, bytes)?;
    let to = ImageSize { height: size.height, width: size.width };
    if size.fit == Fit::Scale {
        image = image.resize_to_fill(to.width as u32, to.height as u32, FilterType::Triangle);
    }
    let from = ImageSize { height: image.height() as usize, width: image.width() as usize };
    let coloured = image.color().has_color() && size.channels == 3;
    let (pixels, stride) = match coloured {
        true => (image.into_rgb8().into_raw(), 3),
        false => (image.into_luma8().into_raw(), 1),
    };
    let plane = size.height * size.width;
    let mut target = vec![0; size.channels * plane];
    for (channel, plane) in target.chunks_exact_mut(plane).enumerate() {
        let channel = channel.min(stride - 1);
        fit::centre(plane, to, from, |index| pixels[index * stride + channel]);
    }
    Ok(target)
}
