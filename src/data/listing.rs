//! What lies in a directory, in an order that does not depend on the file system.

use crate::error::{Error, Result};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The image formats that are read, by file name extension.
const EXTENSIONS: [&str; 5] = ["png", "jpg", "jpeg", "bmp", "webp"];

/// The images and folders of one directory, each sorted by name; hidden entries and others are left out.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) images: Vec<PathBuf>,
    pub(super) folders: Vec<PathBuf>,
}

impl Listing {
    pub(super) fn of(directory: &Path) -> Result<Self> {
        let mut listing = Self::default();
        for entry in fs::read_dir(directory).map_err(Error::io(directory, "list"))? {
            let entry = entry.map_err(Error::io(directory, "list"))?;
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                listing.add(directory, &entry)?;
            }
        }
        listing.images.sort_unstable();
        listing.folders.sort_unstable();
        Ok(listing)
    }

    fn add(&mut self, directory: &Path, entry: &fs::DirEntry) -> Result<()> {
        let path = entry.path();
        let mut kind = entry.file_type().map_err(Error::io(&path, "inspect"))?;
        if kind.is_symlink() {
            refuse_to_leave(directory, &path)?;
            kind = fs::metadata(&path).map_err(Error::io(&path, "follow the link"))?.file_type();
        }
        if kind.is_dir() {
            self.folders.push(path);
        } else if kind.is_file() && is_image(&path) {
            self.images.push(path);
        }
        Ok(())
    }
}

/// Every image in `folder` and below it: those of a folder by name, then those of its folders.
///
/// # Errors
/// [`Error::Io`] naming the folder that cannot be listed, [`Error::Input`] naming a link that leads out of it.
pub fn images_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut listing = Listing::of(folder)?;
    for inner in &listing.folders {
        listing.images.extend(images_below(inner)?);
    }
    Ok(listing.images)
}

/// A data set is what lies in its directory: a link out of it could feed any file to the reader.
fn refuse_to_leave(directory: &Path, link: &Path) -> Result<()> {
    let inside = fs::canonicalize(directory).map_err(Error::io(directory, "resolve"))?;
    let target = fs::canonicalize(link).map_err(Error::io(link, "follow the link"))?;
    if target.starts_with(&inside) {
        return Ok(());
    }
    Err(Error::file(
        link,
        format_args!("a file or a link within {}", directory.display()),
        format_args!("a link to {}", target.display()),
    ))
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str())
}

/// The last component of `path`, for people.
pub(super) fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// "images (png, jpg, …)", for error messages.
pub(super) fn images_wanted() -> String {
    format!("images ({})", EXTENSIONS.join(", "))
}
