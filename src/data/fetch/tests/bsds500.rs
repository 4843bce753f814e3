//! The photos of BSDS500, from archives made here.

use super::server::{Reply, Server};
use super::{CONTENT, PATIENCE, archive, names, sources};
use crate::data::NoProgress;
use crate::data::digest::Digest;
use crate::data::fetch::bsds500;
use crate::data::fetch::download::Source;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// Fetches BSDS500 from a server that has `archive`.
fn fetch_photos(archive: &[u8], directory: &Path) -> (crate::error::Result<()>, Server) {
    let bytes = archive.to_vec();
    let server = Server::start(move |_| Reply::Whole(bytes.clone()));
    let source = Source { url: server.url.clone(), digest: Digest::of(archive) };
    let result = bsds500::fetch_from(&[source], PATIENCE, directory, &NoProgress);
    (result, server)
}

#[test]
fn only_the_photos_of_bsds500_are_unpacked_and_only_once() {
    let archive = archive(&[
        ("BSR/BSDS500/data/images/train/1.jpg", b"one"),
        ("BSR/BSDS500/data/images/val/2.jpg", b"two"),
        ("BSR/BSDS500/data/images/test/3.jpg", b"three"),
        ("BSR/BSDS500/data/images/test/Thumbs.db", b"no photo"),
        ("BSR/BSDS500/data/groundTruth/train/1.mat", b"no photo"),
    ]);
    let root = tempdir().unwrap();
    fetch_photos(&archive, root.path()).0.unwrap();
    assert_eq!(names(root.path()), ["test", "train", "val"]);
    assert_eq!(names(&root.path().join("test")), ["3.jpg"]);
    assert_eq!(fs::read(root.path().join("val/2.jpg")).unwrap(), b"two");
    let (again, server) = fetch_photos(&archive, root.path());
    again.unwrap();
    assert!(server.requests().is_empty());

    fs::remove_dir_all(root.path().join("val")).unwrap();
    let message = fetch_photos(&archive, root.path()).0.unwrap_err().to_string();
    assert!(message.contains("train, val, test") && message.contains("train, test only"), "{message}");
}

#[test]
fn an_archive_that_is_none_leaves_nothing_behind() {
    let root = tempdir().unwrap();
    let message = fetch_photos(b"no archive", root.path()).0.unwrap_err().to_string();
    assert!(message.contains("expected an archive of photos"), "{message}");
    assert!(names(root.path()).is_empty());
    let broken = Server::start(|_| Reply::Short(CONTENT.into()));
    let sources = sources(&[&broken.url]);
    let result = bsds500::fetch_from(&sources, PATIENCE, root.path(), &NoProgress);
    let message = result.unwrap_err().to_string();
    assert!(message.contains("BSDS500") && message.contains(&broken.url), "{message}");
    assert!(names(root.path()).is_empty());
}
