//! TIFF of the kinds that the `image` crate refuses: with a palette, of luma and chroma, of grey with few bits or with
//! fractions. The `tiff` crate reads them; palettes it refuses, too, but reads them where they pass for grey values, and it
//! reads the palette.

use super::jpeg::Decoded;
use super::limits::{self, DECODER_BYTES};
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use std::borrow::Cow;
use std::error::Error;
use std::io::Cursor;
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::{SampleFormat, Tag};

/// The tag that says what pixels stand for, and two of its values.
const INTERPRETATION: u16 = 262;
const GREY: u8 = 1;
const PALETTE: u8 = 3;

/// A TIFF of one of these kinds.
struct Opened<'a> {
    decoder: Decoder<Cursor<Cow<'a, [u8]>>>,
    kind: ColorType,
    has_palette: bool,
    size: (u32, u32),
    orientation: Orientation,
}

/// The upright image of the TIFF in `bytes` if it is of one of these kinds.
pub(super) fn decode(bytes: &[u8]) -> Result<Option<DynamicImage>, Box<dyn Error>> {
    opened(bytes).map(Opened::decode).transpose()
}

/// Width and height as the file has them, and how it has to be turned, if it is of one of these kinds.
pub(super) fn header(bytes: &[u8]) -> Option<((u32, u32), Orientation)> {
    opened(bytes).map(|opened| (opened.size, opened.orientation))
}

/// What is of another kind, or broken, is left to whoever reads it next.
fn opened(bytes: &[u8]) -> Option<Opened<'_>> {
    let grey = as_grey(bytes);
    let has_palette = grey.is_some();
    let mut decoder = Decoder::new(Cursor::new(grey.map_or(Cow::Borrowed(bytes), Cow::Owned))).ok()?;
    let kind = decoder.colortype().ok()?;
    let formats = decoder.find_tag_unsigned_vec::<u16>(Tag::SampleFormat).ok()?.unwrap_or_default();
    let is_fraction = formats.first() == Some(&SampleFormat::IEEEFP.to_u16());
    match kind {
        ColorType::Gray(2 | 4) | ColorType::YCbCr(8) => {}
        ColorType::Gray(16 | 32 | 64) if is_fraction => {}
        _ if has_palette => {}
        _ => return None,
    }
    let size = decoder.dimensions().ok()?;
    let told = decoder.find_tag_unsigned::<u8>(Tag::Orientation).ok()?;
    let orientation = told.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    Some(Opened { decoder, kind, has_palette, size, orientation })
}

impl Opened<'_> {
    fn decode(mut self) -> Decoded {
        let (width, height) = self.size;
        let bytes = u64::from(self.kind.bit_depth() / 8).max(3);
        limits::check(
            width.into(),
            height.into(),
            bytes.saturating_mul(u64::from(width) * u64::from(height)),
        )?;
        let palette = match self.has_palette {
            true => self.decoder.find_tag_unsigned_vec::<u16>(Tag::ColorMap)?.unwrap_or_default(),
            false => Vec::new(),
        };
        let mut limits = Limits::default();
        limits.decoding_buffer_size = DECODER_BYTES as usize;
        let pixels = self.decoder.with_limits(limits).read_image()?;
        let mut image = match (self.has_palette, self.kind) {
            (true, ColorType::Gray(bits)) => Places::new(pixels, bits, self.size)?.coloured(&palette)?,
            (false, ColorType::Gray(bits @ (2 | 4))) => Places::new(pixels, bits, self.size)?.grey(),
            (false, ColorType::Gray(_)) => fractions(pixels, self.size)?,
            (_, ColorType::YCbCr(_)) => colours_of_luma(pixels, self.size)?,
            (_, kind) => {
                return Err(format!("a palette with pixels of {kind:?}; save it as JPEG or PNG").into());
            }
        };
        image.apply_orientation(self.orientation);
        Ok(image)
    }
}

/// The file with its pixels taken for grey values; `None` where the first image has no palette.
fn as_grey(bytes: &[u8]) -> Option<Vec<u8>> {
    let little = bytes.starts_with(b"II*\0");
    if !little && !bytes.starts_with(b"MM\0*") {
        return None;
    }
    let number = |at: usize, length: usize| {
        let bytes = bytes.get(at..at.checked_add(length)?)?;
        let join = |number: usize, &byte: &u8| number << 8 | usize::from(byte);
        Some(if little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) })
    };
    let directory = number(4, 4)?;
    let tags = (0..number(directory, 2)?).map(|index| directory + 2 + 12 * index);
    let entry = { tags }.find(|&at| number(at, 2) == Some(usize::from(INTERPRETATION)))?;
    // Two bytes, on the left of four.
    let value = entry + 8;
    (number(value, 2)? == usize::from(PALETTE)).then(|| {
        let mut grey = bytes.to_vec();
        grey[value + usize::from(!little)] = GREY;
        grey
    })
}

