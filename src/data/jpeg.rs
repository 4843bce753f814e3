//! JPEG. The decoder is that of the `image` crate, which asks it to fill what is missing or damaged with grey in silence;
//! here it is asked to say so.

use super::{entropy, limits};
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use std::error::Error;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// What a decoder gives.
pub(super) type Decoded = std::result::Result<DynamicImage, Box<dyn Error>>;

/// An upright image.
pub(super) fn decode(bytes: &[u8]) -> Decoded {
    // What stands between the headers may be odd, and the pixels fine all the same. Sizes are checked below, in words of
    // this program.
    let options =
        DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers()?;
    let (width, height) = decoder.dimensions().ok_or("no size")?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    limits::check(width as u64, height as u64, 3 * width as u64 * height as u64)?;
    let exif = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    let colours = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(colours).set_strict_mode(true));
    let pixels = decoder.decode()?;
    if !has_an_end(bytes) {
        return Err("an early end: the file was cut off".into());
    }
    if let Some(damage) = entropy::damage(bytes) {
        return Err(damage.to_string().into());
    }
    let (width, height) = (width as u32, height as u32);
    let image = match grey {
        true => GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8),
        false => RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8),
    };
    let mut image = image.ok_or("fewer pixels than the header promises")?;
    image.apply_orientation(exif.unwrap_or(Orientation::NoTransforms));
    Ok(image)
}

/// Whether the marker of the end follows somewhere behind the first scan: a decoder that lacks some of the last pixels
/// makes them up. Pixels cannot look like it, as a zero follows each of their bytes 0xff.
fn has_an_end(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xda;
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            START_OF_SCAN => return bytes[at..].windows(2).any(|pair| pair == [0xff, 0xd9]),
            // Filled up, or a marker without a segment.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    // Odd headers: the decoder has found its way, and what it says counts.
    true
}
