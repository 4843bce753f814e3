//! Image files: decoding one, and many at once into planes of one size.

use super::dataset::Dataset;
use super::decode::{decode, read};
use super::fit::{Pixels, fit};
use super::fitted::Fitted;
use super::options::LoadOptions;
use super::reading::{black_images, check_frame};
use super::wanted::{ImageSize, Labels};
use crate::error::{Error, Result, Unread};
use crate::shape::{Frame, MapShape};
use image::DynamicImage;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Images are decoded to colour; grey ones have their value in all three planes.
const COLOUR: usize = 3;

/// Reads single image files, without labels; those of other sizes come to that of `frame` as it says. Three channels if
/// any of them has colour, else one.
pub fn load_image_files(paths: &[PathBuf], frame: Frame) -> Result<Dataset> {
    check_frame(frame)?;
    let Some(first) = paths.first() else {
        return Err(Error::input("image files", "at least one", "none"));
    };
    let files = Files { paths: paths.to_vec(), ..Files::default() };
    decode_all(files, &LoadOptions::new(frame, Labels::Ignored), first)
}

/// Image files in order, with what is known of them.
#[derive(Default)]
pub(super) struct Files {
    pub paths: Vec<PathBuf>,
    /// One a file, where they are wanted.
    pub labels: Option<Vec<u16>>,
    /// The name of each class, by label.
    pub classes: Vec<String>,
    /// How many files beside them are none.
    pub others: usize,
}

impl Files {
    /// Those that `indices` name, in this order.
    pub(super) fn only(self, indices: impl Iterator<Item = usize> + Clone) -> Self {
        let labels = self.labels.map(|labels| indices.clone().map(|index| labels[index]).collect());
        let paths = indices.map(|index| self.paths[index].clone()).collect();
        Self { paths, labels, ..self }
    }
}

/// Decodes `files` in parallel into a data set in their order, each brought to its size as soon as it is decoded.
pub(super) fn decode_all(files: Files, options: &LoadOptions, origin: &Path) -> Result<Dataset> {
    let Files { paths, mut labels, classes, others } = files;
    let frame = options.frame;
    let shape = MapShape::new(COLOUR, frame.height, frame.width);
    let mut images = black_images(origin, paths.len(), shape)?;
    let outcomes: Vec<Result<(bool, ImageSize)>> = images
        .par_chunks_exact_mut(shape.len())
        .zip(&paths)
        .map(|(target, path)| decode_into(target, path, frame))
        .collect();
    let (mut read, mut unread) = (Vec::new(), Vec::new());
    for ((index, outcome), path) in outcomes.into_iter().enumerate().zip(&paths) {
        match outcome {
            Ok(found) => read.push((index, found)),
            Err(error) => unread.push(Unread::new(path, &error)),
        }
    }
    if !unread.is_empty() && (!options.skip_bad || read.is_empty()) {
        return Err(Error::Unread { origin: origin.to_path_buf(), unread, images: paths.len() });
    }
    for (place, &(index, _)) in read.iter().enumerate() {
        images.copy_within(index * shape.len()..(index + 1) * shape.len(), place * shape.len());
        labels.iter_mut().for_each(|labels| labels[place] = labels[index]);
    }
    images.truncate(read.len() * shape.len());
    labels.iter_mut().for_each(|labels| labels.truncate(read.len()));
    let (coloured, sizes): (Vec<bool>, Vec<ImageSize>) = read.into_iter().map(|(_, found)| found).unzip();
    let mut channels = COLOUR;
    if !coloured.contains(&true) {
        keep_first_planes(&mut images, coloured.len(), frame.height * frame.width);
        channels = 1;
    }
    let data = Dataset::new(MapShape { channels, ..shape }, images, labels, classes)?;
    let fitted = Some(Fitted::new(frame, sizes));
    Ok(Dataset { fitted, unread, others, ..data }.with_origin(origin))
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

fn keep_first_planes(images: &mut Vec<u8>, count: usize, plane: usize) {
    for index in 1..count {
        let start = index * COLOUR * plane;
        images.copy_within(start..start + plane, index * plane);
    }
    images.truncate(count * plane);
    images.shrink_to_fit();
}