/// Pixels that are whole numbers, of fewer bits than a byte, of a byte, or of two.
struct Places {
    pixels: DecodingResult,
    bits: u8,
    size: (u32, u32),
}

impl Places {
    fn new(pixels: DecodingResult, bits: u8, size: (u32, u32)) -> Result<Self, Box<dyn Error>> {
        let [width, height] = [size.0, size.1].map(|side| side as usize);
        let enough = match &pixels {
            DecodingResult::U8(bytes) => {
                matches!(bits, 1 | 2 | 4 | 8)
                    && bytes.len() >= (width * usize::from(bits)).div_ceil(8) * height
            }
            DecodingResult::U16(words) => bits == 16 && words.len() >= width * height,
            _ => false,
        };
        match enough {
            true => Ok(Self { pixels, bits, size }),
            false => Err(format!("pixels of {bits} bits that are not read; save it as JPEG or PNG").into()),
        }
    }

    /// How many numbers there are.
    fn count(&self) -> usize {
        1 << self.bits
    }

    fn at(&self, x: u32, y: u32) -> usize {
        let ([x, y, width], bits) =
            ([x, y, self.size.0].map(|length| length as usize), usize::from(self.bits));
        match &self.pixels {
            DecodingResult::U8(bytes) => {
                let bit = x * bits;
                let byte = bytes[y * (width * bits).div_ceil(8) + bit / 8];
                // Rows begin on bytes; the first pixel of a byte is on its left.
                usize::from(byte >> (8 - bits - bit % 8)) & (self.count() - 1)
            }
            DecodingResult::U16(words) => words[y * width + x].into(),
            _ => 0,
        }
    }

    /// Colours of `palette`, which holds all reds, then greens, then blues, of 16 bits each.
    fn coloured(&self, palette: &[u16]) -> Decoded {
        let colours = self.count();
        if palette.len() != 3 * colours {
            let (entries, bits) = (palette.len(), self.bits);
            return Err(format!("a palette of {entries} values for pixels of {bits} bits").into());
        }
        let (width, height) = self.size;
        let colour = |x, y| {
            let place = self.at(x, y);
            Rgb([0, 1, 2].map(|channel| (palette[channel * colours + place] >> 8) as u8))
        };
        Ok(RgbImage::from_fn(width, height, colour).into())
    }

    /// Of at most 8 bits, from black to white.
    fn grey(&self) -> DynamicImage {
        let (width, height) = self.size;
        let step = 255 / (self.count() - 1);
        GrayImage::from_fn(width, height, |x, y| Luma([(step * self.at(x, y)) as u8])).into()
    }
}

/// Grey from 0 for black to 1 for white. Measured values of another range are not guessed at.
fn fractions(pixels: DecodingResult, (width, height): (u32, u32)) -> Decoded {
    let values: Vec<f32> = match pixels {
        DecodingResult::F16(values) => values.into_iter().map(|value| value.to_f32()).collect(),
        DecodingResult::F32(values) => values,
        DecodingResult::F64(values) => values.into_iter().map(|value| value as f32).collect(),
        _ => Vec::new(),
    };
    if let Some(odd) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        let expected = "fractions of grey are read from 0 (black) to 1 (white)";
        return Err(format!("a value of {odd}, but {expected}; scale them, or save it as JPEG or PNG").into());
    }
    let bytes = values.iter().map(|value| (255.0 * value).round() as u8).collect();
    let image = GrayImage::from_raw(width, height, bytes);
    Ok(image.ok_or("fewer pixels than the header promises")?.into())
}

/// Luma and two chromas as JPEG has them.
fn colours_of_luma(pixels: DecodingResult, (width, height): (u32, u32)) -> Decoded {
    let image = match pixels {
        DecodingResult::U8(bytes) => RgbImage::from_raw(width, height, bytes),
        _ => None,
    };
    let mut image = image.ok_or("luma and chroma apart, or too few of them; save it as JPEG or PNG")?;
    for Rgb(pixel) in image.pixels_mut() {
        let [luma, blue, red] = pixel.map(f32::from);
        let (blue, red) = (blue - 128.0, red - 128.0);
        let colour = [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue];
        // Conversion keeps within the range of bytes.
        *pixel = colour.map(|value| value.round() as u8);
    }
    Ok(image.into())
}

#[cfg(test)]
mod tests;
