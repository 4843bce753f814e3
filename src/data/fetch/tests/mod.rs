//! Fetching from servers on this machine, and from packages made here.

mod bsds500;
mod download;
mod mnist;
#[cfg(unix)]
mod npm;
pub(in crate::data::fetch) mod server;
mod usps;

use super::download::{Patience, Source};
use crate::data::digest::Digest;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

pub(in crate::data::fetch) const CONTENT: &[u8] = b"what is wanted";
pub(in crate::data::fetch) const PATIENCE: Patience =
    Patience { connect: Duration::from_secs(2), silence: Duration::from_secs(1) };
/// An address at which nobody listens.
const NOBODY: &str = "http://127.0.0.1:1/";

fn sources(urls: &[&str]) -> Vec<Source> {
    let source = |url: &&str| Source { url: (*url).to_owned(), digest: Digest::of(CONTENT) };
    urls.iter().map(source).collect()
}

/// The names in `directory`, hidden ones too.
pub(in crate::data::fetch) fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries.map(|entry| name(entry).into_string().unwrap()).collect();
    names.sort();
    names
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, *bytes).unwrap();
    }
    gzip(&archive.into_inner().unwrap())
}
