//! USPS from text in either form.

use super::server::{Reply, Server};
use super::{NOBODY, PATIENCE, gzip, names};
use crate::data::digest::Digest;
use crate::data::fetch::usps::{self, Form, PartFiles, Place};
use crate::data::{Frame, Labels, NoProgress, Part, load};
use bzip2::Compression;
use bzip2::write::BzEncoder;
use flate2::read::GzDecoder;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use tempfile::tempdir;

fn bzip2(text: &str) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A digit of these first values and black elsewhere, in either form.
fn line(form: Form, digit: u8, first: &[&str]) -> String {
    let values = first.iter().copied().chain(std::iter::repeat("-1")).take(256);
    match form {
        Form::Values => format!("{digit}.0000 {} \n", values.collect::<Vec<_>>().join(" ")),
        Form::Indexed => {
            let indexed = values.enumerate().filter(|(_, value)| *value != "0");
            let words: Vec<String> = indexed.map(|(index, value)| format!("{}:{value}", index + 1)).collect();
            format!("{} {}\n", digit + 1, words.join(" "))
        }
    }
}

fn text(form: Form) -> String {
    line(form, 6, &["-0.631", "0.862", "1", "0", "-0.8"]) + &line(form, 0, &["-0.4", "0.4", "0.8"])
}

/// By hand: 127.5 · (1 + value), and halves to even; −0.8 lies below a half, as 1 − 0.8 does in binary.
fn expected() -> [Vec<u8>; 2] {
    let mut images = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 16, 0, 0, 0, 16];
    for first in [&[47, 237, 255, 128, 25][..], &[76, 178, 230]] {
        images.extend(first.iter().copied().chain(std::iter::repeat(0)).take(256));
    }
    [images, vec![0, 0, 8, 1, 0, 0, 0, 2, 6, 0]]
}

fn test_part(digests: [Digest; 2], places: Vec<Place>) -> [PartFiles; 1] {
    [PartFiles { part: Part::Test, digests, places }]
}

fn place(url: String, form: Form) -> Place {
    Place { url, form }
}

const NAMES: [&str; 2] = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

#[test]
fn either_form_gives_the_same_files_and_the_first_whole_one_is_taken_once() {
    for form in [Form::Values, Form::Indexed] {
        let packed = match form {
            Form::Values => gzip(text(form).as_bytes()),
            Form::Indexed => bzip2(&text(form)),
        };
        let server = Server::start(move |path| match path {
            "/good" => Reply::Whole(packed.clone()),
            "/cut" => Reply::Short(packed[..packed.len() / 2].to_vec()),
            _ => Reply::Missing,
        });
        let at = |path: &str| place(format!("{}{path}", server.url), form);
        let other = Server::start(|_| Reply::Whole(gzip(line(Form::Values, 7, &[]).as_bytes())));
        let places =
            vec![place(NOBODY.into(), form), at("none"), place(other.url.clone(), Form::Values), at("good")];
        let parts = test_part(expected().map(|bytes| Digest::of(&bytes)), places);
        let root = tempdir().unwrap();
        let directory = root.path().join("new/usps");
        usps::fetch_from(&parts, PATIENCE, &directory, &NoProgress).unwrap();
        assert_eq!(names(&directory), NAMES);
        assert_eq!(NAMES.map(|name| fs::read(directory.join(name)).unwrap()), expected());
        let data = load(&directory, Part::Test, Frame::new(16, 16), Labels::Required).unwrap();
        assert_eq!((data.len(), data.labels()), (2, Some(&[6, 0][..])));
        // What is there is not fetched again, compressed or not.
        fs::write(directory.join(NAMES[0]).with_extension("gz"), gzip(&expected()[0])).unwrap();
        fs::remove_file(directory.join(NAMES[0])).unwrap();
        usps::fetch_from(&parts, PATIENCE, &directory, &NoProgress).unwrap();
        assert_eq!(server.requests(), ["/none", "/good"]);
    }
}

