//! Checks bytes against a known length and SHA-256 while they are copied.

use super::hex;
use crate::error::Error;
use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

/// What a file's bytes must be.
#[derive(Clone, Debug)]
pub(super) struct Digest {
    pub(super) bytes: u64,
    /// Lower-case hexadecimal.
    pub(super) sha256: String,
}

/// Why bytes were not copied, or are not what they should be.
#[derive(Debug)]
pub(super) enum Fault {
    /// They could not be read.
    Read(io::Error),
    /// They could not be written.
    Write(Error),
    /// They are others.
    Mismatch { expected: String, found: String },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "broke off: {error}"),
            Self::Write(error) => error.fmt(f),
            Self::Mismatch { expected, found } => write!(f, "expected {expected}, found {found}"),
        }
    }
}

impl Digest {
    pub(super) fn new(bytes: u64, sha256: &str) -> Self {
        let sha256 = sha256.to_owned();
        Self { bytes, sha256 }
    }

    /// That of `bytes` themselves.
    #[cfg(test)]
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self::new(bytes.len() as u64, &hex(&Sha256::digest(bytes)))
    }

    /// Copies `input` to the new file `path`, safely on disk, and compares.
    pub(super) fn save(&self, input: &mut dyn Read, path: &Path, advance: impl Fn(u64)) -> Result<(), Fault> {
        let local = |action| move |error| Fault::Write(Error::io(path, action)(error));
        let mut file = File::create(path).map_err(local("create"))?;
        self.copy(input, |bytes| {
            advance(bytes.len() as u64);
            file.write_all(bytes).map_err(local("write"))
        })?;
        file.sync_all().map_err(local("write"))
    }

    /// Compares the file `path`, which must be there.
    pub(super) fn check(&self, path: &Path) -> crate::error::Result<()> {
        let mut file = File::open(path).map_err(Error::io(path, "open"))?;
        self.check_content(path, &mut file)
    }

    /// Compares what the file `path`, which must be there, becomes when it is unpacked.
    pub(super) fn check_gzip(&self, path: &Path) -> crate::error::Result<()> {
        let file = File::open(path).map_err(Error::io(path, "open"))?;
        let checked = self.check_content(path, &mut MultiGzDecoder::new(file));
        checked.map_err(|error| match error {
            // Not the system's: what is read is no gzip file, or not all of one.
            Error::Io { cause, .. } if cause.raw_os_error().is_none() => {
                Error::file(path, "a whole gzip file", cause)
            }
            other => other,
        })
    }

    /// Compares the bytes of `content`.
    pub(super) fn compare_content(&self, content: &mut dyn Read) -> Result<(), Fault> {
        self.copy(content, |_| Ok(()))
    }

    fn check_content(&self, path: &Path, content: &mut dyn Read) -> crate::error::Result<()> {
        self.compare_content(content).map_err(|fault| match fault {
            Fault::Read(error) => Error::io(path, "read")(error),
            Fault::Write(error) => error,
            Fault::Mismatch { expected, found } => Error::file(path, expected, found),
        })
    }

    /// Passes `input` to `output`, at most one byte more than expected, and compares.
    fn copy(
        &self,
        input: &mut dyn Read,
        mut output: impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut input = input.take(self.bytes.saturating_add(1));
        let (mut hash, mut copied) = (Sha256::new(), 0u64);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = match input.read(&mut buffer) {
                Ok(0) => return self.compare(copied, &hash.finalize()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Fault::Read(error)),
            };
            hash.update(&buffer[..count]);
            output(&buffer[..count])?;
            copied += count as u64;
        }
    }

    fn compare(&self, copied: u64, hash: &[u8]) -> Result<(), Fault> {
        let mismatch = |expected: String, found: String| Err(Fault::Mismatch { expected, found });
        let found = hex(hash);
        if copied > self.bytes {
            mismatch(format!("{} bytes", self.bytes), "more than that".to_owned())
        } else if copied < self.bytes {
            mismatch(format!("{} bytes", self.bytes), format!("{copied}"))
        } else if found != self.sha256 {
            mismatch(format!("SHA-256 {}", self.sha256), found)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn copy(bytes: u64, sha256: &str, mut input: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut output = Vec::new();
        Digest::new(bytes, sha256).copy(&mut input, |bytes| {
            output.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(output)
    }

    #[test]
    fn the_right_bytes_pass() {
        assert_eq!(copy(3, ABC, b"abc").unwrap(), b"abc");
    }

    #[test]
    fn short_long_and_altered_bytes_are_told_apart() {
        let fault = |input| copy(3, ABC, input).unwrap_err().to_string();
        assert_eq!(fault(b"ab"), "expected 3 bytes, found 2");
        assert_eq!(fault(b"abcd"), "expected 3 bytes, found more than that");
        let altered = fault(b"abd");
        assert!(altered.starts_with("expected SHA-256 ba7816bf"), "{altered}");
        assert!(altered.contains("found a52d159f"), "{altered}");
    }
}
