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

/// The photo files of either part.
pub(super) struct PhotoFiles {
    train: Vec<PathBuf>,
    test: Vec<PathBuf>,
}

impl PhotoFiles {
    /// Takes the folders `train` and `val` (or `test`) where they are there, else splits all by `seed`.
    pub(super) fn find(directory: &Path, seed: u64) -> Result<Self> {
        let files = match split_folders(directory) {
            Some([train, test]) => {
                Self { train: Listing::within(&train)?.images, test: Listing::within(&test)?.images }
            }
            None => Self::split(Listing::within(directory)?.images, seed),
        };
        let (train, test) = (files.train.len(), files.test.len());
        if train == 0 || test == 0 {
            let expected = format!("{} for either part, so two at the least", images_wanted());
            let found = format!("{train} for train and {test} for test");
            return Err(Error::file(directory, expected, found));
        }
        check_disjoint(&files)?;
        Ok(files)
    }

    fn split(files: Vec<PathBuf>, seed: u64) -> Self {
        let order = order::shuffled(files.len(), &mut rng::stream(seed, "mnist-m/photos"));
        let kept = (files.len() / TEST_SHARE).max(1).min(files.len());
        let pick = |indices: &[u32]| indices.iter().map(|&i| files[i as usize].clone()).collect();
        Self { test: pick(&order[..kept]), train: pick(&order[kept..]) }
    }

    fn of(&self, part: Part) -> &[PathBuf] {
        match part {
            Part::Train => &self.train,
            Part::Test => &self.test,
        }
    }

    /// Decodes the photos of `part`, none smaller than `side`.
    pub(super) fn decode(&self, part: Part, side: u32) -> Result<Vec<RgbImage>> {
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
