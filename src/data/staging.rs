//! Work in a temporary directory next to the goal, so that an interrupted run leaves nothing that looks
//! whole: what is finished is renamed into place in one step.

use crate::error::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A temporary directory on the same file system as its goal; what is not published vanishes with it.
pub(super) struct Staging(TempDir);

impl Staging {
    /// Opens one inside `parent`, which is created where it is missing.
    pub(super) fn in_directory(parent: &Path) -> Result<Self> {
        fs::create_dir_all(parent).map_err(Error::io(parent, "create the directory"))?;
        tempfile::Builder::new()
            .prefix(".unfinished-")
            .tempdir_in(parent)
            .map(Self)
            .map_err(Error::io(parent, "create a temporary directory in"))
    }

    /// The directory itself.
    pub(super) fn root(&self) -> &Path {
        self.0.path()
    }

    /// Where the unfinished `name` lives.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Creates the unfinished directory `name`.
    pub(super) fn directory(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name);
        fs::create_dir_all(&path).map_err(Error::io(&path, "create the directory"))?;
        Ok(path)
    }

    /// Moves the finished `name` to `goal`.
    pub(super) fn publish(&self, name: &str, goal: &Path) -> Result<()> {
        fs::rename(self.path(name), goal).map_err(Error::io(goal, "move the finished work to"))
    }
}
