//! Mirrors that do not deliver.

use super::server::{Reply, Server};
use super::{CONTENT, NOBODY, PATIENCE, sources};
use crate::data::NoProgress;
use crate::data::fetch::download::{Downloader, Outcome};
use std::fs;
use std::time::{Duration, Instant};
use tempfile::tempdir;

#[test]
fn whatever_a_mirror_does_wrong_the_next_one_is_asked() {
    let good = Server::start(|_| Reply::Whole(CONTENT.into()));
    let short = || CONTENT[..5].to_vec();
    for (bad, reason) in [
        (Reply::Missing, "HTTP status 404"),
        (Reply::Whole(b"what is WANTED".into()), "expected SHA-256"),
        (Reply::Whole(short()), "expected 14 bytes, found 5"),
        (Reply::Whole([CONTENT, b"!"].concat()), "found more than that"),
        (Reply::Short(short()), "broke off"),
        (Reply::Stalled(short()), "broke off: timeout"),
        (Reply::Silence, "timeout"),
    ] {
        let bad = Server::start(move |_| bad.clone());
        let root = tempdir().unwrap();
        let path = root.path().join("file");
        let mut downloader = Downloader::new(PATIENCE, &NoProgress);
        let begun = Instant::now();
        let outcome = downloader.download(&sources(&[&bad.url, &good.url]), &path);
        assert!(matches!(outcome, Ok(Outcome::Done)), "{reason}");
        assert_eq!(fs::read(&path).unwrap(), CONTENT, "{reason}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{reason}");
        match downloader.download(&sources(&[&bad.url]), &path).unwrap() {
            Outcome::Done => panic!("{reason}"),
            Outcome::Failed(reasons) => assert_eq!(reasons.len(), 1),
        }
        let fresh = Downloader::new(PATIENCE, &NoProgress).download(&sources(&[&bad.url]), &path);
        match fresh.unwrap() {
            Outcome::Failed(reasons) => assert!(reasons[0].contains(reason), "{reasons:?}"),
            Outcome::Done => panic!("{reason}"),
        }
    }
}

#[test]
fn a_server_that_did_not_answer_is_not_asked_again() {
    let silent = Server::start(|_| Reply::Silence);
    let root = tempdir().unwrap();
    let path = root.path().join("file");
    let mut downloader = Downloader::new(PATIENCE, &NoProgress);
    let urls = [silent.url.clone() + "one", silent.url.clone() + "two", NOBODY.to_owned()];
    let urls = urls.each_ref().map(String::as_str);
    let Ok(Outcome::Failed(reasons)) = downloader.download(&sources(&urls), &path) else {
        panic!("cannot have worked");
    };
    assert_eq!(silent.requests(), ["/one"]);
    assert_eq!(reasons.len(), 3);
    assert!(reasons[1].contains("did not answer before"), "{reasons:?}");
    assert!(reasons[2].starts_with(NOBODY), "{reasons:?}");
}

#[test]
fn a_disk_that_cannot_be_written_is_not_blamed_on_the_server() {
    let good = Server::start(|_| Reply::Whole(CONTENT.into()));
    let root = tempdir().unwrap();
    let path = root.path().join("no such directory/file");
    let outcome = Downloader::new(PATIENCE, &NoProgress).download(&sources(&[&good.url]), &path);
    let message = outcome.err().expect("cannot have worked").to_string();
    assert!(message.contains("no such directory") && message.contains("cannot create"), "{message}");
}
