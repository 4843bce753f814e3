//! Pictures of data sets' images.

use crate::data::Dataset;
use crate::error::{Error, Result};
use image::{ExtendedColorType, ImageEncoder as _, Rgb, RgbImage, codecs::png::PngEncoder, imageops};

/// The width of a frame around an image, and of the space between two.
const FRAME: u32 = 2;
/// Pixels to a pixel, where images are framed.
const SCALE: u32 = 2;
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

    /// All `images` (a data set and an index each, all of one size) side by side in a square, or nearly one.
    pub fn sprite(images: &[(&Dataset, usize)]) -> Sprite {
        let columns = (images.len() as f64).sqrt().ceil().max(1.0) as usize;
        let shape = images.first().map(|(data, _)| data.shape);
        let (width, height) = shape.map_or((1, 1), |shape| (shape.width as u32, shape.height as u32));
        let rows = images.len().div_ceil(columns).max(1);
        let mut canvas = RgbImage::new(columns as u32 * width, rows as u32 * height);
        for (place, &(data, index)) in images.iter().enumerate() {
            let (x, y) = ((place % columns) as u32 * width, (place / columns) as u32 * height);
            imageops::replace(&mut canvas, &Self::of(data, index).0, x.into(), y.into());
        }
        Sprite { picture: Self(canvas), columns, width, height }
    }

    /// A row of images for each class that was predicted, at most `columns` in each; framed green where the
    /// prediction is the label, red where it is not, grey without labels.
    pub fn predictions(
        data: &Dataset,
        indices: &[usize],
        predictions: &[usize],
        classes: usize,
        columns: usize,
    ) -> Self {
        let (width, height) = (data.shape.width as u32, data.shape.height as u32);
        let (cell_width, cell_height) = (SCALE * width + 3 * FRAME, SCALE * height + 3 * FRAME);
        let size = (columns as u32 * cell_width, classes as u32 * cell_height);
        let mut canvas = RgbImage::from_pixel(size.0, size.1, PAPER);
        let mut filled = vec![0; classes];
        for (&index, &class) in indices.iter().zip(predictions) {
            if filled[class] < columns {
                let frame = match data.labels.as_ref().map(|labels| usize::from(labels[index]) == class) {
                    Some(true) => RIGHT,
                    Some(false) => WRONG,
                    None => UNKNOWN,
                };
                let framed = Self::of(data, index).framed(frame);
                let (x, y) = (filled[class] as u32 * cell_width, class as u32 * cell_height);
                imageops::replace(&mut canvas, &framed, x.into(), y.into());
                filled[class] += 1;
            }
        }
        Self(canvas)
    }

    fn framed(&self, frame: Rgb<u8>) -> RgbImage {
        let (width, height) = (SCALE * self.width(), SCALE * self.height());
        let larger = imageops::resize(&self.0, width, height, imageops::FilterType::Nearest);
        let mut framed = RgbImage::from_pixel(width + 2 * FRAME, height + 2 * FRAME, frame);
        imageops::replace(&mut framed, &larger, FRAME.into(), FRAME.into());
        framed
    }
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
}
