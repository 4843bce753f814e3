//! Files that are there whole or not at all, and what reads them back.

use crate::error::{Error, Result};
use serde::de::DeserializeOwned;
use std::io::Write as _;
use std::path::Path;

/// Writes a file so that readers find all of `bytes` or what was there before, never a part.
///
/// # Errors
/// [`Error::Io`] naming the file.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    // The parent of a bare file name is the empty path, which is no directory to make files in.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file =
        temporary().tempfile_in(parent.unwrap_or(Path::new("."))).map_err(Error::io(path, "write"))?;
    file.write_all(bytes).map_err(Error::io(path, "write"))?;
    file.as_file().sync_all().map_err(Error::io(path, "write"))?;
    file.persist(path).map_err(|e| Error::io(path, "write")(e.error))?;
    Ok(())
}

/// Reads a file of JSON; `expected` is what errors say that it should hold.
///
/// # Errors
/// [`Error::Io`] or [`Error::Input`] naming the file.
pub fn read_json<T: DeserializeOwned>(path: &Path, expected: &str) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
    serde_json::from_str(&text).map_err(|e| Error::file(path, expected, e))
}

/// A temporary file with the permissions that any new file has, not those of a secret one.
fn temporary() -> tempfile::Builder<'static, 'static> {
    let builder = tempfile::Builder::new();
    #[cfg(unix)]
    let builder = {
        let mut builder = builder;
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder
    };
    builder
}
