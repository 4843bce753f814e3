//! Small data sets on disk.

use dann::data::{Fit, Frame};
use dann::error::Result;
use image::{GrayImage, RgbImage};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

/// A size to which images come without being scaled.
pub const fn size(height: usize, width: usize) -> Frame {
    Frame::new(height, width).fit(Fit::Centre)
}

/// Asserts that `result` is an error whose message has all of `parts`.
#[track_caller]
pub fn complains<T: Debug>(result: Result<T>, parts: &[&str]) {
    let message = result.expect_err("should have failed").to_string();
    for part in parts {
        assert!(message.contains(part), "no {part:?} in {message:?}");
    }
}

/// An IDX file of bytes.
pub fn idx(lengths: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, lengths.len() as u8];
    bytes.extend(lengths.iter().flat_map(|length| length.to_be_bytes()));
    bytes.extend(values);
    bytes
}

/// Writes both files of a part (`train` or `t10k`) as MNIST names them.
pub fn write_mnist(directory: &Path, part: &str, lengths: [u32; 3], pixels: &[u8], labels: &[u8]) {
    fs::create_dir_all(directory).unwrap();
    let images = directory.join(format!("{part}-images-idx3-ubyte"));
    fs::write(images, idx(&lengths, pixels)).unwrap();
    let list = directory.join(format!("{part}-labels-idx1-ubyte"));
    fs::write(list, idx(&[labels.len() as u32], labels)).unwrap();
}

/// Writes a grey image, with the folders that it needs.
pub fn write_grey(path: &Path, width: u32, pixels: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let height = pixels.len() as u32 / width;
    let image = GrayImage::from_raw(width, height, pixels.to_vec());
    image.unwrap().save(path).unwrap();
}

/// Writes an image whose colour at (x, y) `colour` tells.
pub fn write_colour(path: &Path, width: u32, height: u32, colour: impl Fn(u32, u32) -> [u8; 3]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let image = RgbImage::from_fn(width, height, |x, y| image::Rgb(colour(x, y)));
    image.save(path).unwrap();
}

/// Every file below `directory`, by its path in there, with its bytes.
pub fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if path.is_dir() {
            let inner = contents(&path).into_iter();
            files.extend(inner.map(|(path, bytes)| (name.join(path), bytes)));
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}
