//! Folders of images: one sub-folder a class, in `train` and `test` or not, or unlabelled images.

use super::dataset::Dataset;
use super::known;
use super::listing::{Listing, images_wanted, name_of};
use super::pictures;
use super::wanted::{Labels, Part};
use crate::error::{Error, Result};
use crate::shape::Frame;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Further parts that may lie next to `train` and `test`; they are left alone.
const OTHER_PARTS: [&str; 3] = ["val", "valid", "validation"];
/// Labels have 16 bits.
const MOST_CLASSES: usize = 1 << 16;

/// A directory with images in it or below it.
pub(super) struct Folders {
    path: PathBuf,
    /// Whether `path` holds the parts; else it is the training part itself.
    split: bool,
}

/// Image files in order, with a label each.
type LabelledFiles = (Vec<PathBuf>, Vec<u16>);

impl Folders {
    /// Recognises the layout by what `path` holds.
    pub(super) fn recognise(path: &Path) -> Result<Option<Self>> {
        let listing = Listing::of(path)?;
        if listing.images.is_empty() && listing.folders.is_empty() {
            return Ok(None);
        }
        let names: Vec<String> = listing.folders.iter().map(|path| name_of(path)).collect();
        let is_part = |name: &String| [Part::Train.name(), Part::Test.name()].contains(&&**name);
        let may_be = |name: &String| is_part(name) || OTHER_PARTS.contains(&&**name);
        // A class may well be called "train": it is a part only where nothing but parts is around.
        Ok(Some(Self {
            path: path.to_path_buf(),
            split: names.iter().any(is_part) && names.iter().all(may_be),
        }))
    }

    /// The directory of `part`, if there is one.
    pub(super) fn root(&self, part: Part) -> Option<PathBuf> {
        match (self.split, part) {
            (true, _) => Some(self.path.join(part.name())).filter(|root| root.is_dir()),
            (false, Part::Train) => Some(self.path.clone()),
            (false, Part::Test) => None,
        }
    }

    /// Whether `part` is there and sorted into a folder a class.
    pub(super) fn has_classes(&self, part: Part) -> Result<bool> {
        match self.root(part) {
            Some(root) => Ok(!Listing::of(&root)?.folders.is_empty()),
            None => Ok(false),
        }
    }

    /// Reads `part`; folders of classes lose their labels where these are not wanted.
    pub(super) fn load(&self, part: Part, frame: Frame, labels: Labels) -> Result<Dataset> {
        let origin = self.root(part).ok_or_else(|| {
            let expected = format!("a folder called {part}, with {}", images_wanted());
            Error::file(&self.path, expected, "none")
        })?;
        let listing = Listing::of(&origin)?;
        let (files, labels, classes) = match labels {
            Labels::Required => {
                let ((files, labels), classes) = self.labelled(&origin, &listing)?;
                (files, Some(labels), classes)
            }
            Labels::Ignored => (all_files(&origin, listing)?, None, Vec::new()),
        };
        if files.is_empty() {
            let found = format!("no {}", images_wanted());
            return Err(known::unrecognised(&origin, found));
        }
        pictures::decode_all(&files, frame, (labels, classes), &origin)
    }

    fn labelled(&self, origin: &Path, listing: &Listing) -> Result<(LabelledFiles, Vec<String>)> {
        if listing.folders.is_empty() && !listing.images.is_empty() {
            return Err(Error::file(
                origin,
                "one sub-folder a class, as labels are needed",
                format_args!("{} images without a class", listing.images.len()),
            ));
        }
        let classes = self.classes()?;
        Ok((labelled_files(origin, listing, &classes)?, classes))
    }

    /// The classes of both parts together: a class that one part lacks must not shift the others' labels.
    fn classes(&self) -> Result<Vec<String>> {
        let mut classes = Vec::new();
        for root in [Part::Train, Part::Test].map(|part| self.root(part)) {
            let folders =
                root.map_or(Ok(Vec::new()), |root| Listing::of(&root).map(|listing| listing.folders))?;
            classes.extend(folders.iter().map(|path| name_of(path)));
        }
        sort_by_name_or_number(&mut classes);
        classes.dedup();
        check_count(&self.path, classes.len())?;
        Ok(classes)
    }
}

fn check_count(path: &Path, classes: usize) -> Result<()> {
    if classes <= MOST_CLASSES {
        return Ok(());
    }
    Err(Error::file(path, format_args!("at most {MOST_CLASSES} class folders"), classes))
}

/// The files of every class folder in `listing`, labelled with its place in `classes`.
fn labelled_files(origin: &Path, listing: &Listing, classes: &[String]) -> Result<LabelledFiles> {
    let (mut files, mut labels) = LabelledFiles::default();
    let folders: HashMap<String, &PathBuf> =
        listing.folders.iter().map(|path| (name_of(path), path)).collect();
    for (label, class) in (0..=u16::MAX).zip(classes) {
        let Some(folder) = folders.get(class) else { continue };
        files.extend(class_files(folder)?);
        labels.resize(files.len(), label);
    }
    check_no_strays(origin, listing)?;
    Ok((files, labels))
}

/// Every image of a flat folder or of its class folders.
fn all_files(origin: &Path, listing: Listing) -> Result<Vec<PathBuf>> {
    if listing.folders.is_empty() {
        return Ok(listing.images);
    }
    check_no_strays(origin, &listing)?;
    let files = listing.folders.iter().map(|path| class_files(path));
    Ok(files.collect::<Result<Vec<_>>>()?.concat())
}

/// Images beside class folders belong to no class: leaving them out in silence would hide a mistake.
fn check_no_strays(origin: &Path, listing: &Listing) -> Result<()> {
    match listing.images.first() {
        None => Ok(()),
        Some(stray) => Err(Error::file(
            origin,
            "either class folders or images",
            format_args!("{} beside class folders", name_of(stray)),
        )),
    }
}

fn class_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let listing = Listing::of(folder)?;
    match listing.folders.first() {
        None => Ok(listing.images),
        Some(inner) => Err(known::unrecognised(
            folder,
            format_args!("a further folder {} in what should be one class", name_of(inner)),
        )),
    }
}

/// By number where all names are numbers, so that "10" follows "9".
fn sort_by_name_or_number(names: &mut [String]) {
    let numbers: Option<Vec<u64>> = names.iter().map(|name| name.parse().ok()).collect();
    match numbers {
        // The name settles "1" against "01", which are two folders.
        Some(_) => names.sort_by_key(|name| (name.parse::<u64>().ok(), name.clone())),
        None => names.sort(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_room_for_so_many_classes_and_no_more() {
        assert!(check_count(Path::new("photos"), 65_536).is_ok());
        let error = check_count(Path::new("photos"), 65_537).unwrap_err().to_string();
        assert_eq!(error, "photos: expected at most 65536 class folders, found 65537");
    }
}
