//! MNIST's IDX files: a big-endian header (magic number, one length per dimension), then bytes.

use super::dataset::Dataset;
use super::fit::{self, Pixels};
use super::fitted::Fitted;
use super::reading::{black_images, digit_classes};
use super::wanted::{ImageSize, Labels, Part};
use crate::error::{Error, Result};
use crate::shape::{Frame, MapShape};
use flate2::read::MultiGzDecoder;
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// The third byte says "unsigned bytes", the fourth how many dimensions follow.
const MAGIC: u32 = 0x0800;
/// No deflate stream expands further than this.
const GZIP_EXPANSION: u64 = 1032;

/// The two files of a part.
#[derive(Clone, Copy)]
enum Content {
    Images,
    Labels,
}

/// Whether `directory` holds the images of `part`.
pub(super) fn has(directory: &Path, part: Part) -> bool {
    find(directory, part, Content::Images).is_some()
}

/// Whether `directory` holds images and labels of `part`.
pub(super) fn has_labels(directory: &Path, part: Part) -> bool {
    has(directory, part) && find(directory, part, Content::Labels).is_some()
}

/// Reads the images of `part` and, where wanted, their labels.
pub(super) fn load(directory: &Path, part: Part, frame: Frame, labels: Labels) -> Result<Dataset> {
    let origin = locate(directory, part, Content::Images)?;
    let ([count, height, width], pixels) = read::<3>(&origin)?;
    let (labels, labels_origin) = match labels {
        Labels::Required => {
            let path = locate(directory, part, Content::Labels)?;
            (Some(read_labels(&path, count)?), path)
        }
        Labels::Ignored => (None, origin.clone()),
    };
    let size = ImageSize { height, width };
    let images = fitted(&origin, pixels, size, frame)?;
    let (shape, classes) = (MapShape::new(1, frame.height, frame.width), digit_classes(labels.as_deref()));
    let fitted = Some(Fitted::of_one_size(frame, size, count));
    let data = Dataset { fitted, numbered: true, ..Dataset::new(shape, images, labels, classes)? };
    Ok(data.with_origin(origin).with_labels_origin(labels_origin))
}

fn read_labels(path: &Path, images: usize) -> Result<Vec<u16>> {
    let ([count], labels) = read::<1>(path)?;
    if count == images {
        return Ok(labels.into_iter().map(u16::from).collect());
    }
    Err(Error::file(path, format_args!("{images} labels, one an image"), format_args!("{count}")))
}

/// The names a file may go by: either of two spellings, plain or compressed.
fn names(part: Part, content: Content) -> impl Iterator<Item = String> {
    let part = match part {
        Part::Train => "train",
        Part::Test => "t10k",
    };
    let (content, rank) = match content {
        Content::Images => ("images", 3),
        Content::Labels => ("labels", 1),
    };
    ["-", "."].into_iter().flat_map(move |joint| {
        ["", ".gz"].map(|ending| format!("{part}-{content}{joint}idx{rank}-ubyte{ending}"))
    })
}

fn find(directory: &Path, part: Part, content: Content) -> Option<PathBuf> {
    names(part, content).map(|name| directory.join(name)).find(|path| path.is_file())
}

fn locate(directory: &Path, part: Part, content: Content) -> Result<PathBuf> {
    find(directory, part, content).ok_or_else(|| {
        let names: Vec<String> = names(part, content).collect();
        Error::file(directory, format_args!("one of {}", names.join(", ")), "none")
    })
}

/// Brings every image of `size` into `frame`; images that need no change are passed on as they are.
fn fitted(origin: &Path, pixels: Vec<u8>, size: ImageSize, frame: Frame) -> Result<Vec<u8>> {
    if fit::is_untouched(frame, size) {
        return Ok(pixels);
    }
    let source = pixels.par_chunks_exact(size.height * size.width);
    let shape = MapShape::new(1, frame.height, frame.width);
    let mut images = black_images(origin, source.len(), shape)?;
    let targets = images.par_chunks_exact_mut(shape.len());
    targets.zip(source).try_for_each(|(target, bytes)| {
        fit::fit(target, frame, Pixels { bytes, size, channels: 1 }, origin)
    })?;
    Ok(images)
}

