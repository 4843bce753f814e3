//! Recognises how a data set is laid out on disk and hands it to the reader of that layout.

use super::dataset::Dataset;
use super::folders::Folders;
use super::idx;
use super::known::{KNOWN, unrecognised};
use super::options::LoadOptions;
use super::reading::check_frame;
use super::released::Released;
use super::wanted::{Labels, Part};
use crate::error::{Error, Result};
use crate::shape::Frame;
use std::path::Path;

enum Layout {
    Idx,
    MnistM(Released),
    Folders(Folders),
}

/// Reads `part` of the data set in the directory `path`, whatever its layout.
///
/// Images of other sizes come to that of `frame` as it says. All have three channels if any of them has colour, else one.
pub fn load(path: &Path, part: Part, frame: Frame, labels: Labels) -> Result<Dataset> {
    LoadOptions::new(frame, labels).load(path, part)
}

impl LoadOptions {
    /// Reads `part` of the data set in the directory `path`, as [`load`] does.
    ///
    /// # Errors
    /// [`Error::NoDataSet`], [`Error::Input`] naming what is wrong, [`Error::Unread`] with all images that cannot be read.
    pub fn load(&self, path: &Path, part: Part) -> Result<Dataset> {
        check_frame(self.frame)?;
        let data = match recognise(path)? {
            Layout::Idx => idx::load(path, part, self.frame, self.labels),
            Layout::MnistM(released) => released.load(part, self),
            // Of many pictures none is decoded in vain.
            Layout::Folders(folders) => return folders.load(part, self),
        }?;
        Ok(match self.wanted(data.len()) {
            Some(wanted) => data.only(wanted),
            None => data,
        })
    }

    /// Whether the data set in the directory `path` has a `part`, be it one that is set aside.
    ///
    /// # Errors
    /// As [`LoadOptions::load`], where there is no data set.
    pub fn has_part(&self, path: &Path, part: Part) -> Result<bool> {
        Ok((part == Part::Test && self.sets_aside(path)?) || has_part(path, part)?)
    }

    /// Whether the data set in the directory `path` has a test part with labels, be it one that is set aside.
    ///
    /// # Errors
    /// As [`LoadOptions::load`], where there is no data set.
    pub fn has_labelled_test(&self, path: &Path) -> Result<bool> {
        Ok(self.sets_aside(path)? || has_labelled_test(path)?)
    }

    /// Whether the data set in the directory `path` has a `part` with labels, be it one that is divided.
    #[cfg(feature = "report")]
    pub(crate) fn has_labels(&self, path: &Path, part: Part) -> Result<bool> {
        Ok(self.sets_aside(path)? || has_labels(path, part)?)
    }

    /// Whether images of the data set in the directory `path` are set aside as its test part.
    ///
    /// # Errors
    /// As [`LoadOptions::load`], where there is no data set.
    pub fn sets_aside(&self, path: &Path) -> Result<bool> {
        match recognise(path)? {
            Layout::Idx | Layout::MnistM(_) => Ok(false),
            Layout::Folders(folders) => Ok(folders.validation(self)?.is_some()),
        }
    }
}

/// Whether the data set in the directory `path` has a `part` at all.
pub fn has_part(path: &Path, part: Part) -> Result<bool> {
    Ok(match recognise(path)? {
        Layout::Idx => idx::has(path, part),
        Layout::MnistM(released) => released.has(part),
        Layout::Folders(folders) => folders.root(part).is_some(),
    })
}

/// Whether the data set in the directory `path` has a test part with labels.
pub fn has_labelled_test(path: &Path) -> Result<bool> {
    has_labels(path, Part::Test)
}

/// Whether the data set in the directory `path` has a `part` with labels.
fn has_labels(path: &Path, part: Part) -> Result<bool> {
    Ok(match recognise(path)? {
        Layout::Idx => idx::has_labels(path, part),
        Layout::MnistM(released) => released.has_labels(part),
        Layout::Folders(folders) => folders.has_classes(part)?,
    })
}

fn recognise(path: &Path) -> Result<Layout> {
    if !path.is_dir() {
        return Err(match path.exists() {
            true => unrecognised(path, "a file"),
            false => Error::NoDataSet { path: path.to_path_buf(), expected: KNOWN },
        });
    }
    if [Part::Train, Part::Test].iter().any(|&part| idx::has(path, part)) {
        return Ok(Layout::Idx);
    }
    if let Some(released) = Released::recognise(path) {
        return Ok(Layout::MnistM(released));
    }
    Folders::recognise(path)?
        .map(Layout::Folders)
        .ok_or_else(|| unrecognised(path, "neither images nor folders"))
}
