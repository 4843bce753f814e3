//! Training never sees a label of the target: nothing that happens to them changes a byte of the model.

use crate::sandbox::Sandbox;
use std::fs;
use std::process::Command;

const TRAIN_LIST: &str = "target/mnist_m/mnist_m_train_labels.txt";
const TEST_LIST: &str = "target/mnist_m/mnist_m_test_labels.txt";

/// The model that DANN trains after `change` to its data.
fn model_after(change: impl FnOnce(&Sandbox)) -> Vec<u8> {
    let sandbox = Sandbox::new();
    change(&sandbox);
    sandbox.train("out", "--seed 3");
    sandbox.read("out/model.safetensors")
}

/// Every label of a list becomes another.
fn relabel(list: &mut [u8]) {
    for byte in list.rsplit_mut(|&byte| byte == b'\n').filter_map(|line| line.last_mut()) {
        *byte = b'0' + (*byte - b'0' + 3) % 10;
    }
}

#[test]
fn labels_of_the_training_part_do_not_matter() {
    let as_it_is = model_after(|_| ());
    let relabelled = model_after(|sandbox| sandbox.edit(TRAIN_LIST, |list| relabel(list)));
    assert!(relabelled == as_it_is, "other labels change the model");
    let garbled = model_after(|sandbox| sandbox.write(TRAIN_LIST, "no label\0"));
    assert!(garbled == as_it_is, "a file that is no list changes the model");
    let removed = model_after(|sandbox| fs::remove_file(sandbox.path(TRAIN_LIST)).expect("removal"));
    assert!(removed == as_it_is, "a missing list changes the model");
}

#[test]
fn labels_of_the_test_part_are_for_the_report_only() {
    let sandbox = Sandbox::new();
    sandbox.train("before", "--seed 3");
    sandbox.edit(TEST_LIST, |list| relabel(list));
    sandbox.train("after", "--seed 3");
    assert!(sandbox.read("before/model.safetensors") == sandbox.read("after/model.safetensors"));
}

#[test]
fn labels_in_idx_files_do_not_matter_either() {
    let train = |change: fn(&Sandbox)| {
        let sandbox = Sandbox::new();
        fs::rename(sandbox.path("target"), sandbox.path("unused")).expect("renaming");
        fs::create_dir(sandbox.path("target")).expect("a directory");
        for file in fs::read_dir(sandbox.path("source")).expect("a listing") {
            let file = file.expect("an entry");
            fs::copy(file.path(), sandbox.path("target").join(file.file_name())).expect("a copy");
        }
        change(&sandbox);
        sandbox.train("out", "");
        sandbox.read("out/model.safetensors")
    };
    let garbled = train(|sandbox| sandbox.write("target/train-labels-idx1-ubyte", "garbage"));
    assert!(garbled == train(|_| ()));
}

/// Whoever opens a named pipe that nobody writes to waits for ever.
#[cfg(unix)]
#[test]
fn the_list_of_the_training_part_is_not_even_opened() {
    let as_it_is = model_after(|_| ());
    let piped = model_after(|sandbox| {
        let list = sandbox.path(TRAIN_LIST);
        fs::remove_file(&list).expect("removal");
        assert!(Command::new("mkfifo").arg(&list).status().expect("mkfifo runs").success());
    });
    assert!(piped == as_it_is);
}
