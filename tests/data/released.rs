//! MNIST-M in the layout of its release.

use crate::support::{complains, size, write_colour};
use dann::data::{Dataset, Labels, Part, has_part, load};
use dann::error::Result;
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const LIST: &str = "mnist_m_train_labels.txt";

/// Three images of one pixel, numbered by their red, and `list` as their labels.
fn released(list: &str) -> TempDir {
    let root = tempdir().unwrap();
    let directory = root.path().join("mnist_m");
    for red in 0..3 {
        let path = directory.join(format!("mnist_m_train/0000000{red}.png"));
        write_colour(&path, 1, 1, |_, _| [red, 50, 60]);
    }
    fs::write(directory.join(LIST), list).unwrap();
    root
}

fn train(path: &Path, labels: Labels) -> Result<Dataset> {
    load(path, Part::Train, size(1, 1), labels)
}

fn labelled(list: &str) -> Result<Dataset> {
    train(released(list).path(), Labels::Required)
}

#[test]
fn images_come_in_the_order_of_the_list() {
    let root = released("00000002.png 7\r\n00000000.png 1\n00000001.png 4\n");
    for path in [root.path(), &root.path().join("mnist_m")] {
        let data = train(path, Labels::Required).unwrap();
        assert_eq!(data.images(), [2, 50, 60, 0, 50, 60, 1, 50, 60]);
        assert_eq!(data.labels(), Some(&[7, 1, 4][..]));
        assert_eq!(data.classes().len(), 10);
        assert_eq!(data.shape().to_string(), "3×1×1");
    }
}

#[test]
fn without_labels_the_list_is_not_opened() {
    let root = released("rubbish");
    fs::remove_file(root.path().join("mnist_m").join(LIST)).unwrap();
    let data = train(root.path(), Labels::Ignored).unwrap();
    assert_eq!(data.images(), [0, 50, 60, 1, 50, 60, 2, 50, 60]);
    assert_eq!((data.labels(), data.classes().len()), (None, 0));
    complains(train(root.path(), Labels::Required), &[LIST, "read the labels"]);
}

#[test]
fn a_part_may_be_missing() {
    let root = released("00000000.png 1\n");
    assert!(has_part(root.path(), Part::Train).unwrap());
    assert!(!has_part(root.path(), Part::Test).unwrap());
    let test = load(root.path(), Part::Test, size(1, 1), Labels::Ignored);
    complains(test, &["mnist_m_test", "list"]);
}

#[test]
fn a_faulty_list_is_told_by_file_and_line() {
    let second = format!("{LIST}:2: ");
    for (line, expected, found) in [
        ("00000001.png", "a file name and a label", "\"00000001.png\""),
        ("00000001.png x", "from 0 to 255", "\"00000001.png x\""),
        ("00000001.png 256", "from 0 to 255", "256"),
        ("00000001.png 1 1", "a file name and a label", "1 1"),
        ("", "a file name and a label", "\"\""),
        ("00000009.png 1", "the name of an image in", "\"00000009.png\", which is not there"),
        ("../mnist_m_train/00000001.png 1", "without a path", "\"../mnist"),
        ("/etc/00000001.png 1", "without a path", "\"/etc"),
        ("..\\00000001.png 1", "without a path", "00000001.png"),
        ("00000000.png 1", "every image once", "\"00000000.png\" again, after line 1"),
    ] {
        let list = format!("00000000.png 5\n{line}\n00000002.png 3\n");
        complains(labelled(&list), &[&second, expected, found]);
    }
    for (list, count) in [("", "0"), ("00000000.png 5\n00000002.png 3\n", "2")] {
        complains(labelled(list), &[LIST, "labels, one for each image in", &format!("found {count}")]);
    }
}

#[test]
fn an_image_that_does_not_decode_is_named() {
    let root = released("00000000.png 1\n00000001.png 1\n00000002.png 1\n");
    let path = root.path().join("mnist_m/mnist_m_train/00000001.png");
    let bytes = fs::read(&path).unwrap();
    for broken in [&b"no image"[..], &[], &bytes[..40]] {
        fs::write(&path, broken).unwrap();
        let result = train(root.path(), Labels::Required);
        complains(result, &["00000001.png", "expected an image", "found"]);
    }
}
