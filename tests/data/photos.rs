//! Pictures as people's folders hold them: formats, damage, and layouts.

use crate::skip::skip;
use crate::support::{complains, size, write_colour};
use dann::data::{
    Fit, Frame, Labels, LoadOptions, Part, Validation, has_labelled_test, load, load_image_files,
};
use dann::error::Error;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

/// A picture whose four quarters differ, 16×24.
fn picture() -> RgbImage {
    RgbImage::from_fn(24, 16, |x, y| Rgb([[200, 40][(x / 12) as usize], [30, 180][(y / 8) as usize], 90]))
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture()).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn pixels(path: &Path, frame: Frame) -> Vec<u8> {
    load_image_files(&[path.to_path_buf()], frame).unwrap().images().to_vec()
}

/// Whether both are the same picture, as far as formats with losses keep it: JPEG and palettes move no value by more than
/// 16 where, as here, edges lie on the blocks.
#[track_caller]
fn alike(found: &[u8], expected: &[u8], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let far = found.iter().zip(expected).filter(|(a, b)| a.abs_diff(**b) > 16).count();
    // Chroma of 4:2:0 spreads over the edge beside it.
    assert!(far * 10 <= found.len(), "{what}: {far} of {} values", found.len());
}

#[test]
fn every_format_is_read_whatever_the_file_is_called() {
    let root = tempdir().unwrap();
    let formats = [
        ("a.jfif", ImageFormat::Jpeg),
        ("B.PNG", ImageFormat::Png),
        ("c.webp", ImageFormat::WebP),
        ("d.gif", ImageFormat::Gif),
        ("e.TIF", ImageFormat::Tiff),
        ("f.bmp", ImageFormat::Bmp),
        ("jpegnamed.png", ImageFormat::Jpeg),
        ("noext", ImageFormat::Png),
    ];
    for (name, format) in formats {
        fs::write(root.path().join(name), encoded(format)).unwrap();
    }
    for litter in [".DS_Store", "Thumbs.db", "notes.txt", "._a.jpg"] {
        fs::write(root.path().join(litter), "no picture").unwrap();
    }
    for folder in ["__MACOSX", "@eaDir", ".hidden"] {
        fs::create_dir(root.path().join(folder)).unwrap();
        fs::write(root.path().join(folder).join("a.jpg"), "no picture").unwrap();
    }
    let data = load(root.path(), Part::Train, size(16, 24), Labels::Ignored).unwrap();
    assert_eq!(data.len(), formats.len());
    fs::write(root.path().join("exact.png"), encoded(ImageFormat::Png)).unwrap();
    let expected = pixels(&root.path().join("exact.png"), size(16, 24));
    (0..data.len()).for_each(|index| alike(data.image(index), &expected, &format!("picture {index}")));
    assert!(data.summary().ends_with("; 7 other files are left alone"), "{}", data.summary());
}

/// An EXIF segment for JPEG that says `orientation`.
fn exif(orientation: u8) -> Vec<u8> {
    let tiff =
        [b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0]];
    let data = [b"Exif\0\0", &tiff.concat()[..]].concat();
    [&[0xff, 0xe1, 0, data.len() as u8 + 2], &data[..]].concat()
}

#[test]
fn turned_pictures_are_put_upright() {
    let root = tempdir().unwrap();
    let path = root.path().join("turned.jpg");
    let mut bytes = encoded(ImageFormat::Jpeg);
    fs::write(&path, &bytes).unwrap();
    let upright = pixels(&path, size(16, 24));
    bytes.splice(2..2, exif(3));
    fs::write(&path, &bytes).unwrap();
    let plane = 16 * 24;
    let turned: Vec<u8> = upright.chunks(plane).flat_map(|plane| plane.iter().rev().copied()).collect();
    assert_eq!(pixels(&path, size(16, 24)), turned);
    let mut bytes = encoded(ImageFormat::Jpeg);
    bytes.splice(2..2, exif(6));
    fs::write(&path, &bytes).unwrap();
    assert_eq!(dann::data::picture_size(&path).unwrap().to_string(), "24×16");
    // Clockwise: what was at the bottom left is at the top left.
    assert_eq!(pixels(&path, size(24, 16))[0], upright[15 * 24]);
}

