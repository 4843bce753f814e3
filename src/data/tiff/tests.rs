use super::*;
use image::ImageFormat;
use tiff::encoder::{TiffEncoder, colortype};

/// A TIFF of `width`×2 pixels whose data are `pixels`, with these tags besides those of its size.
fn made(width: u16, pixels: &[u8], more: &[(Tag, &[u16])]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).expect("an encoder");
    let mut directory = encoder.image_directory().expect("a directory");
    let at = directory.write_data(pixels).expect("pixels");
    let size: [(Tag, &[u16]); 3] =
        [(Tag::ImageWidth, &[width]), (Tag::ImageLength, &[2]), (Tag::RowsPerStrip, &[2])];
    size.iter().chain(more).for_each(|(tag, values)| directory.write_tag(*tag, *values).expect("a tag"));
    directory.write_tag(Tag::StripOffsets, at as u32).expect("a tag");
    directory.write_tag(Tag::StripByteCounts, pixels.len() as u32).expect("a tag");
    directory.finish().expect("a file");
    bytes.into_inner()
}

/// A TIFF of 4×2 pixels of `bits` bits, packed in `places`, with a palette whose colour k is (k, 2k, 255 - k), the first
/// byte of k counting where it has two.
fn written(bits: u16, places: &[u8], orientation: u16) -> Vec<u8> {
    let shift = if bits > 8 { 0 } else { 8 };
    let channel = |of: fn(u16) -> u16| (0..1_u32 << bits).map(move |k| of((k << shift >> 8) as u16) << 8);
    let palette: Vec<u16> =
        channel(|k| k).chain(channel(|k| (2 * k) & 255)).chain(channel(|k| 255 - k)).collect();
    let tags: [(Tag, &[u16]); 6] = [
        (Tag::BitsPerSample, &[bits]),
        (Tag::Compression, &[1]),
        (Tag::PhotometricInterpretation, &[3]),
        (Tag::SamplesPerPixel, &[1]),
        (Tag::Orientation, &[orientation]),
        (Tag::ColorMap, &palette),
    ];
    made(4, places, &tags)
}

fn reds(bits: u16, places: &[u8], orientation: u16) -> Vec<u8> {
    let picture = decode(&written(bits, places, orientation)).expect("a TIFF").expect("a palette");
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
    let words: Vec<u8> = (10..18_u16).flat_map(|place| (place << 8 | 77).to_ne_bytes()).collect();
    assert_eq!(reds(16, &words, 1), eight);
    // Upside down.
    let turned: Vec<u8> = eight.iter().rev().copied().collect();
    assert_eq!(reds(8, &eight, 3), turned);
    assert_eq!(header(&written(8, &eight, 6)), Some(((4, 2), Orientation::Rotate90)));
}

#[test]
fn grey_of_few_bits_goes_from_black_to_white() {
    let grey = |bits: u16, interpretation: u16, pixels: &[u8]| {
        let tags: [(Tag, &[u16]); 4] = [
            (Tag::BitsPerSample, &[bits]),
            (Tag::Compression, &[1]),
            (Tag::PhotometricInterpretation, &[interpretation]),
            (Tag::SamplesPerPixel, &[1]),
        ];
        let picture = decode(&made(3, pixels, &tags)).expect("a TIFF").expect("grey");
        assert!(!picture.color().has_color());
        picture.into_luma8().into_raw()
    };
    assert_eq!(grey(2, 1, &[0b0001_1000, 0b1111_0100]), [0, 85, 170, 255, 255, 85]);
    assert_eq!(grey(4, 1, &[0x0f, 0x10, 0x23, 0xe0]), [0, 255, 17, 34, 51, 238]);
    // White is zero.
    assert_eq!(grey(4, 0, &[0x0f, 0x10, 0x23, 0xe0]), [255, 0, 238, 221, 204, 17]);
}

#[test]
fn fractions_of_grey_go_from_0_to_1() {
    let read = |values: &[f32]| {
        let mut bytes = Cursor::new(Vec::new());
        TiffEncoder::new(&mut bytes)
            .and_then(|mut encoder| encoder.write_image::<colortype::Gray32Float>(2, 2, values))
            .expect("a TIFF");
        decode(bytes.get_ref())
    };
    let picture = read(&[0.0, 0.2, 0.5, 1.0]).expect("a TIFF").expect("grey");
    assert_eq!(picture.into_luma8().into_raw(), [0, 51, 128, 255]);
    for odd in [812.5, -0.5, f32::NAN] {
        let error = read(&[0.0, odd, 0.5, 1.0]).unwrap_err().to_string();
        assert!(error.contains(&format!("a value of {odd}")) && error.contains("save it as JPEG"), "{error}");
    }
}

#[test]
fn luma_and_chroma_in_jpeg_give_the_colours_of_the_jpeg() {
    let picture = RgbImage::from_fn(16, 2, |x, _| Rgb(if x < 8 { [200, 40, 90] } else { [20, 150, 230] }));
    let mut jpeg = Cursor::new(Vec::new());
    picture.write_to(&mut jpeg, ImageFormat::Jpeg).expect("a JPEG");
    let tags: [(Tag, &[u16]); 4] = [
        (Tag::BitsPerSample, &[8, 8, 8]),
        (Tag::Compression, &[7]),
        (Tag::PhotometricInterpretation, &[6]),
        (Tag::SamplesPerPixel, &[3]),
    ];
    let found =
        decode(&made(16, jpeg.get_ref(), &tags)).expect("a TIFF").expect("luma and chroma").into_rgb8();
    let expected = super::super::jpeg::decode(jpeg.get_ref()).expect("a JPEG").into_rgb8();
    // The decoder of JPEG rounds in its own way.
    assert!(found.as_raw().iter().zip(expected.as_raw()).all(|(a, b)| a.abs_diff(*b) <= 2), "{found:?}");
}

#[test]
fn other_tiffs_are_left_to_others() {
    let mut bytes = Cursor::new(Vec::new());
    let grey: [u8; 4] = [1, 2, 3, 4];
    TiffEncoder::new(&mut bytes)
        .and_then(|mut encoder| encoder.write_image::<colortype::Gray8>(2, 2, &grey))
        .expect("a TIFF");
    assert!(decode(bytes.get_ref()).expect("a TIFF").is_none());
    // What is broken is told by whoever reads it next.
    assert!(decode(b"II*\0").expect("nothing").is_none());
    let mut cut = written(8, &[0; 8], 1);
    cut.drain(8..12);
    assert!(!matches!(decode(&cut), Ok(Some(_))));
}
