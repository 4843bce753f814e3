//! Downloads one large file and goes on where an earlier download broke off.

use super::download::{Patience, Source};
use super::{Attempt, Failure};
use crate::data::Progress;
use crate::data::digest::Digest;
use crate::data::task::Task;
use crate::error::{Error, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write as _};
use std::path::Path;
use ureq::Body;
use ureq::http::Response;
use ureq::http::header::CONTENT_LENGTH;

/// How often a connection that broke off is opened again, if every one brought something.
const MOST_TRIES: usize = 5;

/// Brings the file of the first of `sources` that has it whole to `path`. What is there of it from an earlier call is kept and
/// completed; bytes that turn out to be others are thrown away. Gives a reason for each source that failed.
///
/// # Errors
/// [`Error::Io`] when the disk is at fault.
pub(super) fn download(
    sources: &[Source],
    patience: Patience,
    path: &Path,
    progress: &dyn Progress,
) -> Result<std::result::Result<(), Vec<String>>> {
    let mut reasons = Vec::new();
    for source in sources {
        match from_one(source, patience, path, progress) {
            Ok(()) => return Ok(Ok(())),
            Err(Failure::Local(error)) => return Err(error),
            Err(Failure::Silent(reason) | Failure::Unusable(reason)) => {
                reasons.push(format!("{}: {reason}", source.url));
            }
        }
    }
    Ok(Err(reasons))
}

fn from_one(source: &Source, patience: Patience, path: &Path, progress: &dyn Progress) -> Attempt<()> {
    for _ in 1..MOST_TRIES {
        let before = length(path);
        match append(source, patience, path, progress) {
            // What broke off goes on from there.
            Err(Failure::Silent(_)) if length(path) > before => {}
            Err(failure) => return Err(failure),
            Ok(()) => return compare(&source.digest, path),
        }
    }
    append(source, patience, path, progress)?;
    compare(&source.digest, path)
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |data| data.len())
}

/// Asks for what is missing of the file and writes it behind what is there; in its place, where a server sends everything.
fn append(source: &Source, patience: Patience, path: &Path, progress: &dyn Progress) -> Attempt<()> {
    let (before, whole) = (length(path), source.digest.bytes);
    if before >= whole {
        return Ok(());
    }
    let request = patience.agent().get(&source.url);
    let request = if before > 0 { request.header("Range", format!("bytes={before}-")) } else { request };
    let answer = request.call().map_err(Failure::of)?;
    let kept = if answer.status() == 206 { before } else { 0 };
    // A page of an error or of a login is not written over what is there.
    compare_length(announced(&answer), whole - kept)?;
    let task = Task::start(progress, &source.url, Some(whole));
    task.advance(kept);
    // One byte more than expected is enough to see that there are too many.
    let mut body = answer.into_body().into_reader().take(whole + 1 - kept);
    write(&mut body, path, kept, &task)?;
    if kept == 0 && length(path) < whole {
        // It ended as it should: what would go on behind these bytes would be another file.
        let found = length(path);
        remove(path)?;
        return compare_length(Some(found), whole);
    }
    Ok(())
}

/// How many bytes follow, if the server says so. `ureq` itself says nothing of an answer without any.
fn announced(answer: &Response<Body>) -> Option<u64> {
    answer.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether as many bytes are there as are wanted, as far as is known.
fn compare_length(found: Option<u64>, wanted: u64) -> Attempt<()> {
    match found {
        Some(found) if found != wanted => {
            Err(Failure::Unusable(format!("expected {wanted} bytes, found {found}")))
        }
        _ => Ok(()),
    }
}

/// Writes `body` behind the `kept` bytes of the file at `path`; in its place, if none are kept.
fn write(body: &mut dyn Read, path: &Path, kept: u64, task: &Task) -> Attempt<()> {
    let local = |action| move |error| Failure::Local(Error::io(path, action)(error));
    let mut options = OpenOptions::new();
    options.create(true).append(kept > 0).write(true).truncate(kept == 0);
    let mut file = options.open(path).map_err(local("create"))?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let received = body.read(&mut buffer);
        let count = received.map_err(|error| Failure::Silent(format!("broke off: {error}")))?;
        if count == 0 {
            return file.sync_all().map_err(local("write"));
        }
        task.advance(count as u64);
        file.write_all(&buffer[..count]).map_err(local("write"))?;
    }
}

fn remove(path: &Path) -> Attempt<()> {
    fs::remove_file(path).map_err(|error| Failure::Local(Error::io(path, "remove")(error)))
}

/// Whether the whole file is what it should be; one that is not can never be completed.
fn compare(digest: &Digest, path: &Path) -> Attempt<()> {
    let mut file = File::open(path).map_err(|error| Failure::Local(Error::io(path, "open")(error)))?;
    let Err(fault) = digest.compare_content(&mut file) else { return Ok(()) };
    if length(path) >= digest.bytes {
        remove(path)?;
    }
    Err(fault.into())
}
