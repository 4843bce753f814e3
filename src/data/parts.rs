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
}

impl<'a> Named<'a> {
    fn of(folders: &'a [PathBuf]) -> Self {
        let called = |path: &&PathBuf, names: &[&str]| names.contains(&name_of(path).to_lowercase().as_str());
        let all = |names: &[&str]| folders.iter().filter(|path| called(path, names)).collect();
        let is_part =
            |path: &&PathBuf| [&TRAIN[..], &TEST, &VALIDATION].iter().any(|names| called(path, names));
        let others = folders.iter().filter(|path| !is_part(path)).collect();
        Self { train: all(&TRAIN), test: all(&TEST), validation: all(&VALIDATION), others }
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

    /// Refuses images beside the parts: whether they are a class, or left over, is anyone's guess.
    fn check_others(&self) -> Result<Vec<String>> {
        let judges = self.test.iter().chain(&self.validation);
        let parts: Vec<String> = self.train.iter().chain(judges).map(|path| name_of(path)).collect();
        let parts = parts.join(", ");
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

/// The parts that `folders` are, if they are any.
pub(super) fn parts(folders: &[PathBuf]) -> Result<Option<Parts>> {
    let named = Named::of(folders);
    if !named.are_parts() {
        return Ok(None);
    }
    let train = one(Part::Train, &named.train)?;
    let (test, stands_in) = named.judging()?;
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
