//! Processes that fetch the same file take turns, as they would write into one unfinished file.

use crate::error::{Error, Result};
use std::fs::{self, File, TryLockError};
use std::path::PathBuf;

/// The turn of this process, until it is dropped.
pub(super) struct Turn {
    path: PathBuf,
    /// Holds the lock as long as it is open.
    _file: File,
}

impl Turn {
    /// Waits until no other process has its turn by the file `path`. Where the file system offers no locks, none is waited for.
    pub(super) fn wait(path: PathBuf) -> Result<Self> {
        let file = File::create(&path).map_err(Error::io(&path, "create"))?;
        let locked = match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                log::info!("{}: waits for another process that fetches the same", path.display());
                file.lock()
            }
            Err(TryLockError::Error(error)) => Err(error),
            Ok(()) => Ok(()),
        };
        if let Err(error) = locked {
            log::debug!("{}: no lock: {error}", path.display());
        }
        Ok(Self { path, _file: file })
    }

    /// Ends the turns: what they were about is there, and whoever still waits will find it. Before that the file must stay, or
    /// those that wait would hold the lock of another file than those that come.
    pub(super) fn settled(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            log::debug!("{}: not removed: {error}", self.path.display());
        }
    }
}
