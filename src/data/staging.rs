//! Work in a temporary directory next to the goal, so that an interrupted run leaves nothing that looks
//! whole: what is finished is renamed into place in one step.

use crate::error::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A temporary directory on the same file system as its goal; what is not published vanishes with it.
pub(super) struct Staging {
    directory: TempDir,
    /// Dropped after the directory in them.
    _parents: NewDirectories,
}

/// Directories that were not there before, innermost first; those still empty at the end go again.
struct NewDirectories(Vec<PathBuf>);

impl NewDirectories {
    fn create(path: &Path) -> Result<Self> {
        let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let new = Self(path.ancestors().take_while(missing).map(Path::to_owned).collect());
        fs::create_dir_all(path).map_err(Error::io(path, "create the directory"))?;
        Ok(new)
    }
}

impl Drop for NewDirectories {
    fn drop(&mut self) {
        // Removing fails, as it should, from the first directory on that holds something.
        let _ = self.0.iter().try_for_each(fs::remove_dir);
    }
}

impl Staging {
    /// Opens one inside `parent`, which is created where it is missing.
    pub(super) fn in_directory(parent: &Path) -> Result<Self> {
        let parents = NewDirectories::create(parent)?;
        tempfile::Builder::new()
            .prefix(".unfinished-")
            .tempdir_in(parent)
            .map(|directory| Self { directory, _parents: parents })
            .map_err(Error::io(parent, "create a temporary directory in"))
    }

    /// The directory itself.
    pub(super) fn root(&self) -> &Path {
        self.directory.path()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_stay_only_for_what_was_published() {
        let scratch = tempfile::tempdir().unwrap();
        let parent = scratch.path().join("a/b");
        drop(Staging::in_directory(&parent).unwrap());
        assert!(!scratch.path().join("a").exists());

        let staging = Staging::in_directory(&parent).unwrap();
        staging.directory("done").unwrap();
        staging.publish("done", &parent.join("done")).unwrap();
        drop(staging);
        assert!(parent.join("done").is_dir());
    }

    #[test]
    fn a_directory_that_was_there_before_stays() {
        let scratch = tempfile::tempdir().unwrap();
        drop(Staging::in_directory(scratch.path()).unwrap());
        assert!(scratch.path().is_dir());
    }
}
