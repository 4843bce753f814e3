//! MNIST's files, whole and broken, and directories that are nothing of the kind.

use crate::support::{complains, idx, size, write_mnist};
use dann::data::{Dataset, Labels, Part, has_part, load};
use dann::error::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use rand::RngExt;
use std::fs;
use std::io::Write;
use std::path::Path;
use tempfile::tempdir;

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";
const TWO_BY_TWO: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn train(path: &Path, labels: Labels) -> Result<Dataset> {
    load(path, Part::Train, size(2, 2), labels)
}

/// What loading makes of an image file with these bytes.
fn images(name: &str, bytes: &[u8]) -> Result<Dataset> {
    let root = tempdir().unwrap();
    fs::write(root.path().join(name), bytes).unwrap();
    train(root.path(), Labels::Ignored)
}

#[test]
fn plain_and_compressed_files_of_either_spelling_are_read() {
    for [joint, ending] in [["-", ""], ["-", ".gz"], [".", ""], [".", ".gz"]] {
        let root = tempdir().unwrap();
        let pack = |bytes: Vec<u8>| {
            if ending.is_empty() { bytes } else { gzip(&bytes) }
        };
        let name = |stem, rank| root.path().join(format!("{stem}{joint}idx{rank}-ubyte{ending}"));
        fs::write(name("train-images", 3), pack(idx(&[2, 2, 2], &TWO_BY_TWO))).unwrap();
        fs::write(name("train-labels", 1), pack(idx(&[2], &[7, 0]))).unwrap();
        let data = train(root.path(), Labels::Required).unwrap();
        assert_eq!(data.images(), TWO_BY_TWO);
        assert_eq!(data.labels(), Some(&[7, 0][..]));
        assert_eq!(data.classes(), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        assert_eq!(data.shape().to_string(), "1×2×2");
        assert_eq!(data.origin(), name("train-images", 3));
    }
}

#[test]
fn each_part_has_files_of_its_own() {
    let root = tempdir().unwrap();
    write_mnist(root.path(), "t10k", [1, 1, 1], &[9], &[3]);
    assert!(has_part(root.path(), Part::Test).unwrap());
    assert!(!has_part(root.path(), Part::Train).unwrap());
    let data = load(root.path(), Part::Test, size(1, 1), Labels::Required).unwrap();
    assert_eq!((data.images(), data.labels()), (&[9][..], Some(&[3][..])));
    complains(
        train(root.path(), Labels::Ignored),
        &[&root.path().display().to_string(), IMAGES, ".gz", "found none"],
    );
}

#[test]
fn images_are_cropped_and_padded() {
    let root = tempdir().unwrap();
    write_mnist(root.path(), "train", [2, 2, 2], &TWO_BY_TWO, &[0, 1]);
    let fitted = |height, width| {
        let data = load(root.path(), Part::Train, size(height, width), Labels::Ignored);
        data.unwrap().images().to_vec()
    };
    assert_eq!(fitted(1, 2), [1, 2, 5, 6]);
    assert_eq!(
        fitted(3, 4),
        [
            0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, //
            0, 5, 6, 0, 0, 7, 8, 0, 0, 0, 0, 0,
        ]
    );
    let nothing = load(root.path(), Part::Train, size(0, 2), Labels::Ignored);
    complains(nothing, &["image size", "at least 1×1", "found 0×2"]);
}

#[test]
fn labels_are_opened_only_where_they_are_wanted() {
    let root = tempdir().unwrap();
    write_mnist(root.path(), "train", [2, 2, 2], &TWO_BY_TWO, &[0, 1, 2]);
    let required = || train(root.path(), Labels::Required);
    complains(required(), &[LABELS, "expected 2 labels", "found 3"]);
    fs::write(root.path().join(LABELS), "no labels at all").unwrap();
    complains(required(), &[LABELS, "0x00000801", "found 0x6e6f206c"]);
    assert_eq!(train(root.path(), Labels::Ignored).unwrap().labels(), None);
    fs::remove_file(root.path().join(LABELS)).unwrap();
    complains(required(), &["expected one of train-labels-idx1-ubyte", "found none"]);
    assert!(train(root.path(), Labels::Ignored).unwrap().classes().is_empty());
}

#[test]
fn another_kind_of_file_is_told_by_its_magic_number() {
    let labels_in_place_of_images = images(IMAGES, &idx(&[2], &[1, 2]));
    complains(labels_in_place_of_images, &[IMAGES, "0x00000803", "found 0x00000801"]);
    complains(images(&format!("{IMAGES}.gz"), b"not gzip"), &[IMAGES, "IDX header", "found"]);
}

#[test]
fn missing_and_trailing_bytes_are_errors() {
    let whole = idx(&[2, 2, 2], &TWO_BY_TWO);
    let short = &whole[..whole.len() - 1];
    let long = [&whole[..], &[0]].concat();
    let promise = "expected the 8 bytes that the header promises";
    complains(images(IMAGES, short), &[IMAGES, promise, "found 7"]);
    complains(images(IMAGES, &long), &[IMAGES, promise, "found further bytes"]);
    complains(images(IMAGES, &whole[..9]), &[IMAGES, "IDX header", "an early end"]);
    let name = format!("{IMAGES}.gz");
    complains(images(&name, &gzip(short)), &[&name, promise, "found 7"]);
    complains(images(&name, &gzip(&long)), &[&name, promise, "found further bytes"]);
    let cut = gzip(&whole);
    complains(images(&name, &cut[..cut.len() - 1]), &[&name, promise, "an early end"]);
}

#[test]
fn a_header_that_promises_terabytes_is_not_believed() {
    // The last product does not fit into 64 bits.
    for lengths in [[60_000, 28_000, 28_000], [u32::MAX; 3]] {
        let bytes = idx(&lengths, &TWO_BY_TWO);
        let promise = lengths.map(|length| length.to_string()).join("×");
        complains(images(IMAGES, &bytes), &[IMAGES, &promise, "found a file of 24 bytes"]);
        complains(images(&format!("{IMAGES}.gz"), &gzip(&bytes)), &[&promise, "found a file of"]);
    }
    complains(images(IMAGES, &idx(&[0, 2, 2], &[])), &["no empty dimension", "found 0×2×2"]);
}

#[test]
fn no_truncation_and_no_flipped_bit_passes_unseen_or_panics() {
    let whole = idx(&[2, 2, 2], &TWO_BY_TWO);
    let packed = gzip(&whole);
    let gzip_name = format!("{IMAGES}.gz");
    assert!(images(&gzip_name, &packed).is_ok());
    for length in 0..whole.len() {
        assert!(images(IMAGES, &whole[..length]).is_err(), "{length} bytes");
    }
    for length in 0..packed.len() {
        assert!(images(&gzip_name, &packed[..length]).is_err(), "{length} bytes");
    }
    let rng = &mut dann::rng::stream(0, "flips");
    for _ in 0..300 {
        let mut flipped = whole.clone();
        let position = rng.random_range(0..16);
        flipped[position] ^= 1 << rng.random_range(0..8);
        assert!(images(IMAGES, &flipped).is_err(), "header {:?}", &flipped[..16]);
        let mut flipped = packed.clone();
        let position = rng.random_range(0..flipped.len());
        flipped[position] ^= 1 << rng.random_range(0..8);
        // Flags and the time of writing in gzip's own header may change without harm.
        if let Ok(data) = images(&gzip_name, &flipped) {
            assert_eq!(data.images(), TWO_BY_TWO);
        }
    }
}

#[test]
fn a_directory_that_is_no_data_set_is_told_what_would_be() {
    let root = tempdir().unwrap();
    let nowhere = root.path().join("nowhere");
    let layouts = ["idx3-ubyte", "mnist_m_train_labels.txt", "train/CLASS/*.png"];
    complains(train(&nowhere, Labels::Ignored), &layouts);
    complains(has_part(&nowhere, Part::Train), &["nowhere", "found nothing"]);
    complains(train(root.path(), Labels::Ignored), &["found neither images nor folders"]);
    complains(train(root.path(), Labels::Ignored), &layouts);
    fs::write(&nowhere, "x").unwrap();
    complains(train(&nowhere, Labels::Ignored), &["nowhere", "found a file"]);
}