#[test]
fn all_that_cannot_be_read_is_listed_and_left_out_on_request() {
    let root = tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let jpeg = encoded(ImageFormat::Jpeg);
    write("cat/good.jpg", &jpeg);
    write("dog/good.png", &encoded(ImageFormat::Png));
    write("cat/zero.jpg", b"");
    write("cat/cut.jpg", &jpeg[..jpeg.len() - 4]);
    write("dog/half.png", &encoded(ImageFormat::Png)[..60]);
    write("dog/phone.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic");
    let options = LoadOptions::new(size(16, 24), Labels::Required);
    let error = options.load(root.path(), Part::Train).unwrap_err();
    let text = error.to_string();
    for words in
        ["found 4 that cannot", "zero.jpg: ", "0 bytes", "cut.jpg: ", "half.png: ", "phone.jpg: ", "HEIC"]
    {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
    assert!(matches!(error, Error::Unread { unread, images: 6, .. } if unread.len() == 4));
    let data = options.skip_bad(true).load(root.path(), Part::Train).unwrap();
    assert_eq!((data.len(), data.labels(), data.unread().len()), (2, Some(&[0, 1][..]), 4));
    let exact = pixels(&root.path().join("dog/good.png"), size(16, 24));
    assert_eq!(data.image(1), exact);
    assert!(data.left_out().unwrap().contains("4 of 6 images cannot be read"));
    fs::remove_file(root.path().join("cat/good.jpg")).unwrap();
    fs::remove_file(root.path().join("dog/good.png")).unwrap();
    complains(options.skip_bad(true).load(root.path(), Part::Train), &["found 4 that cannot"]);
}

#[test]
fn what_may_not_be_in_memory_is_read_from_the_disk() {
    let root = tempdir().unwrap();
    for (index, name) in ["cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"].iter().enumerate() {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut bytes = encoded(ImageFormat::Png);
        bytes.truncate(if index == 1 { 60 } else { bytes.len() });
        fs::write(path, bytes).unwrap();
    }
    write_colour(&root.path().join("dog/3.png"), 5, 7, |x, y| [x as u8, y as u8, 9]);
    let options = LoadOptions::new(size(16, 24), Labels::Required).skip_bad(true);
    for options in [options, options.grey(true)] {
        let held = options.load(root.path(), Part::Train).unwrap();
        let channels = if options.grey { 1 } else { 3 };
        assert!(held.is_in_memory() && (held.len(), held.shape().channels) == (4, channels));
        let least = (5 * channels * 16 * 24) as u64;
        assert!(options.memory(Some(least)).load(root.path(), Part::Train).unwrap().is_in_memory());
        let stored = options.memory(Some(least - 1)).load(root.path(), Part::Train).unwrap();
        assert!(!stored.is_in_memory() && stored.images().is_empty());
        assert_eq!((stored.len(), stored.labels(), stored.unread()), (4, held.labels(), held.unread()));
        assert!(stored.summary().contains("; decoded to a file of 1 MiB in "), "{}", stored.summary());
        assert_eq!(stored.read([3, 0, 3].into_iter()).unwrap(), held.read([3, 0, 3].into_iter()).unwrap());
        let some = stored.only([2, 1].into_iter());
        assert!(!some.is_in_memory());
        let some = some.into_memory().unwrap();
        assert_eq!(
            (some.images(), some.labels()),
            (&held.read([2, 1].into_iter()).unwrap()[..], Some(&[1, 1][..]))
        );
    }
    // Where nothing has colour, one plane is enough.
    let grey = tempdir().unwrap();
    DynamicImage::ImageRgb8(picture()).to_luma8().save(grey.path().join("1.png")).unwrap();
    let options = LoadOptions::new(size(16, 24), Labels::Ignored);
    let [held, stored] =
        [None, Some(0)].map(|most| options.memory(most).load(grey.path(), Part::Train).unwrap());
    assert_eq!((stored.shape().channels, stored.read(0..1).unwrap()), (1, held.images().to_vec()));
}

#[test]
fn a_class_of_which_nothing_can_be_read_is_an_error() {
    let root = folders(&["cat/1.png", "dog/1.png"]);
    fs::write(root.path().join("dog/1.png"), b"").unwrap();
    let options = LoadOptions::new(size(2, 2), Labels::Required).skip_bad(true);
    complains(
        options.load(root.path(), Part::Train),
        &["dog: expected images", "found none that can be read"],
    );
}

fn folders(files: &[&str]) -> TempDir {
    let root = tempdir().unwrap();
    for (value, path) in (0u8..).zip(files) {
        write_colour(&root.path().join(path), 2, 2, |_, _| [value, 100, 0]);
    }
    root
}

fn names(path: &Path) -> Vec<String> {
    load(path, Part::Train, size(2, 2), Labels::Required).unwrap().classes().to_vec()
}

#[test]
fn layouts_that_people_have_are_recognised() {
    let nested = folders(&["cat/1.png", "cat/2020/may/2.png", "dog/old/3.png"]);
    let data = load(nested.path(), Part::Train, size(2, 2), Labels::Required).unwrap();
    assert_eq!((data.labels(), data.classes().len()), (Some(&[0, 0, 1][..]), 2));
    assert_eq!(load(nested.path(), Part::Train, size(2, 2), Labels::Ignored).unwrap().len(), 3);
    for (train, test) in
        [("Train", "Test"), ("training", "val"), ("TRAIN", "Validation"), ("train", "testing")]
    {
        let parts =
            ["cat", "dog"].map(|class| [format!("{train}/{class}/1.png"), format!("{test}/{class}/1.png")]);
        let parts = folders(&parts.as_flattened().iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(names(parts.path()), ["cat", "dog"]);
        assert!(has_labelled_test(parts.path()).unwrap(), "{test}");
    }
    let office = folders(&["images/bike/1.png", "images/mug/1.png"]);
    assert_eq!(names(office.path()), ["bike", "mug"]);
    let domains = folders(&["amazon/images/mug/1.png", "dslr/images/mug/1.png"]);
    let words = ["expected the folder of one domain", "amazon, dslr"];
    complains(load(domains.path(), Part::Train, size(2, 2), Labels::Required), &words);
    let classes = folders(&["cat/images/1.png", "dog/images/1.png"]);
    assert_eq!(names(classes.path()), ["cat", "dog"]);
    let twice = folders(&["train/a/1.png", "Training/a/1.png"]);
    let words = ["expected one folder of the train part", "Training and train"];
    complains(load(twice.path(), Part::Train, size(2, 2), Labels::Required), &words);
    let empty = folders(&["cat/1.png", "dog/1.png"]);
    fs::create_dir(empty.path().join("emu")).unwrap();
    let words = ["emu: expected images", "may be removed", "found none"];
    complains(load(empty.path(), Part::Train, size(2, 2), Labels::Required), &words);
}

#[test]
fn images_of_classes_that_training_does_not_know_are_left_out_in_words() {
    let root = folders(&["test/cat/1.png", "test/emu/1.png", "test/emu/2.png", "train/cat/1.png"]);
    let test = || load(root.path(), Part::Test, size(2, 2), Labels::Required).unwrap();
    let (known, words) = test().of_known_classes(&["ape".into(), "cat".into()]).unwrap();
    assert_eq!((known.labels(), known.images()[0]), (Some(&[1][..]), 0));
    assert!(words.unwrap().contains("2 of 3 images are of classes that training does not know (emu)"));
    complains(test().of_known_classes(&["ape".into()]), &["expected the classes ape"]);
    assert_eq!(test().of_known_classes(&["cat".into(), "emu".into()]).unwrap().1, None);
}

#[test]
fn a_folder_without_parts_is_divided_class_by_class() {
    let names: Vec<String> = ["cat", "dog"]
        .iter()
        .flat_map(|class| (0..10).map(move |index| format!("{class}/{index}.png")))
        .chain(["emu/1.png".to_owned()])
        .collect();
    let root = folders(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let whole = LoadOptions::new(size(2, 2), Labels::Required);
    let options = whole.validation(Some(Validation { share: 0.2, seed: 3 }));
    assert!(
        options.has_labelled_test(root.path()).unwrap() && options.has_part(root.path(), Part::Test).unwrap()
    );
    assert!(!whole.has_labelled_test(root.path()).unwrap() && !whole.sets_aside(root.path()).unwrap());
    let [train, test] = [Part::Train, Part::Test].map(|part| options.load(root.path(), part).unwrap());
    assert_eq!((train.len(), test.labels()), (17, Some(&[0, 0, 1, 1][..])));
    assert_eq!(train.classes(), test.classes());
    assert!(train.summary().contains("; 4 others of the folder's 21 are set aside"), "{}", train.summary());
    assert!(train.summary().contains("class emu has one image"), "{}", train.summary());
    // No image is in both parts, or in neither: each has a colour of its own.
    let reds = |data: &dann::data::Dataset| (0..data.len()).map(|i| data.image(i)[0]).collect::<Vec<_>>();
    let mut all = [reds(&train), reds(&test)].concat();
    all.sort_unstable();
    assert_eq!(all, (0..21).collect::<Vec<u8>>());
    // Without labels, the parts are the same.
    for (part, data) in [(Part::Train, &train), (Part::Test, &test)] {
        let unlabelled = LoadOptions::new(options.frame, Labels::Ignored).validation(options.validation);
        let unlabelled = unlabelled.load(root.path(), part).unwrap();
        assert_eq!((unlabelled.images(), unlabelled.labels()), (data.images(), None));
    }
    let plain = folders(&["1.png", "2.png"]);
    assert!(!options.sets_aside(plain.path()).unwrap());
    let parts = folders(&["train/cat/1.png", "test/cat/2.png"]);
    assert!(!options.sets_aside(parts.path()).unwrap());
    assert_eq!(options.load(parts.path(), Part::Train).unwrap().len(), 1);
}

/// The pictures that come with the project's data, where they are.
#[test]
fn pictures_of_every_mode_are_the_same_picture() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/pictures");
    if !folder.exists() {
        skip(format_args!("there is no {}", folder.display()));
        return;
    }
    let frame = Frame::new(24, 24).fit(Fit::Centre);
    let expected = pixels(&folder.join("ref.png"), frame);
    let same = [
        "UP.JPG",
        "cmyk.jpg",
        "exif3.webp",
        "exif6.jpg",
        "exif8.png",
        "jpegnamed.png",
        "noext",
        "progressive.jpg",
        "P.png",
        "ref.bmp",
        "ref.gif",
        "ref.jfif",
        "ref.tif",
    ];
    same.iter().for_each(|name| alike(&pixels(&folder.join(name), frame), &expected, name));
    for name in ["L16.png", "RGBA.png", "halftransp.png"] {
        let found = pixels(&folder.join(name), frame);
        assert!(
            found.len().is_multiple_of(24 * 24) && found.iter().any(|value| *value != found[0]),
            "{name}"
        );
    }
    let bad = ["corruptmid.jpg", "heic.jpg", "trunc50.jpg"].map(|name| folder.join(name));
    let words = ["found 3 that cannot", "corruptmid.jpg: ", "left behind the last", "heic", "trunc50"];
    complains(load_image_files(&bad, frame), &words);
}
