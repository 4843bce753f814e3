//! Folders of images: one sub-folder a class, in `train` and `test` or not, or unlabelled images.

use super::dataset::Dataset;
use super::known;
use super::listing::{Listing, images_wanted, name_of};
use super::options::LoadOptions;
use super::parts::{Parts, parts};
use super::pictures::{self, Files};
use super::validation::Validation;
use super::wanted::{Labels, Part};
use crate::error::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Labels have 16 bits.
const MOST_CLASSES: usize = 1 << 16;

/// A directory with images in it or below it.
pub(super) struct Folders {
    path: PathBuf,
    parts: Parts,
}

impl Folders {
    /// Recognises the layout by what `path` holds.
    pub(super) fn recognise(path: &Path) -> Result<Option<Self>> {
        let listing = Listing::of(path)?;
        if listing.images.is_empty() && listing.folders.is_empty() {
            return Ok(None);
        }
        let path = path.to_path_buf();
        if let Some(parts) = parts(&listing)? {
            return Ok(Some(Self { path, parts }));
        }
        // As in Office-31, whose domains hold their classes in a folder `images`.
        if let ([], [only]) = (&listing.images[..], &listing.folders[..]) {
            let inner = Listing::of(only)?;
            if inner.images.is_empty() && (inner.folders.len() > 1 || parts(&inner)?.is_some()) {
                return Self::recognise(only);
            }
        }
        let parts = Parts { train: Some(path.clone()), test: None, left_out: Vec::new() };
        Ok(Some(Self { path, parts }))
    }

    /// The directory of `part`, if there is one.
    pub(super) fn root(&self, part: Part) -> Option<&PathBuf> {
        match part {
            Part::Train => self.parts.train.as_ref(),
            Part::Test => self.parts.test.as_ref(),
        }
    }

    /// Whether `part` is there and sorted into a folder a class. Images beside the folders say of a training part, which may
    /// be without labels, that it is not; of a test part they are a mistake, which whoever reads it is told.
    pub(super) fn has_classes(&self, part: Part) -> Result<bool> {
        let Some(root) = self.root(part) else { return Ok(false) };
        let Listing { images, folders, .. } = Listing::of(root)?;
        Ok(!folders.is_empty() && (images.is_empty() || part == Part::Test))
    }

    /// Reads `part`; folders of classes lose their labels where these are not wanted.
    pub(super) fn load(&self, part: Part, options: &LoadOptions) -> Result<Dataset> {
        let validation = self.validation(options)?;
        let root = self.root(if validation.is_some() { Part::Train } else { part });
        let origin = root.ok_or_else(|| {
            let expected = format!("a folder called {part}, with {}", images_wanted());
            Error::file(&self.path, expected, "none")
        })?;
        let listing = Listing::of(origin)?;
        let mut files = match options.labels {
            Labels::Required => self.labelled(origin, &listing)?,
            Labels::Ignored => all_files(origin)?,
        };
        if files.paths.is_empty() {
            let found = format!("no {}", images_wanted());
            return Err(known::unrecognised(origin, found));
        }
        let divided = validation.map(|validation| {
            let division = validation.divide(origin, &files.paths);
            let [train, test] = division.words();
            files.keep(|index| division.is_test[index] == (part == Part::Test));
            if part == Part::Test { test } else { train }
        });
        if let (Part::Train, Some(labels)) = (part, &files.labels) {
            check_every_class(&listing, &files.classes, labels)?;
        }
        if let Some(wanted) = options.wanted(files.paths.len()) {
            files = files.only(wanted);
        }
        let some = options.most.is_some();
        let data = pictures::decode_all(files, options, origin)?;
        // Once more, as those left out may have been all of a class.
        if let (Part::Train, Some(labels), false) = (part, &data.labels, some) {
            check_every_class(&listing, &data.classes, labels)?;
        }
        let told = self.parts.left_out.iter().filter(|(of, _)| *of == part);
        let remarks = told.map(|(_, words)| words.clone()).collect();
        Ok(Dataset { divided, remarks, ..data })
    }

    /// How images are set aside as a test part: not where there is one, nor where they lie in no class folders.
    pub(super) fn validation(&self, options: &LoadOptions) -> Result<Option<Validation>> {
        let applies = self.parts.test.is_none() && self.has_classes(Part::Train)?;
        Ok(options.validation.filter(|_| applies))
    }

    fn labelled(&self, origin: &Path, listing: &Listing) -> Result<Files> {
        if listing.folders.is_empty() && !listing.images.is_empty() {
            return Err(Error::file(
                origin,
                "one sub-folder a class, as labels are needed",
                format_args!("{} images without a class", listing.images.len()),
            ));
        }
        check_one_domain(origin, listing)?;
        labelled_files(origin, listing, self.classes()?)
    }

    /// The classes of both parts together: a class that one part lacks must not shift the others' labels.
    fn classes(&self) -> Result<Vec<String>> {
        let mut classes = Vec::new();
        for root in [Part::Train, Part::Test].map(|part| self.root(part)) {
            let folders =
                root.map_or(Ok(Vec::new()), |root| Listing::of(root).map(|listing| listing.folders))?;
            for folder in &folders {
                classes.push(class_name(folder)?.to_owned());
            }
        }
        sort_by_name_or_number(&mut classes);
        classes.dedup();
        check_count(&self.path, classes.len())?;
        Ok(classes)
    }
}

