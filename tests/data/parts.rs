//! Which folders are the parts of a data set, and what lies beside them.

use crate::support::{complains, size, write_grey};
use dann::data::{Dataset, Labels, LoadOptions, Part, has_labelled_test, load};
use dann::error::Result;
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// Grey images of one pixel each, whose values are their places in the list.
fn folders(files: &[&str]) -> TempDir {
    let root = tempdir().unwrap();
    for (value, path) in (0u8..).zip(files) {
        write_grey(&root.path().join(path), 1, &[value]);
    }
    root
}

fn read(path: &Path, part: Part) -> Result<Dataset> {
    load(path, part, size(1, 1), Labels::Required)
}

#[test]
fn a_validation_part_stands_in_for_a_test_part_without_labels() {
    let files = ["train/cat/1.png", "train/dog/1.png", "val/cat/1.png", "val/dog/1.png", "test/1.png"];
    let root = folders(&files);
    assert!(has_labelled_test(root.path()).unwrap());
    let test = read(root.path(), Part::Test).unwrap();
    assert_eq!((test.images(), test.labels()), (&[2, 3][..], Some(&[0, 1][..])));
    let words = test.left_out().expect("words");
    assert!(words.contains("test: no class folders, so no labels: left out, and "), "{words}");
    assert!(words.ends_with("val is the test part") && test.unread().is_empty(), "{words}");
    assert_eq!(read(root.path(), Part::Train).unwrap().left_out(), None);
    // Whether labels are wanted makes no difference to which images these are.
    let unlabelled = load(root.path(), Part::Test, size(1, 1), Labels::Ignored).unwrap();
    assert_eq!(unlabelled.images(), [2, 3]);
    // Neither has any.
    let root = folders(&["train/cat/1.png", "val/1.png", "test/1.png"]);
    assert!(!has_labelled_test(root.path()).unwrap());
    let unlabelled = load(root.path(), Part::Test, size(1, 1), Labels::Ignored).unwrap();
    assert_eq!((unlabelled.images(), unlabelled.left_out()), (&[2][..], None));
    // Both have.
    let root = folders(&["train/cat/1.png", "val/cat/1.png", "test/cat/1.png"]);
    let test = read(root.path(), Part::Test).unwrap();
    assert_eq!((test.images(), test.left_out()), (&[2][..], None));
}

#[test]
fn images_beside_the_parts_are_an_error_with_a_remedy() {
    for judges in ["test", "val"] {
        let files = ["train/cat/1.png", &format!("{judges}/cat/1.png"), "preview/1.png", "preview/cat/2.png"];
        let root = folders(&files);
        let expected = format!("expected no images beside the parts train, {judges} (move this folder");
        let remedy = format!("give train, {judges} other names), found 2 images");
        for part in [Part::Train, Part::Test] {
            complains(read(root.path(), part), &["preview: ", &expected, &remedy]);
        }
        fs::rename(root.path().join("train"), root.path().join("locomotive")).unwrap();
        let classes = ["locomotive", "preview", judges];
        let mut expected = classes.map(String::from);
        expected.sort();
        assert_eq!(read(root.path(), Part::Train).unwrap().classes(), expected);
    }
    // By itself, the name of a part says nothing.
    let root = folders(&["train/1.png", "bus/1.png", "car/1.png"]);
    assert_eq!(read(root.path(), Part::Train).unwrap().classes(), ["bus", "car", "train"]);
}

#[test]
fn folders_without_images_beside_the_parts_are_left_out_in_words() {
    let root = folders(&["train/cat/1.png", "test/cat/1.png"]);
    fs::create_dir_all(root.path().join("annotations/old")).unwrap();
    fs::write(root.path().join("annotations/old/1.xml"), "<annotation/>").unwrap();
    let train = read(root.path(), Part::Train).unwrap();
    assert_eq!((train.images(), train.classes()), (&[0][..], &["cat".to_owned()][..]));
    let words = train.left_out().expect("words");
    assert!(words.ends_with("annotations: a folder without images beside train, test, left out"), "{words}");
    let test = read(root.path(), Part::Test).unwrap();
    assert_eq!((test.images(), test.left_out()), (&[1][..], None));
}

#[test]
fn pictures_of_kinds_that_are_not_read_are_listed_whatever_is_in_them() {
    let root = folders(&["cat/1.png", "dog/1.png"]);
    let kinds = [
        ("cat/a.heic", &b""[..], "an empty file"),
        ("cat/b.AVIF", b"no header", "an AVIF picture by its name"),
        ("cat/c.jxl", b"no header", "a JPEG XL picture by its name"),
        ("dog/d.cr3", b"no header", "a camera's raw file by its name"),
        ("dog/e.NEF", b"no header", "a camera's raw file by its name"),
        ("dog/f.ppm", b"P6 1 1 255 abc", "a PNM picture by its name"),
        ("dog/g.tga", b"no header", "a TGA picture by its name"),
    ];
    for (name, bytes, _) in kinds {
        fs::write(root.path().join(name), bytes).unwrap();
    }
    fs::write(root.path().join("dog/notes.txt"), "no picture").unwrap();
    let options = LoadOptions::new(size(1, 1), Labels::Required);
    complains(options.load(root.path(), Part::Train), &["expected 9 images", "found 7 that cannot"]);
    let data = options.skip_bad(true).load(root.path(), Part::Train).unwrap();
    assert_eq!((data.len(), data.unread().len()), (2, kinds.len()));
    for (unread, (name, _, reason)) in data.unread().iter().zip(kinds) {
        assert!(unread.path.ends_with(name) && unread.reason.contains(reason), "{unread}");
    }
    assert!(data.summary().contains("; 1 other file is left alone"), "{}", data.summary());
}
