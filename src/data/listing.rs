//! What lies in a directory, in an order that does not depend on the file system.

use super::kinds;
use crate::error::{Error, Result};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The image formats that are read, by file name extension.
const EXTENSIONS: [&str; 12] =
    ["png", "jpg", "jpeg", "jfif", "jpe", "bmp", "dib", "gif", "tif", "tiff", "webp", "apng"];
/// What systems and other programs leave in folders, beside all that is hidden.
const LITTER: [&str; 7] = [
    "__macosx",
    "@eadir",
    "thumbs.db",
    "desktop.ini",
    "#recycle",
    "$recycle.bin",
    "system volume information",
];

/// Where links may lead.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    Anywhere,
    Inside,
}

/// Which files are wanted.
type Wanted<'a> = &'a dyn Fn(&Path) -> bool;

/// The images and folders of one directory, each sorted by name.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) images: Vec<PathBuf>,
    pub(super) folders: Vec<PathBuf>,
    /// Files that are no images, and what is hidden or left by systems.
    pub(super) others: Vec<PathBuf>,
}

impl Listing {
    /// Of a folder that somebody has put together: links lead anywhere, and images are known by their names or, where
    /// those say nothing, by what is in them.
    pub(super) fn of(directory: &Path) -> Result<Self> {
        list(directory, Links::Anywhere, &is_image)
    }

    /// Of a folder that has come from elsewhere as a whole: a link out of it could feed any file to the reader.
    pub(super) fn within(directory: &Path) -> Result<Self> {
        list(directory, Links::Inside, &|path| has_extension(path, &EXTENSIONS))
    }

    /// Everything in `folder` and below it: the files of a folder by name, then those of its folders.
    pub(super) fn below(folder: &Path) -> Result<Self> {
        let mut found = Self::default();
        collect(folder, &mut Vec::new(), Links::Anywhere, &is_image, &mut found)?;
        Ok(found)
    }
}

/// Every image in `folder` and below it: those of a folder by name, then those of its folders.
///
/// # Errors
/// [`Error::Io`] naming the folder that cannot be listed, [`Error::Input`] naming a link that leads back to a folder that it
/// lies in.
pub fn images_below(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(Listing::below(folder)?.images)
}

/// As [`images_below`], for files with any of `extensions`.
#[cfg(feature = "fetch")]
pub(super) fn files_below(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Listing::default();
    let wanted = |path: &Path| has_extension(path, extensions);
    collect(folder, &mut Vec::new(), Links::Inside, &wanted, &mut found)?;
    Ok(found.images)
}

/// Adds what is in `folder`, which lies in the folders `above`, and below it.
fn collect(
    folder: &Path,
    above: &mut Vec<PathBuf>,
    links: Links,
    wanted: Wanted<'_>,
    found: &mut Listing,
) -> Result<()> {
    let real = fs::canonicalize(folder).map_err(Error::io(folder, "resolve"))?;
    if above.contains(&real) {
        let back = format!("a link back to {}", real.display());
        return Err(Error::file(folder, "a folder that does not lie in itself", back));
    }
    above.push(real);
    let Listing { images, folders, others } = list(folder, links, wanted)?;
    found.images.extend(images);
    found.others.extend(others);
    for inner in &folders {
        collect(inner, above, links, wanted, found)?;
    }
    above.pop();
    Ok(())
}

fn list(directory: &Path, links: Links, wanted: Wanted<'_>) -> Result<Listing> {
    let mut found = Listing::default();
    for entry in fs::read_dir(directory).map_err(Error::io(directory, "list"))? {
        let path = entry.map_err(Error::io(directory, "list"))?.path();
        if is_litter(&path) {
            found.others.push(path);
            continue;
        }
        if links == Links::Inside {
            refuse_to_leave(directory, &path)?;
        }
        match fs::metadata(&path) {
            Ok(kind) if kind.is_dir() => found.folders.push(path),
            Ok(kind) if kind.is_file() && wanted(&path) => found.images.push(path),
            Ok(_) => found.others.push(path),
            // A link into nowhere: whoever reads the images says so, beside what else cannot be read. A name without an
            // extension may be that of an image, too, or of a class.
            Err(_) if links == Links::Anywhere && (path.is_symlink() || is_named_image(&path)) => {
                let may_be_image = is_named_image(&path) || path.extension().is_none();
                if may_be_image { &mut found.images } else { &mut found.others }.push(path);
            }
            Err(e) => return Err(Error::io(&path, "follow the link")(e)),
        }
    }
    [&mut found.images, &mut found.folders, &mut found.others]
        .into_iter()
        .for_each(|paths| paths.sort_unstable());
    Ok(found)
}

/// A data set is what lies in its directory.
fn refuse_to_leave(directory: &Path, path: &Path) -> Result<()> {
    if !path.is_symlink() {
        return Ok(());
    }
    let inside = fs::canonicalize(directory).map_err(Error::io(directory, "resolve"))?;
    let target = fs::canonicalize(path).map_err(Error::io(path, "follow the link"))?;
    if target.starts_with(&inside) {
        return Ok(());
    }
    Err(Error::file(
        path,
        format_args!("a file or a link within {}", directory.display()),
        format_args!("a link to {}", target.display()),
    ))
}

fn is_litter(path: &Path) -> bool {
    let name = name_of(path).to_lowercase();
    name.starts_with('.') || LITTER.contains(&name.as_str())
}

/// By name, or else by the first bytes.
fn is_image(path: &Path) -> bool {
    if is_named_image(path) {
        return true;
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(kinds::START as u64).read_to_end(&mut start));
    read.is_ok() && kinds::is_picture(&start)
}

/// Be it of a kind that is not read: to leave out in silence what somebody has put there as an image would hide a mistake.
fn is_named_image(path: &Path) -> bool {
    has_extension(path, &EXTENSIONS) || kinds::named(path).is_some()
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
