//! Pictures of data sets' images.

use crate::data::Dataset;
use crate::error::{Error, Result};
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _, Rgb, RgbImage, imageops};

/// The width of a frame around an image, and of the space between two.
const FRAME: u32 = 2;
/// Pixels to a pixel, where small images are framed.
const SCALE: u32 = 2;
/// Longest side of an image among many.
const LONGEST: u32 = 64;
/// Classes that a picture of predictions has rows for.
const MOST_ROWS: usize = 24;
/// Of JPEG, in percent: faults are not to be seen at the size that images are shown in.
const QUALITY: u8 = 85;
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const RIGHT: Rgb<u8> = Rgb([46, 160, 67]);
const WRONG: Rgb<u8> = Rgb([207, 34, 46]);
const UNKNOWN: Rgb<u8> = Rgb([140, 149, 159]);

/// A picture in colour.
#[derive(Debug)]
pub struct Picture(RgbImage);

/// Many images of one size in one picture, row after row.
#[derive(Debug)]
pub struct Sprite {
    /// The picture.
    pub picture: Picture,
    /// Images in a row.
    pub columns: usize,
    /// Of an image.
    pub width: u32,
    /// Of an image.
    pub height: u32,
}

impl Picture {
    /// Image `index` of `data`; of one channel it is grey, of more the first three are red, green and blue.
    pub fn of(data: &Dataset, index: usize) -> Self {
        let (height, width) = (data.shape.height, data.shape.width);
        let pixels = data.image(index);
        let channel = |c: usize| c.min(data.shape.channels - 1) * height * width;
        Self(RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let at = y as usize * width + x as usize;
            Rgb([0, 1, 2].map(|c| pixels[channel(c) + at]))
        }))
    }

    /// In pixels.
    pub fn width(&self) -> u32 {
        self.0.width()
    }

    /// In pixels.
    pub fn height(&self) -> u32 {
        self.0.height()
    }

    /// In pixels, the longer one.
    pub fn side(&self) -> u32 {
        self.width().max(self.height())
    }

    /// The picture, made smaller where a side is longer than `most`.
    #[must_use]
    pub fn within(self, most: u32) -> Self {
        let (width, height) = within(most, self.0.dimensions());
        match self.side() <= most {
            true => self,
            false => Self(imageops::resize(&self.0, width, height, imageops::FilterType::Triangle)),
        }
    }

    /// The picture as a JPEG file.
    ///
    /// # Errors
    /// [`Error::Input`] when it is too large for one.
    pub fn jpeg(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let (width, height) = self.0.dimensions();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
        let written = encoder.write_image(self.0.as_raw(), width, height, ExtendedColorType::Rgb8);
        written.map_err(|e| Error::input("picture", "a size that JPEG can hold", e))?;
        Ok(bytes)
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    /// [`Error::Input`] when it is too large for one.
    pub fn png(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let encoder = PngEncoder::new(&mut bytes);
        let (width, height) = self.0.dimensions();
        let written = encoder.write_image(self.0.as_raw(), width, height, ExtendedColorType::Rgb8);
        written.map_err(|e| Error::input("picture", "a size that PNG can hold", e))?;
        Ok(bytes)
    }

    /// All `images` (a data set and an index each, all of one size) side by side in a square, or nearly one; large ones are
    /// made smaller.
    pub fn sprite(images: &[(&Dataset, usize)]) -> Sprite {
        let columns = (images.len() as f64).sqrt().ceil().max(1.0) as usize;
        let shape = images.first().map(|(data, _)| data.shape);
        let size = shape.map_or((1, 1), |shape| (shape.width as u32, shape.height as u32));
        let (width, height) = within(LONGEST, size);
        let rows = images.len().div_ceil(columns).max(1);
        let mut canvas = RgbImage::new(columns as u32 * width, rows as u32 * height);
        for (place, &(data, index)) in images.iter().enumerate() {
            let (x, y) = ((place % columns) as u32 * width, (place / columns) as u32 * height);
            imageops::replace(&mut canvas, &Self::of(data, index).within(LONGEST).0, x.into(), y.into());
        }
        Sprite { picture: Self(canvas), columns, width, height }
    }

    /// A row of images for each class, of very many classes for the most frequent ones that were predicted, with at most
    /// `columns` images that were taken for it; framed green where the prediction is the label, red where it is not, grey
    /// without labels.
    pub fn predictions(
        data: &Dataset,
        indices: &[usize],
        predictions: &[usize],
        classes: usize,
        columns: usize,
    ) -> Self {
        let rows = rows_of(predictions, classes);
        let (width, height) = framed_size((data.shape.width as u32, data.shape.height as u32));
        let (cell_width, cell_height) = (width + 3 * FRAME, height + 3 * FRAME);
        let size = (columns as u32 * cell_width, rows.len() as u32 * cell_height);
        let mut canvas = RgbImage::from_pixel(size.0, size.1, PAPER);
        let mut filled = vec![0; rows.len()];
        for (&index, &class) in indices.iter().zip(predictions) {
            let Ok(row) = rows.binary_search(&class) else { continue };
            if filled[row] < columns {
                let frame = match data.labels.as_ref().map(|labels| usize::from(labels[index]) == class) {
                    Some(true) => RIGHT,
                    Some(false) => WRONG,
                    None => UNKNOWN,
                };
                let framed = Self::of(data, index).framed(frame);
                let (x, y) = (filled[row] as u32 * cell_width, row as u32 * cell_height);
                imageops::replace(&mut canvas, &framed, x.into(), y.into());
                filled[row] += 1;
            }
        }
        Self(canvas)
    }

    fn framed(self, frame: Rgb<u8>) -> RgbImage {
        let (width, height) = framed_size(self.0.dimensions());
        let shown = match self.side() > LONGEST {
            true => self.within(LONGEST).0,
            false => imageops::resize(&self.0, width, height, imageops::FilterType::Nearest),
        };
        let mut framed = RgbImage::from_pixel(width + 2 * FRAME, height + 2 * FRAME, frame);
        imageops::replace(&mut framed, &shown, FRAME.into(), FRAME.into());
        framed
    }
}