/// The class that `folder` holds. A name that is no text is shown in part alone, by which two folders could be the same.
fn class_name(folder: &Path) -> Result<&str> {
    let name = folder.file_name().and_then(OsStr::to_str);
    name.ok_or_else(|| {
        Error::file(folder, "a class folder whose name is UTF-8 (rename it)", "a name in another encoding")
    })
}

fn check_count(path: &Path, classes: usize) -> Result<()> {
    if classes <= MOST_CLASSES {
        return Ok(());
    }
    Err(Error::file(path, format_args!("at most {MOST_CLASSES} class folders"), classes))
}

/// The files of every class folder in `listing` and below it, labelled with its place in `classes`.
fn labelled_files(origin: &Path, listing: &Listing, classes: Vec<String>) -> Result<Files> {
    let (mut paths, mut labels, mut others) = (Vec::new(), Vec::new(), listing.others.len());
    let named = listing.folders.iter().map(|path| Ok((class_name(path)?, path)));
    let folders: HashMap<&str, &PathBuf> = named.collect::<Result<_>>()?;
    for (label, class) in (0..=u16::MAX).zip(&classes) {
        let Some(folder) = folders.get(class.as_str()) else { continue };
        let found = Listing::below(folder)?;
        paths.extend(found.images);
        others += found.others.len();
        labels.resize(paths.len(), label);
    }
    check_no_strays(origin, listing)?;
    Ok(Files { paths, labels: Some(labels), classes, others })
}

/// Every image of a folder and below it.
fn all_files(origin: &Path) -> Result<Files> {
    let found = Listing::below(origin)?;
    Ok(Files { paths: found.images, others: found.others.len(), ..Files::default() })
}

/// Refuses a folder of several domains, whose names would pass for classes.
fn check_one_domain(origin: &Path, listing: &Listing) -> Result<()> {
    let [first, .., _] = &listing.folders[..] else { return Ok(()) };
    let mut common: Option<Vec<String>> = None;
    for folder in &listing.folders {
        let inner = Listing::of(folder)?;
        let names: Vec<String> = inner.folders.iter().map(|path| name_of(path)).collect();
        if !inner.images.is_empty() || names.is_empty() || common.as_ref().is_some_and(|seen| *seen != names)
        {
            return Ok(());
        }
        common = Some(names);
    }
    let common = common.unwrap_or_default();
    let is_number = |name: &String| name.chars().all(|c| c.is_ascii_digit());
    let is_domain = match &common[..] {
        // A domain of Office-31 has its class folders there, a class of Tiny ImageNet its pictures.
        [only] if only == "images" => !Listing::of(&first.join(only))?.folders.is_empty(),
        names => names.len() > 1 && !names.iter().all(is_number),
    };
    if !is_domain {
        return Ok(());
    }
    let names: Vec<String> = listing.folders.iter().map(|path| name_of(path)).collect();
    let expected = format!(
        "the folder of one domain, as {}, or classes with pictures in their folders",
        first.display()
    );
    let found = format!("{} folders ({}) that hold the same folders each", names.len(), names.join(", "));
    Err(Error::file(origin, expected, found))
}

/// Refuses a class folder in `listing` that has no image for its label in `classes`: nobody could learn it.
fn check_every_class(listing: &Listing, classes: &[String], labels: &[u16]) -> Result<()> {
    let seen: HashSet<u16> = labels.iter().copied().collect();
    let places: HashMap<&String, u16> = classes.iter().zip(0..=u16::MAX).collect();
    let is_empty = |path: &&PathBuf| places.get(&name_of(path)).is_some_and(|label| !seen.contains(label));
    match listing.folders.iter().find(is_empty) {
        None => Ok(()),
        Some(folder) => {
            let expected =
                format!("{} in the folder of each class; one without any may be removed", images_wanted());
            Err(Error::file(folder, expected, "none that can be read"))
        }
    }
}

/// Images beside class folders belong to no class: leaving them out in silence would hide a mistake.
fn check_no_strays(origin: &Path, listing: &Listing) -> Result<()> {
    match listing.images.first() {
        None => Ok(()),
        Some(stray) => {
            let nowhere = if stray.exists() { "" } else { " (a link into nowhere)" };
            let found = format!("{}{nowhere} beside class folders", name_of(stray));
            Err(Error::file(origin, "either class folders or images", found))
        }
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

    #[cfg(target_os = "linux")]
    #[test]
    fn class_folders_whose_names_are_no_text_are_not_taken_for_one_another() {
        use crate::shape::Frame;
        use std::os::unix::ffi::OsStrExt as _;
        let root = tempfile::tempdir().expect("a directory");
        for name in [&b"ros\xe8"[..], b"ros\xe9", b"tea"] {
            let folder = root.path().join(OsStr::from_bytes(name));
            std::fs::create_dir(&folder).expect("a folder");
            image::GrayImage::new(1, 1).save(folder.join("1.png")).expect("a picture");
        }
        let read = |labels| {
            let folders = Folders::recognise(root.path()).expect("a listing").expect("folders");
            folders.load(Part::Train, &LoadOptions::new(Frame::new(1, 1), labels))
        };
        let error = read(Labels::Required).expect_err("no text").to_string();
        let words =
            ": expected a class folder whose name is UTF-8 (rename it), found a name in another encoding";
        assert!(error.contains("ros") && error.ends_with(words), "{error}");
        // Without labels, names say nothing.
        assert_eq!(read(Labels::Ignored).expect("images").len(), 3);
    }
}
