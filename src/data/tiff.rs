//! TIFF whose pixels are places in a palette. The `tiff` crate refuses them, but reads them where they pass for grey values,
//! and it reads the palette.

use super::jpeg::{DECODER_BYTES, Decoded};
use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};
use std::error::Error;
use std::io::Cursor;
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

/// The tag that says what pixels stand for, and two of its values.
const INTERPRETATION: u16 = 262;
const GREY: u8 = 1;
const PALETTE: u8 = 3;

/// The upright image of the TIFF in `bytes` if it has a palette.
pub(super) fn with_palette(bytes: &[u8]) -> std::result::Result<Option<DynamicImage>, Box<dyn Error>> {
    let Some(grey) = as_grey(bytes) else { return Ok(None) };
    let mut limits = Limits::default();
    limits.decoding_buffer_size = DECODER_BYTES as usize;
    let mut decoder = Decoder::new(Cursor::new(grey))?.with_limits(limits);
    let size = decoder.dimensions()?;
    let palette = decoder.find_tag_unsigned_vec::<u16>(Tag::ColorMap)?.unwrap_or_default();
    let orientation = decoder.find_tag_unsigned::<u8>(Tag::Orientation)?;
    match (decoder.colortype()?, decoder.read_image()?) {
        (ColorType::Gray(bits), DecodingResult::U8(places)) => {
            coloured(size, &places, bits, &palette, orientation).map(Some)
        }
        (kind, _) => Err(format!("a palette with pixels of {kind:?}; save it as JPEG or PNG").into()),
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

/// The colours at `places` of `palette`, which holds all reds, then greens, then blues, of 16 bits each.
fn coloured(
    (width, height): (u32, u32),
    places: &[u8],
    bits: u8,
    palette: &[u16],
    orientation: Option<u8>,
) -> Decoded {
    let row = (width as usize * usize::from(bits)).div_ceil(8);
    let colours = 1_usize << bits.min(8);
    if !matches!(bits, 1 | 2 | 4 | 8) || places.len() < row * height as usize || palette.len() != 3 * colours
    {
        let (pixels, entries) = (places.len(), palette.len());
        return Err(
            format!("a palette of {entries} values for {pixels} bytes of pixels of {bits} bits").into()
        );
    }
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let bit = x as usize * usize::from(bits);
        let byte = places[y as usize * row + bit / 8];
        // Rows begin on bytes; the first pixel of a byte is on its left.
        let place = usize::from(byte >> (8 - usize::from(bits) - bit % 8)) & (colours - 1);
        image::Rgb([0, 1, 2].map(|channel| (palette[channel * colours + place] >> 8) as u8))
    });
    let mut picture = DynamicImage::ImageRgb8(picture);
    let upright = orientation.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    picture.apply_orientation(upright);
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use tiff::encoder::{TiffEncoder, colortype};

    /// A TIFF of 4×2 pixels of `bits` bits, packed in `places`, with a palette whose colour k is (k, 2k, 255 - k).
    fn written(bits: u16, places: &[u8], orientation: u16) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut bytes).expect("an encoder");
        let mut directory = encoder.image_directory().expect("a directory");
        let colours = 1_u16 << bits;
        let channel = |of: fn(u16) -> u16| (0..colours).map(move |k| of(k) << 8);
        let palette: Vec<u16> =
            channel(|k| k).chain(channel(|k| (2 * k) & 255)).chain(channel(|k| 255 - k)).collect();
        let at = directory.write_data(places).expect("pixels");
        let tags: [(Tag, &[u16]); 9] = [
            (Tag::ImageWidth, &[4]),
            (Tag::ImageLength, &[2]),
            (Tag::BitsPerSample, &[bits]),
            (Tag::Compression, &[1]),
            (Tag::PhotometricInterpretation, &[3]),
            (Tag::SamplesPerPixel, &[1]),
            (Tag::RowsPerStrip, &[2]),
            (Tag::Orientation, &[orientation]),
            (Tag::ColorMap, &palette),
        ];
        tags.iter().for_each(|(tag, values)| directory.write_tag(*tag, *values).expect("a tag"));
        directory.write_tag(Tag::StripOffsets, at as u32).expect("a tag");
        directory.write_tag(Tag::StripByteCounts, places.len() as u32).expect("a tag");
        directory.finish().expect("a file");
        bytes.into_inner()
    }

    fn reds(bits: u16, places: &[u8], orientation: u16) -> Vec<u8> {
        let picture = with_palette(&written(bits, places, orientation)).expect("a TIFF").expect("a palette");
        let picture = picture.into_rgb8();
        let of = |pixel: &Rgb<u8>| {
            let [red, green, blue] = pixel.0;
            assert_eq!((green, blue), (2_u8.wrapping_mul(red), 255 - red));
            red
        };
        picture.pixels().map(of).collect()
    }

    #[test]
    fn places_of_every_width_have_their_colours() {
        let eight: Vec<u8> = (10..18).collect();
        assert_eq!(reds(8, &eight, 1), eight);
        assert_eq!(reds(4, &[0x12, 0x34, 0x56, 0x78], 1), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(reds(1, &[0b1010_0000, 0b0110_0000], 1), [1, 0, 1, 0, 0, 1, 1, 0]);
        // Upside down.
        let turned: Vec<u8> = eight.iter().rev().copied().collect();
        assert_eq!(reds(8, &eight, 3), turned);
    }

    #[test]
    fn other_tiffs_are_left_to_others() {
        let mut bytes = Cursor::new(Vec::new());
        let grey: [u8; 4] = [1, 2, 3, 4];
        TiffEncoder::new(&mut bytes)
            .and_then(|mut encoder| encoder.write_image::<colortype::Gray8>(2, 2, &grey))
            .expect("a TIFF");
        assert!(with_palette(bytes.get_ref()).expect("a TIFF").is_none());
        // What is broken is told by whoever reads it next.
        assert!(with_palette(b"II*\0").expect("nothing").is_none());
        let mut cut = written(8, &[0; 8], 1);
        cut.drain(8..12);
        assert!(!matches!(with_palette(&cut), Ok(Some(_))));
    }
}
