//! Reads MNIST-M in the layout of its release: a directory of images a part, and a list of labels.

use super::dataset::Dataset;
use super::listing::{Listing, images_wanted, name_of};
use super::options::LoadOptions;
use super::pictures::{self, Files};
use super::reading::digit_classes;
use super::wanted::{Labels, Part};
use crate::error::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The directory that holds all of it.
pub(super) const DIRECTORY: &str = "mnist_m";

/// The directory of a part's images.
pub(super) fn images_name(part: Part) -> String {
    format!("mnist_m_{part}")
}

/// The list of a part's labels.
pub(super) fn list_name(part: Part) -> String {
    format!("mnist_m_{part}_labels.txt")
}

/// The directory with the parts in it.
pub(super) struct Released(PathBuf);

impl Released {
    /// Recognises `path` or `path/mnist_m` by the images of either part.
    pub(super) fn recognise(path: &Path) -> Option<Self> {
        [path.to_path_buf(), path.join(DIRECTORY)]
            .map(Self)
            .into_iter()
            .find(|released| released.has(Part::Train) || released.has(Part::Test))
    }

    pub(super) fn has(&self, part: Part) -> bool {
        self.images(part).is_dir()
    }

    pub(super) fn has_labels(&self, part: Part) -> bool {
        self.has(part) && self.0.join(list_name(part)).is_file()
    }

    /// Reads `part`, in the order of its list; by name where the labels are not wanted.
    pub(super) fn load(&self, part: Part, options: &LoadOptions) -> Result<Dataset> {
        let origin = self.images(part);
        let present = Listing::within(&origin)?.images;
        let (paths, labels, labels_origin) = match options.labels {
            Labels::Required => {
                let list = self.0.join(list_name(part));
                let (files, labels) = read_list(&list, &origin, &present)?;
                (files, Some(labels), list)
            }
            Labels::Ignored => (present, None, origin.clone()),
        };
        if paths.is_empty() {
            return Err(Error::file(&origin, images_wanted(), "none"));
        }
        let classes = digit_classes(labels.as_deref());
        let files = Files { paths, labels, classes, others: 0 };
        let data = pictures::decode_all(files, options, &origin)?;
        Ok(Dataset { numbered: true, ..data }.with_labels_origin(labels_origin))
    }

    fn images(&self, part: Part) -> PathBuf {
        self.0.join(images_name(part))
    }
}

/// The files and labels that `list` names, all of which must be among those `present` in `directory`.
fn read_list(list: &Path, directory: &Path, present: &[PathBuf]) -> Result<(Vec<PathBuf>, Vec<u16>)> {
    let text = fs::read_to_string(list).map_err(Error::io(list, "read the labels"))?;
    let present: HashSet<String> = present.iter().map(|path| name_of(path)).collect();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let (mut files, mut labels) = (Vec::new(), Vec::new());
    for (line, number) in text.lines().zip(1..) {
        let wrong = |expected: &str, found: String| {
            Error::input(format_args!("{}:{number}", list.display()), expected, found)
        };
        let (name, label) =
            parse(line).ok_or_else(|| wrong("a file name and a label from 0 to 255", format!("{line:?}")))?;
        if name.contains(['/', '\\']) {
            return Err(wrong("a file name without a path", format!("{name:?}")));
        }
        if !present.contains(name) {
            let expected = format!("the name of an image in {}", directory.display());
            return Err(wrong(&expected, format!("{name:?}, which is not there")));
        }
        if let Some(first) = seen.insert(name, number) {
            let found = format!("{name:?} again, after line {first}");
            return Err(wrong("every image once", found));
        }
        files.push(directory.join(name));
        labels.push(u16::from(label));
    }
    if files.len() != present.len() {
        let expected = format!("{} labels, one for each image in {}", present.len(), directory.display());
        return Err(Error::file(list, expected, files.len()));
    }
    Ok((files, labels))
}

/// A line such as `00000000.png 5`.
fn parse(line: &str) -> Option<(&str, u8)> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    let label = words.next()?.parse().ok()?;
    words.next().is_none().then_some((name, label))
}