/// The size of an image in its proportions whose sides are at most `most`, as it is where they are.
fn within(most: u32, (width, height): (u32, u32)) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= most {
        return (width, height);
    }
    let side = |length: u32| ((length * most + longest / 2) / longest).max(1);
    (side(width), side(height))
}

/// The size that an image of `size` has within its frame: small ones are enlarged.
fn framed_size(size: (u32, u32)) -> (u32, u32) {
    let (width, height) = within(LONGEST, size);
    if (width, height) == size { (SCALE * width, SCALE * height) } else { (width, height) }
}

/// The classes that have a row, in order.
fn rows_of(predictions: &[usize], classes: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..classes).collect();
    if classes > MOST_ROWS {
        let mut counts = vec![0_usize; classes];
        predictions.iter().for_each(|&class| counts[class] += 1);
        rows.sort_by_key(|&class| std::cmp::Reverse(counts[class]));
        rows.truncate(MOST_ROWS);
        rows.retain(|&class| counts[class] > 0);
        rows.sort_unstable();
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::MapShape;

    /// Two grey images of 1×2 pixels.
    fn data() -> Dataset {
        let classes = vec!["zero".to_owned(), "one".to_owned()];
        Dataset::new(MapShape::new(1, 1, 2), vec![1, 2, 3, 4], Some(vec![0, 1]), classes).unwrap()
    }

    #[test]
    fn a_sprite_holds_every_image_in_its_place() {
        let data = data();
        let sprite = Picture::sprite(&[(&data, 1), (&data, 0), (&data, 1)]);
        assert_eq!((sprite.columns, sprite.width, sprite.height), (2, 2, 1));
        let values: Vec<u8> = sprite.picture.0.pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(values, [3, 4, 1, 2, 3, 4, 0, 0]);
    }

    #[test]
    fn predictions_stand_in_the_row_of_their_class_and_are_framed_by_whether_they_are_right() {
        let picture = Picture::predictions(&data(), &[0, 1], &[1, 1], 3, 2);
        let cell = (SCALE * 2 + 3 * FRAME, SCALE + 3 * FRAME);
        assert_eq!((picture.width(), picture.height()), (2 * cell.0, 3 * cell.1));
        let pixel = |x, y| *picture.0.get_pixel(x, y);
        assert_eq!(pixel(0, 0), PAPER);
        assert_eq!((pixel(0, cell.1), pixel(cell.0, cell.1)), (WRONG, RIGHT));
        assert_eq!(pixel(FRAME, cell.1 + FRAME), Rgb([1, 1, 1]));
    }

    #[test]
    fn a_picture_becomes_a_png_file_and_back() {
        let png = Picture::of(&data(), 1).png().expect("a PNG file");
        let back = image::load_from_memory(&png).expect("a picture").into_rgb8();
        assert_eq!(back.into_raw(), [3, 3, 3, 4, 4, 4]);
    }

    #[test]
    fn large_images_are_made_smaller_in_their_proportions() {
        let shape = MapShape::new(1, 50, 200);
        let data = Dataset::new(shape, vec![90; 2 * shape.len()], None, vec![]).unwrap();
        let small = Picture::of(&data, 0).within(100);
        assert_eq!((small.width(), small.height(), small.0.get_pixel(50, 12).0), (100, 25, [90; 3]));
        assert_eq!(Picture::of(&data, 0).within(200).width(), 200);
        let sprite = Picture::sprite(&[(&data, 0), (&data, 1)]);
        assert_eq!((sprite.width, sprite.height, sprite.picture.width()), (LONGEST, 16, 2 * LONGEST));
        let framed = Picture::predictions(&data, &[0, 1], &[0, 1], 2, 1);
        assert_eq!((framed.width(), framed.height()), (LONGEST + 3 * FRAME, 2 * (16 + 3 * FRAME)));
    }

    #[test]
    fn of_very_many_classes_the_most_frequent_ones_have_a_row() {
        assert_eq!(rows_of(&[1], MOST_ROWS).len(), MOST_ROWS);
        assert_eq!(rows_of(&[700, 3, 700, 12], 1000), [3, 12, 700]);
        let many: Vec<usize> = (0..100).flat_map(|class| vec![class; 1 + class % 7]).collect();
        let rows = rows_of(&many, 1000);
        assert!(rows.len() == MOST_ROWS && rows.iter().all(|class| class % 7 >= 5), "{rows:?}");
    }
}
