//! Image files: decoding one, and many at once into planes of one size.

use super::dataset::Dataset;
use super::fit::{Pixels, fit};
use super::fitted::Fitted;
use super::reading::{black_images, check_frame};
use super::wanted::ImageSize;
use crate::error::{Error, Result};
use crate::shape::{Frame, MapShape};
use image::{DynamicImage, ImageReader, ImageResult, Limits};
use rayon::prelude::*;
use std::fmt::Display;
use std::fs;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The longest side and the most memory a decoder may use: generous for photos, tight for bombs.
const LONGEST_SIDE: u32 = 1 << 14;
const DECODER_BYTES: u64 = 1 << 28;
/// Images are decoded to colour; grey ones have their value in all three planes.
const COLOUR: usize = 3;

/// Reads single image files, without labels; those of other sizes come to that of `frame` as it says. Three channels if
/// any of them has colour, else one.
pub fn load_image_files(paths: &[PathBuf], frame: Frame) -> Result<Dataset> {
    check_frame(frame)?;
    let Some(first) = paths.first() else {
        return Err(Error::input("image files", "at least one", "none"));
    };
    decode_all(paths, frame, (None, Vec::new()), first)
}

/// Decodes `paths` in parallel into a data set in their order, with these labels and classes.
pub(super) fn decode_all(
    paths: &[PathBuf],
    frame: Frame,
    (labels, classes): (Option<Vec<u16>>, Vec<String>),
    origin: &Path,
) -> Result<Dataset> {
    let shape = MapShape::new(COLOUR, frame.height, frame.width);
    let mut images = black_images(origin, paths.len(), shape)?;
    let (coloured, sizes): (Vec<bool>, Vec<ImageSize>) = images
        .par_chunks_exact_mut(shape.len())
        .zip(paths)
        .map(|(target, path)| decode_into(target, path, frame))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .unzip();
    let mut channels = COLOUR;
    if !coloured.contains(&true) {
        keep_first_planes(&mut images, paths.len(), frame.height * frame.width);
        channels = 1;
    }
    let data = Dataset::new(MapShape { channels, ..shape }, images, labels, classes)?;
    Ok(Dataset { fitted: Some(Fitted::new(frame, sizes)), ..data }.with_origin(origin))
}

/// Decodes one image into three planes and tells whether it has colour, and its size.
fn decode_into(target: &mut [u8], path: &Path, frame: Frame) -> Result<(bool, ImageSize)> {
    let image = decode(path, &read(path)?)?;
    let (coloured, size) = (image.color().has_color(), size_of(&image));
    fit_decoded(target, frame, image, coloured, path)?;
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

/// The bytes of an image file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(Error::io(path, "read"))
}

/// Decodes the `bytes` of the image file `path`, whose format they tell themselves.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<DynamicImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(DECODER_BYTES);
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(Error::io(path, "read"))?;
    reader.limits(limits);
    check_palette(path, bytes)?;
    let image = survived(path, || reader.decode())?;
    Ok(if image.color().has_alpha() { on_white(&image) } else { image })
}

/// What a decoder gives, whose own faults must not end the program.
fn survived(path: &Path, decode: impl FnOnce() -> ImageResult<DynamicImage>) -> Result<DynamicImage> {
    let cannot = |found: &dyn Display| Error::file(path, "an image that can be decoded", found);
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

fn keep_first_planes(images: &mut Vec<u8>, count: usize, plane: usize) {
    for index in 1..count {
        let start = index * COLOUR * plane;
        images.copy_within(start..start + plane, index * plane);
    }
    images.truncate(count * plane);
    images.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_panics_is_an_error_of_its_file() {
        let error = survived(Path::new("odd.png"), || panic!("index out of bounds")).unwrap_err().to_string();
        assert!(error.contains("odd.png: expected an image that can be decoded"), "{error}");
        assert!(error.contains("the decoder itself fails"), "{error}");
    }
}
