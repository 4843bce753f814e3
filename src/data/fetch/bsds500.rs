//! Fetches the photos of BSDS500 (Arbeláez, Maire, Fowlkes, Malik), the backgrounds of MNIST-M.

use super::download::{Downloader, Outcome, Patience, Source};
use super::fetched_nowhere;
use crate::data::Progress;
use crate::data::digest::Digest;
use crate::data::listing::Listing;
use crate::data::staging::Staging;
use crate::data::task::Task;
use crate::error::{Error, Result};
use flate2::read::GzDecoder;
use std::fs::File;
use std::io;
use std::path::Path;
use tar::Archive;

const URL: &str = "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz";
const BYTES: u64 = 70_763_455;
const SHA256: &str = "97e49d31764f3912f0c4122707d53062ac9e783ba0f095e447a4d53c1a41af8e";
/// Where in the archive the folders of photos are.
const FOLDER: &str = "BSR/BSDS500/data/images";
/// These folders, each under its own name.
const PARTS: [&str; 3] = ["train", "val", "test"];
/// The name of the archive while it is worked on.
const ARCHIVE: &str = "archive.tgz";

/// Fetches the photos into the folders `train`, `val` and `test` of `directory`, unless they are there.
pub fn fetch_bsds500(directory: &Path, progress: &dyn Progress) -> Result<()> {
    let source = Source { url: URL.to_owned(), digest: Digest::new(BYTES, SHA256) };
    fetch_from(&[source], Patience::default(), directory, progress)
}

pub(super) fn fetch_from(
    sources: &[Source],
    patience: Patience,
    directory: &Path,
    progress: &dyn Progress,
) -> Result<()> {
    if is_there(directory)? {
        log::info!("{}: already there", directory.display());
        return Ok(());
    }
    let staging = Staging::in_directory(directory)?;
    let mut downloader = Downloader::new(patience, progress);
    let outcome = downloader.download(sources, &staging.path(ARCHIVE))?;
    if let Outcome::Failed(reasons) = outcome {
        return fetched_nowhere("BSDS500", &reasons);
    }
    unpack(&staging, progress)?;
    for part in PARTS {
        staging.publish(part, &directory.join(part))?;
    }
    Ok(())
}

/// Whether every folder has photos; some but not all is an error, as nothing is overwritten.
fn is_there(directory: &Path) -> Result<bool> {
    let mut present = Vec::new();
    for part in PARTS {
        let folder = directory.join(part);
        if folder.exists() && !Listing::within(&folder)?.images.is_empty() {
            present.push(part);
        }
    }
    if present.is_empty() || present.len() == PARTS.len() {
        return Ok(!present.is_empty());
    }
    let expected = format!("photos in all of {}, or in none", PARTS.join(", "));
    let found = format!("photos in {} only; move them away and fetch again", present.join(", "));
    Err(Error::file(directory, expected, found))
}

/// Unpacks the photos, and nothing else, next to the archive.
fn unpack(staging: &Staging, progress: &dyn Progress) -> Result<()> {
    let path = staging.path(ARCHIVE);
    let task = Task::start(progress, "unpacking BSDS500", None);
    for part in PARTS {
        staging.directory(part)?;
    }
    let file = File::open(&path).map_err(Error::io(&path, "open"))?;
    let mut archive = Archive::new(GzDecoder::new(file));
    let unreadable = |error: io::Error| Error::file(&path, "an archive of photos", error);
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let name = entry.path().map_err(unreadable)?.into_owned();
        let Some((part, photo)) = photo_of(&name) else {
            continue;
        };
        let target = staging.path(part).join(photo);
        let mut output = File::create(&target).map_err(Error::io(&target, "create"))?;
        let copied = io::copy(&mut entry, &mut output);
        copied.map_err(Error::io(&target, "unpack"))?;
        task.advance(1);
    }
    Ok(())
}

/// The part and the file name of a photo in the archive.
fn photo_of(path: &Path) -> Option<(&'static str, &str)> {
    let inner = path.strip_prefix(FOLDER).ok()?;
    let part = PARTS.into_iter().find(|part| inner.starts_with(part))?;
    let photo = inner.strip_prefix(part).ok()?.to_str()?;
    (photo.ends_with(".jpg") && !photo.contains(['/', '\\'])).then_some((part, photo))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_photos_are_taken_and_none_leaves_its_folder() {
        let photo = |inner: &str| {
            let path = format!("BSR/BSDS500/data/images/{inner}");
            photo_of(Path::new(&path)).map(|(part, name)| format!("{part}/{name}"))
        };
        assert_eq!(photo("val/1.jpg").as_deref(), Some("val/1.jpg"));
        for other in ["val/1.mat", "val/a/1.jpg", "val/../1.jpg", "val/../../val/1.jpg", "all/1.jpg"] {
            assert_eq!(photo(other), None, "{other}");
        }
        assert!(photo_of(Path::new("/BSR/BSDS500/data/images/val/1.jpg")).is_none());
        assert!(photo_of(Path::new("BSR/bench/1.jpg")).is_none());
    }
}