/// Reads a file of `RANK` dimensions: their lengths and exactly the bytes that these promise.
fn read<const RANK: usize>(path: &Path) -> Result<([usize; RANK], Vec<u8>)> {
    let (mut input, file_bytes, most) = open(path)?;
    let mut word = || -> Result<u32> {
        let mut bytes = [0; 4];
        let outcome = input.read_exact(&mut bytes);
        outcome.map_err(|error| broken(path, "a whole IDX header", error))?;
        Ok(u32::from_be_bytes(bytes))
    };
    let magic = word()?;
    let wanted = MAGIC + RANK as u32;
    if magic != wanted {
        return Err(Error::file(
            path,
            format_args!("the magic number {wanted:#010x} of bytes in {RANK} dimensions"),
            format_args!("{magic:#010x}"),
        ));
    }
    let mut lengths = [0; RANK];
    for length in &mut lengths {
        *length = word()?;
    }
    let promised = check_lengths(path, lengths, file_bytes, most)?;
    let values = read_exactly(path, input, promised, file_bytes)?;
    Ok((lengths.map(|length| length as usize), values))
}

/// Opens a plain or compressed file: its bytes, how many lie on disk, and how many they can become.
fn open(path: &Path) -> Result<(Box<dyn Read>, u64, u64)> {
    let file = File::open(path).map_err(Error::io(path, "open"))?;
    let bytes = file.metadata().map_err(Error::io(path, "inspect"))?.len();
    let file = BufReader::new(file);
    if path.extension().is_some_and(|extension| extension == "gz") {
        let input = Box::new(MultiGzDecoder::new(file));
        return Ok((input, bytes, bytes.saturating_mul(GZIP_EXPANSION)));
    }
    Ok((Box::new(file), bytes, bytes))
}

/// How many bytes `lengths` promise; an error before anything is allocated if the file cannot hold them.
fn check_lengths<const RANK: usize>(
    path: &Path,
    lengths: [u32; RANK],
    file_bytes: u64,
    most: u64,
) -> Result<u64> {
    let text = lengths.map(|length| length.to_string()).join("×");
    if lengths.contains(&0) {
        return Err(Error::file(path, "no empty dimension", text));
    }
    lengths
        .into_iter()
        .try_fold(1u64, |product, length| product.checked_mul(length.into()))
        .filter(|&promised| promised <= most)
        .ok_or_else(|| {
            Error::file(
                path,
                format_args!("the {text} bytes that the header promises"),
                format_args!("a file of {file_bytes} bytes"),
            )
        })
}

fn read_exactly(path: &Path, input: Box<dyn Read>, bytes: u64, file_bytes: u64) -> Result<Vec<u8>> {
    // A compressed file may promise a thousand times its size: trust it no further than what is there.
    let mut values = Vec::with_capacity(bytes.min(file_bytes) as usize);
    let expected = format!("the {bytes} bytes that the header promises");
    let outcome = input.take(bytes + 1).read_to_end(&mut values);
    outcome.map_err(|error| broken(path, &expected, error))?;
    let found = values.len() as u64;
    if found == bytes {
        Ok(values)
    } else if found < bytes {
        Err(Error::file(path, expected, found))
    } else {
        Err(Error::file(path, expected, "further bytes after them"))
    }
}

/// Faults of the content are the file's, any other the operating system's.
fn broken(path: &Path, expected: &str, error: io::Error) -> Error {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.kind() {
        UnexpectedEof => Error::file(path, expected, "an early end"),
        InvalidData | InvalidInput => Error::file(path, expected, error),
        _ => Error::io(path, "read")(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_the_model_s_size_are_resized_before_their_middle_is_taken() {
        let size = ImageSize { height: 2, width: 2 };
        let pixels: Vec<u8> = vec![0, 40, 80, 120, 120, 80, 40, 0];
        let done = |frame| fitted(Path::new("x"), pixels.clone(), size, frame).expect("images");
        let frame = Frame::new(2, 2);
        assert_eq!(done(frame), pixels);
        // As images in files are, of which each is fitted by itself.
        let resized = frame.resize(Some(4));
        let mut expected = vec![0; pixels.len()];
        for (target, bytes) in expected.chunks_exact_mut(4).zip(pixels.chunks_exact(4)) {
            fit::fit(target, resized, Pixels { bytes, size, channels: 1 }, Path::new("x")).expect("an image");
        }
        assert_eq!(done(resized), expected);
        assert_ne!(expected, pixels);
    }
}