#[test]
fn every_place_that_failed_is_named_with_its_reason_and_nothing_is_left() {
    let server = Server::start(|path| match path {
        "/plain" => Reply::Whole(b"6 0 0".into()),
        "/short" => Reply::Whole(gzip(b"6 -1 -1\n")),
        "/long" => Reply::Whole(gzip(format!("{} 1\n", line(Form::Values, 1, &[]).trim()).as_bytes())),
        "/eleven" => Reply::Whole(bzip2("11 1:-1\n")),
        "/beyond" => Reply::Whole(bzip2("1 257:-1\n")),
        _ => Reply::Whole(gzip(line(Form::Values, 1, &[]).as_bytes())),
    });
    let at = |path: &str, form| place(format!("{}{path}", server.url), form);
    let places = vec![
        at("plain", Form::Values),
        at("short", Form::Values),
        at("long", Form::Values),
        at("eleven", Form::Indexed),
        at("beyond", Form::Indexed),
        at("others", Form::Values),
    ];
    let parts = test_part(expected().map(|bytes| Digest::of(&bytes)), places);
    let root = tempdir().unwrap();
    let error = usps::fetch_from(&parts, PATIENCE, root.path(), &NoProgress).unwrap_err().to_string();
    for words in [
        "USPS",
        "plain: not packed as it should be",
        "short: line 1 is no digit of 16×16",
        "long: line 1 is no digit",
        "eleven: line 1 is no digit",
        "beyond: line 1 is no digit",
        "others: other digits than USPS's, t10k-images-idx3-ubyte: expected 528 bytes, found 272",
    ] {
        assert!(error.contains(words), "{words:?} is not in {error}");
    }
    assert!(names(root.path()).is_empty());
    fs::write(root.path().join(NAMES[1]), "mine").unwrap();
    let error = usps::fetch_from(&parts, PATIENCE, root.path(), &NoProgress).unwrap_err().to_string();
    assert!(error.contains("t10k-labels-idx1-ubyte: expected 10 bytes, found 4; move it away"), "{error}");
    assert_eq!(names(root.path()), [NAMES[1]]);
}

/// The digits that are at hand here, written out as text and fetched again, have the hashes that are pinned.
#[test]
fn the_pinned_hashes_are_those_of_usps() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/usps");
    if !shared.is_dir() {
        writeln!(std::io::stderr(), "skipped: no USPS in ../shared/data/usps").unwrap();
        return;
    }
    let unpacked = |name: &str| {
        let (file, mut bytes) = (fs::File::open(shared.join(name)).unwrap(), Vec::new());
        GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
        bytes
    };
    let written = |part: &str| -> Vec<u8> {
        let images = unpacked(&format!("{part}-images-idx3-ubyte.gz"));
        let labels = unpacked(&format!("{part}-labels-idx1-ubyte.gz"));
        let line = |(pixels, label): (&[u8], &u8)| {
            let values = pixels.iter().map(|&pixel| format!("{:.4}", f64::from(pixel) / 127.5 - 1.0));
            format!("{label} {}\n", values.collect::<Vec<_>>().join(" "))
        };
        gzip(images[16..].chunks(256).zip(&labels[8..]).map(line).collect::<String>().as_bytes())
    };
    let texts = ["train", "t10k"].map(written);
    let server = Server::start(move |path| Reply::Whole(texts[usize::from(path == "/1")].clone()));
    let mut parts = usps::parts();
    for (index, part) in parts.iter_mut().enumerate() {
        part.places = vec![place(format!("{}{index}", server.url), Form::Values)];
    }
    let root = tempdir().unwrap();
    usps::fetch_from(&parts, PATIENCE, root.path(), &NoProgress).unwrap();
    for (part, count) in [(Part::Train, 7291), (Part::Test, 2007)] {
        let load = |path: &Path| load(path, part, Frame::new(16, 16), Labels::Required).unwrap();
        let (fetched, at_hand) = (load(root.path()), load(&shared));
        assert_eq!(fetched.len(), count);
        assert_eq!((fetched.images(), fetched.labels()), (at_hand.images(), at_hand.labels()));
    }
    // The files at hand are whole, so nothing would be fetched beside them.
    parts.iter_mut().for_each(|part| part.places.clear());
    usps::fetch_from(&parts, PATIENCE, &shared, &NoProgress).unwrap();
}
