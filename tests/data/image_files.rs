//! Folders of images, and single ones.

use crate::support::{complains, size, write_colour, write_grey};
use dann::data::{Dataset, Frame, Labels, LoadOptions, Part, Validation, has_part, load, load_image_files};
use dann::error::Result;
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

fn part(path: &Path, part: Part, labels: Labels) -> Result<Dataset> {
    load(path, part, size(1, 1), labels)
}

fn train(path: &Path, labels: Labels) -> Result<Dataset> {
    part(path, Part::Train, labels)
}

/// Grey images of one pixel each, by path and value.
fn folders(files: &[(&str, u8)]) -> TempDir {
    let root = tempdir().unwrap();
    for (path, value) in files {
        write_grey(&root.path().join(path), 1, &[*value]);
    }
    root
}

#[test]
fn class_folders_are_labelled_by_name() {
    let root = folders(&[("cat/b.png", 2), ("cat/a.PNG", 1), ("ant/z.png", 0)]);
    fs::write(root.path().join("cat/notes.txt"), "no image").unwrap();
    let data = train(root.path(), Labels::Required).unwrap();
    assert_eq!(data.classes(), ["ant", "cat"]);
    assert_eq!((data.images(), data.labels()), (&[0, 1, 2][..], Some(&[0, 1, 1][..])));
    assert!(!has_part(root.path(), Part::Test).unwrap());
    complains(
        part(root.path(), Part::Test, Labels::Required),
        &["expected a folder called test", "found none"],
    );
}

#[test]
fn numbers_are_sorted_as_numbers() {
    let root = folders(&[("10/a.png", 10), ("9/a.png", 9), ("2/a.png", 2)]);
    let data = train(root.path(), Labels::Required).unwrap();
    assert_eq!(data.classes(), ["2", "9", "10"]);
    assert_eq!(data.images(), [2, 9, 10]);
}

#[test]
fn a_class_that_one_part_lacks_does_not_shift_the_labels() {
    let root = folders(&[
        ("train/a/1.png", 1),
        ("train/c/1.png", 3),
        ("test/b/1.png", 2),
        ("test/c/1.png", 3),
        ("val/d/1.png", 4),
    ]);
    let classes = ["a", "b", "c"];
    let data = train(root.path(), Labels::Required).unwrap();
    assert_eq!((data.labels(), data.classes()), (Some(&[0, 2][..]), &classes.map(String::from)[..]));
    let data = part(root.path(), Part::Test, Labels::Required).unwrap();
    assert_eq!((data.labels(), data.classes()), (Some(&[1, 2][..]), &classes.map(String::from)[..]));
    assert!(has_part(root.path(), Part::Test).unwrap());
}

#[test]
fn a_class_may_be_called_train() {
    let root = folders(&[("train/1.png", 1), ("bus/1.png", 2)]);
    assert_eq!(train(root.path(), Labels::Required).unwrap().classes(), ["bus", "train"]);
}

#[test]
fn labels_of_folders_can_be_ignored_and_flat_folders_have_none() {
    let root = folders(&[("train/a/1.png", 1), ("train/b/1.png", 2), ("test/1.png", 3)]);
    let data = train(root.path(), Labels::Ignored).unwrap();
    assert_eq!((data.images(), data.labels(), data.classes().len()), (&[1, 2][..], None, 0));
    let data = part(root.path(), Part::Test, Labels::Ignored).unwrap();
    assert_eq!(data.images(), [3]);
    complains(
        part(root.path(), Part::Test, Labels::Required),
        &["test: ", "one sub-folder a class", "found 1 images without a class"],
    );
    let flat = folders(&[("2.png", 2), ("1.png", 1), (".hidden.png", 0)]);
    assert_eq!(train(flat.path(), Labels::Ignored).unwrap().images(), [1, 2]);
}

