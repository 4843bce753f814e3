//! Broken IDX files: refused with their name, what was expected and what was found, before anything is written.

use crate::sandbox::Sandbox;
use std::fs;

const IMAGES: &str = "source/train-images-idx3-ubyte";
const LABELS: &str = "source/train-labels-idx1-ubyte";

#[test]
fn a_missing_directory() {
    let sandbox = Sandbox::new();
    let words = |path| [path, "expected a data set in one of these layouts", "found nothing"];
    let train =
        |source, target| format!("train --config tiny.toml --source {source} --target {target} --out out");
    sandbox.refused(&train("nowhere", "target"), &words("nowhere: "));
    sandbox.refused(&train("source", "absent"), &words("absent: "));
    sandbox.refused(&train("tiny.toml", "target"), &["tiny.toml: expected a data set", "found a file"]);
}

#[test]
fn images_cut_short() {
    let sandbox = Sandbox::new();
    sandbox.edit(IMAGES, |bytes| bytes.truncate(500));
    sandbox.refuses_to_train("", &[IMAGES, "expected the 16×8×8 bytes", "found a file of 500 bytes"]);
    sandbox.edit(IMAGES, |bytes| bytes.truncate(10));
    sandbox.refuses_to_train("", &[IMAGES, "expected a whole IDX header", "found an early end"]);
}

#[test]
fn images_with_bytes_to_spare() {
    let sandbox = Sandbox::new();
    sandbox.edit(IMAGES, |bytes| bytes.push(0));
    sandbox.refuses_to_train("", &[IMAGES, "expected the 1024 bytes", "found further bytes after them"]);
}

#[test]
fn a_wrong_magic_number() {
    let sandbox = Sandbox::new();
    sandbox.edit(IMAGES, |bytes| bytes[2] = 0x0d);
    sandbox.refuses_to_train("", &[IMAGES, "expected the magic number 0x00000803", "found 0x00000d03"]);
}

#[test]
fn labels_in_place_of_images() {
    let sandbox = Sandbox::new();
    fs::copy(sandbox.path(LABELS), sandbox.path(IMAGES)).expect("a copy");
    sandbox.refuses_to_train("", &[IMAGES, "expected the magic number 0x00000803", "found 0x00000801"]);
}

#[test]
fn fewer_labels_than_images() {
    let sandbox = Sandbox::new();
    sandbox.edit(LABELS, |bytes| {
        bytes.pop();
        bytes[7] -= 1;
    });
    sandbox.refuses_to_train("", &[LABELS, "expected 16 labels, one an image", "found 15"]);
}

#[test]
fn missing_labels() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.path(LABELS)).expect("removal");
    sandbox.refuses_to_train("", &["source: expected one of train-labels-idx1-ubyte", "found none"]);
}

#[test]
fn labels_beyond_the_class_count() {
    let sandbox = Sandbox::new();
    sandbox.edit(LABELS, |bytes| bytes[8 + 6] = 12);
    let words =
        ["source/train-labels", "expected labels below the class count of 10", "found label 12 on image 6"];
    sandbox.refuses_to_train("", &words);
    sandbox.refuses_to_train("--method source-only", &words);
}

#[test]
fn a_broken_test_part_is_found_before_training_begins() {
    let sandbox = Sandbox::new();
    let images = "source/t10k-images-idx3-ubyte";
    sandbox.edit(images, |bytes| bytes.truncate(100));
    sandbox.refuses_to_train("", &[images, "expected the 10×8×8 bytes", "found a file of 100 bytes"]);
}
