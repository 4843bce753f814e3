//! The one way from the bytes of a picture to its pixels: of any format that is read, found by content, upright, and on
//! white where it is transparent.

use super::jpeg::{self, Decoded};
use super::limits::{self, DECODER_BYTES, FILE_BYTES};
use super::{kinds, tiff};
use crate::error::{Error, Result};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use std::fmt::Display;
use std::fs::File;
use std::io::{Cursor, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// What every picture should be.
pub(super) const EXPECTED: &str = "an image that can be decoded";

/// The bytes of an image file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(Error::io(path, "read"))?;
    let size = file.metadata().map_err(Error::io(path, "inspect"))?.len();
    let mut bytes = Vec::new();
    if size <= FILE_BYTES {
        bytes.reserve(size as usize);
        // What is no plain file tells no size.
        file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
    }
    let size = size.max(bytes.len() as u64);
    if size > FILE_BYTES {
        let found = format!("one of {} MiB or more; scale it down, or save it as JPEG or PNG", size >> 20);
        return Err(Error::file(path, "a picture in a file of at most 1 GiB", found));
    }
    Ok(bytes)
}

/// Decodes the `bytes` of the image file `path`, whose format they tell themselves.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<DynamicImage> {
    if let Some(kind) = kinds::unread(path, bytes) {
        return Err(Error::file(path, EXPECTED, kind));
    }
    check_palette(path, bytes)?;
    let image = survived(path, || match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => jpeg::decode(bytes),
        Ok(ImageFormat::Tiff) => tiff::decode(bytes)?.map_or_else(|| other(bytes), Ok),
        _ => other(bytes),
    })?;
    Ok(if image.color().has_alpha() { on_white(&image) } else { image })
}

/// Width and height of an upright image, as the header in its `bytes` says them; `None` where it cannot be read.
pub(super) fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let read = || {
        let ((width, height), orientation) = match decoder(bytes) {
            Ok(mut decoder) => (decoder.dimensions(), orientation(&mut decoder)),
            Err(_) => tiff::header(bytes)?,
        };
        Some(if lies_on_its_side(orientation) { (height, width) } else { (width, height) })
    };
    catch_unwind(AssertUnwindSafe(read)).ok().flatten()
}

/// Every format but JPEG, and TIFF that needs more care.
fn other(bytes: &[u8]) -> Decoded {
    let mut decoder = decoder(bytes).map_err(|error| in_words(&error))?;
    let (width, height) = decoder.dimensions();
    limits::check(width.into(), height.into(), decoder.total_bytes())?;
    let orientation = orientation(&mut decoder);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| in_words(&error))?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// With the remedy, where there is one.
fn in_words(error: &ImageError) -> String {
    match error {
        ImageError::Unsupported(error) => format!("{error}; save it as JPEG or PNG"),
        ImageError::Limits(_) => {
            "pixels beyond the limit of 256 MiB when decoded; scale it down, or save it as JPEG or PNG".into()
        }
        error => error.to_string(),
    }
}

/// How large the image is, is checked when that is known: the decoders' own words name no size.
fn decoder(bytes: &[u8]) -> image::ImageResult<impl ImageDecoder> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(DECODER_BYTES);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    reader.limits(limits);
    reader.into_decoder()
}

/// How the image has to be turned, as far as it says so.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    let told = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    if told != Orientation::NoTransforms {
        return told;
    }
    // Some programs leave the name of JPEG's segment in front of the data in PNG and WebP.
    let exif = decoder.exif_metadata().ok().flatten().unwrap_or_default();
    let data = exif.strip_prefix(b"Exif\0\0".as_slice()).unwrap_or_default();
    Orientation::from_exif_chunk(data).unwrap_or(told)
}

fn lies_on_its_side(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH)
}

/// What a decoder gives, whose own faults must not end the program.
fn survived(path: &Path, decode: impl FnOnce() -> Decoded) -> Result<DynamicImage> {
    let cannot = |found: &dyn Display| Error::file(path, EXPECTED, found);
    catch_unwind(AssertUnwindSafe(decode))
        .map_err(|_| cannot(&"one on which the decoder itself fails"))?
        .map_err(|error| cannot(&error))
}

/// Refuses a PNG whose palette ends within a colour, on which png 0.18.1 panics.
fn check_palette(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n").unwrap_or_default();
    while let Some((&[a, b, c, d, ref kind @ ..], data)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if kind == b"PLTE" && !length.is_multiple_of(3) {
            let expected = "a PNG whose palette has three bytes a colour";
            return Err(Error::file(path, expected, format!("one of {length} bytes")));
        }
        // Behind the data stands a checksum.
        rest = data.get(length.saturating_add(4)..).unwrap_or_default();
    }
    Ok(())
}

/// What people see of a transparent image on paper; what colour transparent pixels have is anyone's guess.
fn on_white(image: &DynamicImage) -> DynamicImage {
    let grey = !image.color().has_color();
    let mut pixels = image.to_rgba8();
    for pixel in pixels.pixels_mut() {
        let [.., alpha] = pixel.0.map(u32::from);
        let blend = |value: u8| ((u32::from(value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        let [red, green, blue, _] = pixel.0;
        pixel.0 = [blend(red), blend(green), blend(blue), 255];
    }
    let flat = DynamicImage::ImageRgba8(pixels);
    if grey { DynamicImage::ImageLuma8(flat.to_luma8()) } else { DynamicImage::ImageRgb8(flat.to_rgb8()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_no_picture_fills_is_not_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("huge.bmp");
        // A hole in a file takes no place on the disk.
        File::create(&path).and_then(|file| file.set_len(FILE_BYTES + 1)).expect("a file");
        let error = read(&path).expect_err("too large").to_string();
        let words = "huge.bmp: expected a picture in a file of at most 1 GiB, found one of 1024 MiB or more; scale it down";
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn a_decoder_that_panics_is_an_error_of_its_file() {
        let error = survived(Path::new("odd.png"), || panic!("index out of bounds")).unwrap_err().to_string();
        assert!(error.contains("odd.png: expected an image that can be decoded"), "{error}");
        assert!(error.contains("the decoder itself fails"), "{error}");
    }
}
