//! Locks by which processes that share an experiment's directory keep out of each other's way.

use crate::error::{Error, Result};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::thread::sleep;
use std::time::Duration;

/// What Linux and what macOS and the BSDs answer where a file system has no locks (ENOLCK); [`ErrorKind`] does not name it.
const NO_LOCKS: i32 = if cfg!(any(target_os = "linux", target_os = "android")) { 37 } else { 77 };
/// How often a run's lock is tried, as whoever lists the jobs holds it for a moment.
const TRIES: usize = 5;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// A lock on a file, held until it is dropped. On a file system without locks it holds nothing off.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Waits until no other process holds it.
    pub fn wait(path: &Path) -> Result<Self> {
        let lock = Self::open(path)?;
        let held = lock.file.lock();
        or_without(path, held)?;
        Ok(lock)
    }

    /// `None` where another process holds it.
    pub fn take(path: &Path) -> Result<Option<Self>> {
        let lock = Self::open(path)?;
        for attempt in 1.. {
            match lock.file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(cause)) => {
                    or_without(path, Err(cause))?;
                    break;
                }
                Err(TryLockError::WouldBlock) if attempt == TRIES => return Ok(None),
                Err(TryLockError::WouldBlock) => sleep(PAUSE),
            }
        }
        Ok(Some(lock))
    }

    /// Removes the file, for what it guards is over: whoever has opened it before finds that out.
    pub fn remove(self) {
        // One that stays does no harm.
        let _ = fs::remove_file(&self.path);
    }

    fn open(path: &Path) -> Result<Self> {
        let parent = path.parent().unwrap_or(path);
        fs::create_dir_all(parent).map_err(Error::io(parent, "make"))?;
        let file = File::create(path).map_err(Error::io(path, "make"))?;
        Ok(Self { path: path.to_path_buf(), file })
    }
}

/// Whether a process holds the lock at `path`, as far as can be told.
pub fn is_held(path: &Path) -> bool {
    // A shared lock can be tried in a directory that may only be read.
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Goes on, with a warning, where the file system has no locks: what is written is whole all the same.
fn or_without(path: &Path, held: io::Result<()>) -> Result<()> {
    static WARNED: Once = Once::new();
    match held {
        Err(cause) if cause.kind() == ErrorKind::Unsupported || cause.raw_os_error() == Some(NO_LOCKS) => {
            WARNED.call_once(|| {
                log::warn!(
                    "{}: the file system has no locks ({cause}), so that two processes may make the same run: give each its own \
                     jobs, by --job or a launcher",
                    path.display()
                );
            });
            Ok(())
        }
        held => held.map_err(Error::io(path, "lock")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_not_taken_again_until_it_is_let_go() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("recipe/run.lock");
        assert!(!is_held(&path));
        let lock = Lock::take(&path).expect("a lock");
        assert!(lock.is_some() && is_held(&path) && Lock::take(&path).expect("an answer").is_none());
        drop(lock);
        assert!(!is_held(&path));
        let lock = Lock::take(&path).expect("an answer").expect("a lock");
        lock.remove();
        assert!(!path.exists());
    }

    #[test]
    fn file_systems_without_locks_do_without_and_other_faults_are_told() {
        let path = Path::new("runs/.lock");
        for cause in [ErrorKind::Unsupported.into(), io::Error::from_raw_os_error(NO_LOCKS)] {
            or_without(path, Err(cause)).expect("goes on");
        }
        let error = or_without(path, Err(ErrorKind::PermissionDenied.into())).expect_err("a fault");
        assert!(error.to_string().contains("runs/.lock: cannot lock"), "{error}");
    }
}
