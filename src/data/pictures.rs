//! Image files: decoding many at once into planes of one size.

use super::dataset::Dataset;
use super::disk::{Disk, Writer};
use super::fitted::Fitted;
use super::options::LoadOptions;
use super::planes::{COLOUR, decode_planes};
use super::reading::{black_images, check_frame};
use super::stored::Stored;
use super::wanted::{ImageSize, Labels};
use crate::error::{Error, Result, Unread};
use crate::shape::{Frame, MapShape};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that are decoded before they are written to the disk.
const BLOCK: usize = 32 << 20;

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

impl LoadOptions {
    /// (C, H, W) of what images are decoded to.
    fn decoded_shape(&self) -> MapShape {
        MapShape::new(if self.grey { 1 } else { COLOUR }, self.frame.height, self.frame.width)
    }
}

impl Files {
    /// Those that `indices` name, in this order.
    pub(super) fn only(self, indices: impl Iterator<Item = usize> + Clone) -> Self {
        let labels = self.labels.map(|labels| indices.clone().map(|index| labels[index]).collect());
        let paths = indices.map(|index| self.paths[index].clone()).collect();
        Self { paths, labels, ..self }
    }

    /// Leaves out those that are not `wanted`, by their place.
    pub(super) fn keep(&mut self, wanted: impl Fn(usize) -> bool) {
        let mut place = 0..;
        self.paths.retain(|_| place.next().is_some_and(&wanted));
        let mut place = 0..;
        self.labels.iter_mut().for_each(|labels| labels.retain(|_| place.next().is_some_and(&wanted)));
    }
}

/// Decodes `files` in parallel into a data set in their order, each brought to its size as soon as it is decoded; what is
/// more than may be in memory goes to the disk.
pub(super) fn decode_all(files: Files, options: &LoadOptions, origin: &Path) -> Result<Dataset> {
    let Files { paths, mut labels, classes, others } = files;
    let shape = options.decoded_shape();
    let bytes = paths.len() as u64 * shape.len() as u64;
    let decoded = match options.memory {
        Some(most) if bytes > most => decode_to_disk(paths, options)?,
        _ => decode_to_memory(paths, options, origin)?,
    };
    let Found { sizes, coloured, read, unread } = decoded.found;
    if !unread.is_empty() && (!options.skip_bad || read.is_empty()) {
        let images = read.len() + unread.len();
        return Err(Error::Unread { origin: origin.to_path_buf(), unread, images });
    }
    if let Some(labels) = &mut labels {
        *labels = read.iter().map(|&index| labels[index as usize]).collect();
    }
    let shape = MapShape { channels: channels(coloured, options.grey), ..shape };
    let (images, stored) = match decoded.images {
        Decoded::Memory(images) => (images, None),
        Decoded::Disk(disk) => (Vec::new(), Some(Stored::new(Arc::new(disk), read))),
    };
    let data = Dataset::of(shape, (images, stored), labels, classes)?;
    let made_grey = if options.grey { coloured } else { 0 };
    let fitted = Some(Fitted::new(options.frame, sizes));
    Ok(Dataset { fitted, unread, others, made_grey, ..data }.with_origin(origin))
}

/// What decoding has come to.
struct Outcome {
    found: Found,
    images: Decoded,
}

/// Decoded images.
enum Decoded {
    /// Those that could be read, of as many channels as they need.
    Memory(Vec<u8>),
    /// All of them.
    Disk(Disk),
}

/// What was found out about images.
#[derive(Default)]
struct Found {
    /// Of those that could be read.
    sizes: Vec<ImageSize>,
    /// How many of them have colour.
    coloured: usize,
    /// Their places among all.
    read: Vec<u32>,
    unread: Vec<Unread>,
}

impl Found {
    /// Decodes the images of `paths` into `images`, which are black, and notes what comes of it; `first` is the first
    /// one's place.
    fn decode(&mut self, images: &mut [u8], paths: &[PathBuf], first: usize, options: &LoadOptions) {
        let outcomes: Vec<Result<(bool, ImageSize)>> = images
            .par_chunks_exact_mut(options.decoded_shape().len())
            .zip(paths)
            .map(|(target, path)| decode_planes(target, path, options.frame, options.grey))
            .collect();
        for ((index, outcome), path) in (first as u32..).zip(outcomes).zip(paths) {
            match outcome {
                Ok((coloured, size)) => {
                    self.coloured += usize::from(coloured);
                    self.sizes.push(size);
                    self.read.push(index);
                }
                Err(error) => self.unread.push(Unread::new(path, &error)),
            }
        }
    }
}

fn channels(coloured: usize, grey: bool) -> usize {
    if coloured == 0 || grey { 1 } else { COLOUR }
}

fn decode_to_memory(paths: Vec<PathBuf>, options: &LoadOptions, origin: &Path) -> Result<Outcome> {
    let shape = options.decoded_shape();
    let mut images = black_images(origin, paths.len(), shape)?;
    let mut found = Found::default();
    found.decode(&mut images, &paths, 0, options);
    for (place, &index) in found.read.iter().enumerate() {
        let from = index as usize * shape.len();
        images.copy_within(from..from + shape.len(), place * shape.len());
    }
    images.truncate(found.read.len() * shape.len());
    if shape.channels > channels(found.coloured, options.grey) {
        keep_first_planes(&mut images, found.read.len(), shape.height * shape.width);
    }
    Ok(Outcome { found, images: Decoded::Memory(images) })
}

fn decode_to_disk(paths: Vec<PathBuf>, options: &LoadOptions) -> Result<Outcome> {
    let shape = options.decoded_shape();
    let at_once = (BLOCK / shape.len()).clamp(1, paths.len());
    let (mut found, mut writer) = (Found::default(), Writer::new(shape.len()));
    let mut block = vec![0; at_once * shape.len()];
    for (index, paths) in paths.chunks(at_once).enumerate() {
        let images = &mut block[..paths.len() * shape.len()];
        images.fill(0);
        found.decode(images, paths, index * at_once, options);
        writer.write(images);
    }
    let kept = MapShape { channels: channels(found.coloured, options.grey), ..shape };
    Ok(Outcome { found, images: Decoded::Disk(writer.finish(paths, options.frame, kept)) })
}

fn keep_first_planes(images: &mut Vec<u8>, count: usize, plane: usize) {
    for index in 1..count {
        let start = index * COLOUR * plane;
        images.copy_within(start..start + plane, index * plane);
    }
    images.truncate(count * plane);
    images.shrink_to_fit();
}
