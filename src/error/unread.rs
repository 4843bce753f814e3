//! Pictures that cannot be read, and why.

use std::fmt;
use std::path::{Path, PathBuf};

/// A picture that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unread {
    /// Its file.
    pub path: PathBuf,
    /// What was expected of it, and what was found.
    pub reason: String,
}

impl Unread {
    /// The file `path`, that `error` is about.
    #[cfg(feature = "data")]
    pub(crate) fn new(path: &Path, error: &super::Error) -> Self {
        let text = error.to_string();
        let reason = text.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&text).to_owned();
        Self { path: path.to_path_buf(), reason }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

/// All of them, by name: those of the `images` images at `origin`.
pub(super) fn told(origin: &Path, unread: &[Unread], images: usize) -> String {
    let lines: Vec<String> = unread.iter().map(Unread::to_string).collect();
    match &lines[..] {
        [only] => only.clone(),
        _ => format!(
            "{}: expected {images} images that can be read, found {} that cannot:\n  {}",
            origin.display(),
            unread.len(),
            lines.join("\n  ")
        ),
    }
}
