//! Work in a temporary directory next to the goal, so that an interrupted run leaves nothing that looks
//! whole: what is finished is renamed into place in one step.

use crate::error::{Error, Result};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// What the temporary directories' names begin with.
const PREFIX: &str = ".unfinished-";
/// A file in each of them that is locked for as long as somebody works there; the system unlocks it however a program ends.
const LOCK: &str = ".lock";
/// One without that file, as on file systems that know no locks, is left alone for so long.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A temporary directory on the same file system as its goal; what is not published vanishes with it, or with the next one beside it
/// if the program is ended.
pub(super) struct Staging {
    /// Closed before its directory is removed, as some systems keep what is open.
    _lock: Option<File>,
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
    /// Opens one inside `parent`, which is created where it is missing, and removes what ended programs have left there.
    pub(super) fn in_directory(parent: &Path) -> Result<Self> {
        let parents = NewDirectories::create(parent)?;
        remove_abandoned(parent);
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(parent)
            .map_err(Error::io(parent, "create a temporary directory in"))?;
        Ok(Self { _lock: locked(directory.path()).ok(), directory, _parents: parents })
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

/// Makes the locked file in `directory`. It gets its name when it is locked, so that nobody takes it for one that is left over.
fn locked(directory: &Path) -> io::Result<File> {
    let unnamed = directory.join(".locking");
    let file = File::create(&unnamed)?;
    let lock =
        file.try_lock().map_err(io::Error::from).and_then(|()| fs::rename(&unnamed, directory.join(LOCK)));
    if lock.is_err() {
        let _ = fs::remove_file(&unnamed);
    }
    lock.map(|()| file)
}

/// Removes the temporary directories in `parent` in which nobody works any more, as far as that is allowed.
fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX) && !path.is_symlink();
        if is_ours && path.is_dir() && is_abandoned(&path) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

fn is_abandoned(directory: &Path) -> bool {
    // Some file systems lock only what may be written to.
    match File::options().write(true).open(directory.join(LOCK)).map(|file| file.try_lock()) {
        Ok(Ok(())) => true,
        Ok(Err(TryLockError::WouldBlock)) => false,
        Ok(Err(TryLockError::Error(_))) | Err(_) => is_older_than_a_day(directory).unwrap_or(false),
    }
}

/// Whether `directory` and all that lies directly in it are.
fn is_older_than_a_day(directory: &Path) -> io::Result<bool> {
    let mut newest = fs::metadata(directory)?.modified()?;
    for entry in fs::read_dir(directory)? {
        newest = newest.max(entry?.metadata()?.modified()?);
    }
    Ok(newest.elapsed().is_ok_and(|age| age > DAY))
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
    fn what_an_ended_program_has_left_goes_and_what_others_work_in_stays() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        let others = Staging::in_directory(scratch.path()).unwrap();
        for name in [".unfinished-ended", ".unfinished-new", "mine"] {
            fs::create_dir_all(at(name).join("mnist_m")).unwrap();
        }
        for name in [".unfinished-ended", "mine"] {
            File::create(at(name).join(LOCK)).unwrap();
        }
        drop(Staging::in_directory(scratch.path()).unwrap());
        assert!(!at(".unfinished-ended").exists());
        assert!(at(".unfinished-new").exists() && at("mine").exists() && others.root().exists());
    }

    // Elsewhere a directory cannot be opened to change when it was written.
    #[cfg(unix)]
    #[test]
    fn what_has_no_lock_is_left_over_once_all_of_it_is_old() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path().join(".unfinished-before");
        fs::create_dir_all(directory.join("mnist_m")).unwrap();
        let two_days_ago = std::time::SystemTime::now() - 2 * DAY;
        for (path, stays) in [(directory.clone(), true), (directory.join("mnist_m"), false)] {
            File::open(path).and_then(|file| file.set_modified(two_days_ago)).unwrap();
            drop(Staging::in_directory(scratch.path()).unwrap());
            assert_eq!(directory.exists(), stays);
        }
    }

    #[test]
    fn a_directory_that_was_there_before_stays() {
        let scratch = tempfile::tempdir().unwrap();
        drop(Staging::in_directory(scratch.path()).unwrap());
        assert!(scratch.path().is_dir());
    }
}
