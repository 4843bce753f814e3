//! Which folders of a data set are its parts.

use super::listing::{Listing, name_of};
use super::wanted::Part;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// What the folders of parts are called, in any case.
const TRAIN: [&str; 2] = ["train", "training"];
const TEST: [&str; 2] = ["test", "testing"];
/// Serves as the test part where there is none with labels, and is left alone otherwise.
const VALIDATION: [&str; 3] = ["val", "valid", "validation"];

/// The parts of a data set.
pub(super) struct Parts {
    pub(super) train: Option<PathBuf>,
    pub(super) test: Option<PathBuf>,
    /// In words, what is left out, each told with the part that it concerns.
    pub(super) left_out: Vec<(Part, String)>,
}

/// The folders of a directory, by what they are called.
struct Named<'a> {
    train: Vec<&'a PathBuf>,
    test: Vec<&'a PathBuf>,
    validation: Vec<&'a PathBuf>,
    others: Vec<&'a PathBuf>,
    /// Images beside the folders.
    loose: &'a [PathBuf],
}

impl<'a> Named<'a> {
    fn of(listing: &'a Listing) -> Self {
        let folders = &listing.folders;
        let called = |path: &&PathBuf, names: &[&str]| names.contains(&name_of(path).to_lowercase().as_str());
        let all = |names: &[&str]| folders.iter().filter(|path| called(path, names)).collect();
        let is_part =
            |path: &&PathBuf| [&TRAIN[..], &TEST, &VALIDATION].iter().any(|names| called(path, names));
        let others = folders.iter().filter(|path| !is_part(path)).collect();
        let (train, test, validation) = (all(&TRAIN), all(&TEST), all(&VALIDATION));
        Self { train, test, validation, others, loose: &listing.images }
    }

    /// A class may well be called "train": one such name says nothing where other folders are beside it, two do.
    fn are_parts(&self) -> bool {
        let judges = !self.test.is_empty() || !self.validation.is_empty();
        match self.others[..] {
            [] => !self.train.is_empty() || !self.test.is_empty(),
            _ => !self.train.is_empty() && judges,
        }
    }

    /// The folder to judge by, and in words which one it stands in for: nobody can be judged by images without labels.
    fn judging(&self) -> Result<(Option<PathBuf>, Option<String>)> {
        let validation = || one(Part::Test, &self.validation);
        let Some(test) = one(Part::Test, &self.test)? else { return Ok((validation()?, None)) };
        let has_classes = |folder: &Path| Ok(!Listing::of(folder)?.folders.is_empty());
        if self.validation.is_empty() || has_classes(&test)? {
            return Ok((Some(test), None));
        }
        match validation()? {
            Some(stand_in) if has_classes(&stand_in)? => {
                let (test, by) = (test.display(), stand_in.display());
                let words =
                    format!("{test}: no class folders, so no labels: left out, and {by} is the test part");
                Ok((Some(stand_in), Some(words)))
            }
            _ => Ok((Some(test), None)),
        }
    }

    /// What the folders of parts are called.
    fn names(&self) -> String {
        let judges = self.test.iter().chain(&self.validation);
        let parts: Vec<String> = self.train.iter().chain(judges).map(|path| name_of(path)).collect();
        parts.join(", ")
    }

    /// Refuses images that lie beside the parts without a folder: they belong to neither.
    fn check_no_loose(&self) -> Result<()> {
        let Some(first) = self.loose.first() else { return Ok(()) };
        let parts = self.names();
        let expected = format!(
            "no images beside the parts {parts} (move them into one of these or to another place; or, where these folders are \
             no parts, give {parts} other names)"
        );
        let found = format!("{} images, the first of them {}", self.loose.len(), name_of(first));
        Err(Error::file(first.parent().unwrap_or(first), expected, found))
    }

    /// Refuses folders of images beside the parts: whether they are a class, or left over, is anyone's guess.
    fn check_others(&self) -> Result<Vec<String>> {
        let parts = self.names();
        let mut empty = Vec::new();
        for folder in &self.others {
            let images = Listing::below(folder)?.images.len();
            if images > 0 {
                let expected = format!(
                    "no images beside the parts {parts} (move this folder to another place; or, where all of them are \
                     classes, give {parts} other names)"
                );
                return Err(Error::file(folder, expected, format_args!("{images} images")));
            }
            empty.push(format!("{}: a folder without images beside {parts}, left out", folder.display()));
        }
        Ok(empty)
    }
}

/// The parts that the folders in `listing` are, if they are any.
pub(super) fn parts(listing: &Listing) -> Result<Option<Parts>> {
    let named = Named::of(listing);
    if !named.are_parts() {
        return Ok(None);
    }
    let train = one(Part::Train, &named.train)?;
    let (test, stands_in) = named.judging()?;
    named.check_no_loose()?;
    let empty = named.check_others()?.into_iter().map(|words| (Part::Train, words));
    let left_out = empty.chain(stands_in.map(|words| (Part::Test, words))).collect();
    Ok(Some(Parts { train, test, left_out }))
}

/// The only one of the folders `found`, if there is any.
fn one(part: Part, found: &[&PathBuf]) -> Result<Option<PathBuf>> {
    match found {
        [] => Ok(None),
        [only] => Ok(Some((*only).clone())),
        [first, ..] => {
            let names: Vec<String> = found.iter().map(|path| name_of(path)).collect();
            let expected = format!("one folder of the {part} part");
            Err(Error::file(first.parent().unwrap_or(first), expected, names.join(" and ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in a directory of empty files.
    fn found(files: &[&str]) -> Result<Option<Parts>> {
        let root = tempfile::tempdir().expect("a directory");
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, "").expect("a file");
        }
        parts(&Listing::of(root.path())?)
    }

    #[test]
    fn images_that_lie_loose_beside_the_parts_are_an_error_with_a_remedy() {
        let whole = ["train/cat/1.png", "test/cat/1.png", "notes.txt"];
        assert!(found(&whole).expect("parts").is_some());
        let error = found(&[&whole[..], &["b.jpg", "a.png"]].concat()).err().expect("an error").to_string();
        let words = "expected no images beside the parts train, test (move them into one of these or to another place; or, \
                     where these folders are no parts, give train, test other names), found 2 images, the first of them a.png";
        assert!(error.ends_with(words), "{error}");
        // By itself, a folder called so beside others may be a class.
        assert!(found(&["train/1.png", "bus/1.png", "a.png"]).expect("no parts").is_none());
    }
}