#[test]
fn what_would_be_left_out_in_silence_is_an_error() {
    let stray = folders(&[("a/1.png", 1), ("stray.png", 2)]);
    complains(train(stray.path(), Labels::Required), &["either class folders", "found stray.png"]);
    // Without labels nothing is left out.
    assert_eq!(train(stray.path(), Labels::Ignored).unwrap().images(), [2, 1]);
    let options = LoadOptions::new(size(1, 1), Labels::Ignored);
    let options = options.validation(Some(Validation { share: 0.5, seed: 1 }));
    assert!(!options.sets_aside(stray.path()).unwrap() && !options.has_labelled_test(stray.path()).unwrap());
    for labels in [Labels::Required, Labels::Ignored] {
        let empty = tempdir().unwrap();
        fs::create_dir(empty.path().join("a")).unwrap();
        complains(train(empty.path(), labels), &["found no images (png", "train/CLASS/*.png"]);
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_wherever_they_lead_but_not_in_circles() {
    use std::os::unix::fs::symlink;
    let elsewhere = folders(&[("1.png", 1)]);
    let root = folders(&[("1.png", 1)]);
    symlink("1.png", root.path().join("2.png")).unwrap();
    assert_eq!(train(root.path(), Labels::Ignored).unwrap().images(), [1, 1]);
    symlink(elsewhere.path().join("1.png"), root.path().join("3.png")).unwrap();
    assert_eq!(train(root.path(), Labels::Ignored).unwrap().images(), [1, 1, 1]);
    let classes = folders(&[("a/1.png", 1)]);
    symlink(elsewhere.path(), classes.path().join("b")).unwrap();
    let data = train(classes.path(), Labels::Required).unwrap();
    assert_eq!((data.classes(), data.labels()), (&["a", "b"].map(String::from)[..], Some(&[0, 1][..])));
    // What is no image by its name is none of these, wherever it leads.
    symlink("nowhere.txt", classes.path().join("a/notes.txt")).unwrap();
    let summary = train(classes.path(), Labels::Required).unwrap().summary();
    assert!(summary.ends_with("; 1 other file is left alone"), "{summary}");
    symlink("nowhere.png", classes.path().join("a/2.png")).unwrap();
    complains(train(classes.path(), Labels::Required), &["2.png", "cannot read"]);
    let data =
        LoadOptions::new(size(1, 1), Labels::Required).skip_bad(true).load(classes.path(), Part::Train);
    assert_eq!(data.unwrap().unread().len(), 1);
    // A link without an extension may be that of a class.
    symlink("nowhere", classes.path().join("c")).unwrap();
    let words = ["either class folders", "found c (a link into nowhere)"];
    complains(train(classes.path(), Labels::Required), &words);
    fs::remove_file(classes.path().join("c")).unwrap();
    symlink(classes.path(), classes.path().join("a/back")).unwrap();
    complains(
        train(classes.path(), Labels::Required),
        &["back", "expected a folder that does not lie in itself"],
    );
}

#[test]
fn one_coloured_image_makes_all_of_them_colour() {
    let root = tempdir().unwrap();
    let [grey, colour] = ["grey.png", "colour.png"].map(|name| root.path().join(name));
    write_grey(&grey, 2, &[1, 2, 3, 4]);
    write_colour(&colour, 2, 1, |x, _| [10 + x as u8, 20 + x as u8, 30 + x as u8]);
    let files = |paths: &[_]| load_image_files(paths, size(2, 2)).unwrap();
    let both = files(&[colour.clone(), grey.clone()]);
    assert_eq!(both.shape().to_string(), "3×2×2");
    assert_eq!(both.image(0), [10, 11, 0, 0, 20, 21, 0, 0, 30, 31, 0, 0]);
    assert_eq!(both.image(1), [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
    let grey = files(&[grey.clone(), grey]);
    assert_eq!(grey.shape().to_string(), "1×2×2");
    assert_eq!(grey.images(), [1, 2, 3, 4, 1, 2, 3, 4]);
}

#[test]
fn images_of_any_mode_become_bytes() {
    let root = tempdir().unwrap();
    let path = root.path().join("image.png");
    let values = |size| load_image_files(std::slice::from_ref(&path), size).unwrap().images().to_vec();
    let deep = image::ImageBuffer::from_pixel(1, 1, image::Luma([0x80ffu16]));
    deep.save(&path).unwrap();
    assert_eq!(values(size(1, 1)), [0x80]);
    let clear = image::ImageBuffer::from_pixel(1, 1, image::Rgba([1u8, 2, 3, 0]));
    clear.save(&path).unwrap();
    // Clear pixels show the paper, whatever colour is hidden in them; half of black leaves half of the paper.
    assert_eq!(values(size(1, 1)), [255, 255, 255]);
    let half = image::ImageBuffer::from_pixel(1, 1, image::LumaA([0u8, 128]));
    half.save(&path).unwrap();
    assert_eq!(values(size(1, 1)), [127]);
    write_colour(&path, 4, 3, |x, y| [x as u8, y as u8, 9]);
    assert_eq!(values(size(1, 2)), [1, 2, 1, 1, 9, 9]);
}

#[test]
fn an_image_that_is_missing_or_far_too_large_is_named() {
    complains(load_image_files(&[], size(1, 1)), &["image files", "found none"]);
    let root = tempdir().unwrap();
    let path = root.path().join("bomb.png");
    let read = || load_image_files(std::slice::from_ref(&path), size(1, 1));
    complains(read(), &["bomb.png", "cannot read"]);
    // A header of 100,000 × 100,000 pixels, and none of them.
    let side = 100_000u32.to_be_bytes();
    let chunk = |length: u32, content: &[u8]| {
        let mut check = flate2::Crc::new();
        check.update(content);
        [&length.to_be_bytes(), content, &check.sum().to_be_bytes()].concat()
    };
    let header = chunk(13, &[&b"IHDR"[..], &side, &side, &[8, 2, 0, 0, 0]].concat());
    fs::write(&path, [&b"\x89PNG\r\n\x1a\n"[..], &header, &chunk(0, b"IDAT")].concat()).unwrap();
    complains(read(), &["bomb.png", "expected an image that can be decoded", "limit", "scale it down"]);
}

#[test]
fn panoramas_are_read_and_what_is_too_large_is_told_in_words() {
    let root = tempdir().unwrap();
    for name in ["wide.jpg", "wide.png"] {
        let path = root.path().join(name);
        write_colour(&path, 20_000, 8, |_, _| [90, 90, 90]);
        let seen = load_image_files(std::slice::from_ref(&path), Frame::new(2, 2)).unwrap();
        assert!(seen.images().iter().all(|value| value.abs_diff(90) < 3), "{name}: {:?}", seen.images());
        if name == "wide.jpg" {
            // A frame of 60,000×50,000 pixels, in the words of the header.
            let mut bytes = fs::read(&path).unwrap();
            let frame = bytes.windows(2).position(|pair| matches!(pair, [0xff, 0xc0..=0xc2])).unwrap();
            bytes[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xc3, 0x50]);
            fs::write(&path, bytes).unwrap();
            let words = [
                "wide.jpg: expected",
                "found 60000×50000 pixels, beyond the limit of 256 MiB",
                "scale it down",
            ];
            complains(load_image_files(&[path], size(1, 1)), &words);
        }
    }
}
