//! What lies in a directory, in an order that does not depend on the file system.

use crate::error::{Error, Result};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The image formats that are read, by file name extension.
const EXTENSIONS: [&str; 5] = ["png", "jpg", "jpeg", "bmp", "webp"];

/// The images and folders of one directory, each sorted by name; hidden entries and others are left out.
pub(super) struct Listing {
    pub(super) images: Vec<PathBuf>,
    pub(super) folders: Vec<PathBuf>,
}

impl Listing {
    pub(super) fn of(directory: &Path) -> Result<Self> {
        let (images, folders) = list(directory, &EXTENSIONS)?;
        Ok(Self { images, folders })
    }
}

/// Every image in `folder` and below it: those of a folder by name, then those of its folders.
///
/// # Errors
/// [`Error::Io`] naming the folder that cannot be listed, [`Error::Input`] naming a link that leads out of it.
pub fn images_below(folder: &Path) -> Result<Vec<PathBuf>> {
    files_below(folder, &EXTENSIONS)
}

/// As [`images_below`], for files with any of `extensions`.
pub(super) fn files_below(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let (mut files, folders) = list(folder, extensions)?;
    for inner in &folders {
        files.extend(files_below(inner, extensions)?);
    }
    Ok(files)
}

/// The files with any of `extensions` in `directory`, and its folders.
fn list(directory: &Path, extensions: &[&str]) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(directory).map_err(Error::io(directory, "list"))? {
        let entry = entry.map_err(Error::io(directory, "list"))?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = kind_of(directory, &entry)?;
        let path = entry.path();
        if kind.is_dir() {
            folders.push(path);
        } else if kind.is_file() && has_extension(&path, extensions) {
            files.push(path);
        }
    }
    files.sort_unstable();
    folders.sort_unstable();
    Ok((files, folders))
}

/// What `entry` is, or what it links to.
fn kind_of(directory: &Path, entry: &fs::DirEntry) -> Result<fs::FileType> {
    let path = entry.path();
    let kind = entry.file_type().map_err(Error::io(&path, "inspect"))?;
    if !kind.is_symlink() {
        return Ok(kind);
    }
    refuse_to_leave(directory, &path)?;
    Ok(fs::metadata(&path).map_err(Error::io(&path, "follow the link"))?.file_type())
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

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    extensions.contains(&extension.to_ascii_lowercase().as_str())
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
