//! Photos as backgrounds. No photo serves both parts, or the test would tell how well backgrounds were
//! learnt by heart.

use crate::data::Part;
use crate::data::listing::{Listing, images_wanted};
use crate::data::{decode, order};
use crate::error::{Error, Result};
use crate::rng;
use image::RgbImage;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// One photo in so many is kept for the test part where the photos come unsplit.
const TEST_SHARE: usize = 3;
/// Folders that may hold the photos of the test part, the first that exists.
const TEST_FOLDERS: [&str; 2] = ["val", "test"];

/// What the photos of a part may take in memory, as all are there at once.
const MOST_BYTES: u64 = 2 << 30;

/// The photo files of either part.
pub(super) struct PhotoFiles {
    directory: PathBuf,
    train: Vec<PathBuf>,
    test: Vec<PathBuf>,
}

impl PhotoFiles {
    /// Takes the folders `train` and `val` (or `test`) where they are there, else splits all by `seed`.
    pub(super) fn find(directory: &Path, seed: u64) -> Result<Self> {
        let [train, test] = match split_folders(directory) {
            Some([train, test]) => [Listing::within(&train)?.images, Listing::within(&test)?.images],
            None => split(Listing::within(directory)?.images, seed),
        };
        let files = Self { directory: directory.to_path_buf(), train, test };
        let (train, test) = (files.train.len(), files.test.len());
        if train == 0 || test == 0 {
            let expected = format!("{} for either part, so two at the least", images_wanted());
            let found = format!("{train} for train and {test} for test");
            return Err(Error::file(directory, expected, found));
        }
        check_disjoint(&files)?;
        Ok(files)
    }

    fn of(&self, part: Part) -> &[PathBuf] {
        match part {
            Part::Train => &self.train,
            Part::Test => &self.test,
        }
    }

    /// Decodes the photos of `part`, none smaller than `side`.
    pub(super) fn decode(&self, part: Part, side: u32) -> Result<Vec<RgbImage>> {
        self.check_memory(part)?;
        let photo = |path: &PathBuf| {
            let photo = decode::decode(path, &decode::read(path)?)?.into_rgb8();
            let (width, height) = photo.dimensions();
            if width.min(height) >= side {
                return Ok(photo);
            }
            let expected = format!("a photo of at least {side}×{side} pixels");
            Err(Error::file(path, expected, format_args!("{height}×{width}")))
        };
        self.of(part).par_iter().map(photo).collect()
    }

    /// Refuses photos of a part that take more memory than there should be, by what their headers say.
    fn check_memory(&self, part: Part) -> Result<()> {
        let bytes = |path: &PathBuf| {
            // What has no header is told when it is decoded.
            let (width, height) = decode::dimensions(&decode::read(path)?).unwrap_or_default();
            Ok(3 * u64::from(width) * u64::from(height))
        };
        let bytes: Vec<u64> = self.of(part).par_iter().map(bytes).collect::<Result<_>>()?;
        let bytes = bytes.into_iter().fold(0, u64::saturating_add);
        if bytes <= MOST_BYTES {
            return Ok(());
        }
        let photos = self.of(part).len();
        let expected = format!(
            "photos for the {part} part that take at most {} MiB when decoded (scale them down, or use fewer)",
            MOST_BYTES >> 20
        );
        Err(Error::file(&self.directory, expected, format!("{photos} that take {} MiB", bytes >> 20)))
    }
}

/// The photos for training and those for testing.
fn split(files: Vec<PathBuf>, seed: u64) -> [Vec<PathBuf>; 2] {
    let order = order::shuffled(files.len(), &mut rng::stream(seed, "mnist-m/photos"));
    let kept = (files.len() / TEST_SHARE).max(1).min(files.len());
    let pick = |indices: &[u32]| indices.iter().map(|&i| files[i as usize].clone()).collect();
    [pick(&order[kept..]), pick(&order[..kept])]
}

fn split_folders(directory: &Path) -> Option<[PathBuf; 2]> {
    let folder = |name| Some(directory.join(name)).filter(|path| path.is_dir());
    Some([folder("train")?, TEST_FOLDERS.into_iter().find_map(folder)?])
}

/// Compares contents, as the same photo may lie in both parts under two names.
fn check_disjoint(files: &PhotoFiles) -> Result<()> {
    let hashed = |path: &PathBuf| Ok((Sha256::digest(decode::read(path)?), path.clone()));
    let train: HashMap<_, _> = files.train.par_iter().map(hashed).collect::<Result<_>>()?;
    let test: Vec<_> = files.test.par_iter().map(hashed).collect::<Result<_>>()?;
    for (hash, path) in &test {
        if let Some(twin) = train.get(hash) {
            let found = format!("the same image as {}", twin.display());
            return Err(Error::file(path, "a photo that only the test part has", found));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a BMP file, without its pixels.
    fn header(side: u32) -> Vec<u8> {
        let mut bytes = b"BM".to_vec();
        bytes.extend([54, 0, 54, 40, side, side, 1 | 24 << 16].map(u32::to_le_bytes).as_flattened());
        bytes.resize(54, 0);
        bytes
    }

    #[test]
    fn photos_beyond_all_memory_are_told_before_they_are_decoded() {
        let root = tempfile::tempdir().expect("a directory");
        for (name, side) in [("val/a.bmp", 8000), ("train/0.bmp", 8001)] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, header(side)).expect("a photo");
        }
        let decode = |part| {
            let files = PhotoFiles::find(root.path(), 1).expect("photos");
            files.decode(part, 32).expect_err("no pixels").to_string()
        };
        assert!(decode(Part::Train).contains("0.bmp: expected an image that can be decoded"));
        for copy in 1..12 {
            let to = root.path().join(format!("train/{copy}.bmp"));
            std::fs::copy(root.path().join("train/0.bmp"), to).expect("a copy");
        }
        let words = "expected photos for the train part that take at most 2048 MiB when decoded (scale them down, or use \
                     fewer), found 12 that take 2197 MiB";
        let error = decode(Part::Train);
        assert!(error.ends_with(words), "{error}");
        assert!(decode(Part::Test).contains("a.bmp: expected an image that can be decoded"));
    }
}
