//! Broken MNIST-M lists and image files: refused by name before anything is written, or left out in words.

use crate::photos::in_one_line;
use crate::sandbox::Sandbox;
use std::fs;

const LIST: &str = "target/mnist_m/mnist_m_train_labels.txt";
const TEST_LIST: &str = "target/mnist_m/mnist_m_test_labels.txt";
const IMAGE: &str = "target/mnist_m/mnist_m_train/00000002.png";

/// The training part's list is read for the upper bound alone.
fn target_only(sandbox: &Sandbox, words: &[&str]) {
    sandbox.refuses_to_train("--method target-only", words);
}

fn with_line_three(sandbox: &Sandbox, line: &str) {
    let list = String::from_utf8(sandbox.read(LIST)).expect("UTF-8");
    let lines = list.lines().enumerate().map(|(i, old)| if i == 2 { line } else { old });
    sandbox.write(LIST, lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_list_that_names_a_missing_file() {
    let sandbox = Sandbox::new();
    with_line_three(&sandbox, "99999999.png 2");
    let line = format!("{LIST}:3");
    target_only(&sandbox, &[&line, "expected the name of an image in", "99999999.png", "which is not there"]);
}

#[test]
fn a_list_that_names_a_file_outside_its_directory() {
    let sandbox = Sandbox::new();
    for name in ["../mnist_m_test/00000000.png", "/etc/hostname", "..\\00000000.png"] {
        with_line_three(&sandbox, &format!("{name} 2"));
        target_only(&sandbox, &[&format!("{LIST}:3"), "expected a file name without a path", "found"]);
    }
    with_line_three(&sandbox, ".. 2");
    target_only(&sandbox, &[&format!("{LIST}:3"), "expected the name of an image"]);
}

#[cfg(unix)]
#[test]
fn an_image_that_is_a_link_out_of_its_directory() {
    let sandbox = Sandbox::new();
    fs::rename(sandbox.path(IMAGE), sandbox.path("outside.png")).expect("renaming");
    std::os::unix::fs::symlink(sandbox.path("outside.png"), sandbox.path(IMAGE)).expect("a link");
    sandbox.refuses_to_train("", &[IMAGE, "expected a file or a link within", "outside.png"]);
}

#[test]
fn a_list_with_a_line_that_is_none() {
    let sandbox = Sandbox::new();
    for line in ["00000002.png", "00000002.png two", "00000002.png -1", "00000002.png 256", "a b 3"] {
        with_line_three(&sandbox, line);
        target_only(
            &sandbox,
            &[&format!("{LIST}:3"), "expected a file name and a label from 0 to 255", line],
        );
    }
}

#[test]
fn labels_beyond_the_class_count() {
    let sandbox = Sandbox::new();
    with_line_three(&sandbox, "00000002.png 10");
    let words = [
        "mnist_m_train_labels.txt",
        "expected labels below the class count of 10",
        "found label 10 on image 2",
    ];
    target_only(&sandbox, &words);
}

#[test]
fn images_of_the_test_part_whose_label_training_does_not_know_are_left_out_in_words() {
    let sandbox = Sandbox::new();
    sandbox.train("run", "");
    sandbox.edit(TEST_LIST, |list| list.splice(13..14, *b"31").for_each(drop));
    let words = "are of classes that training does not know (31), and are left out";
    for line in ["eval --run run --data target", &format!("{} --out again --no-report", Sandbox::TRAIN)] {
        let said = in_one_line(sandbox.dann(line).assert().success().get_output());
        assert!(said.contains(words), "{line}: {said}");
    }
}

#[test]
fn an_image_that_does_not_decode() {
    let sandbox = Sandbox::new();
    let words = [IMAGE, "expected an image that can be decoded"];
    sandbox.edit(IMAGE, |bytes| bytes.truncate(40));
    sandbox.refuses_to_train("", &words);
    sandbox.write(IMAGE, "not a picture");
    sandbox.refuses_to_train("", &words);
}

#[test]
fn a_target_with_fewer_images_than_a_batch() {
    let sandbox = Sandbox::new();
    for index in 3..12 {
        let image = format!("target/mnist_m/mnist_m_train/{index:08}.png");
        fs::remove_file(sandbox.path(&image)).expect("removal");
    }
    let words = ["target/mnist_m/mnist_m_train: ", "expected at least a batch of 4 images", "found 3"];
    sandbox.refuses_to_train("", &words);
    let source =
        ["source/train-images-idx3-ubyte: ", "expected at least a batch of 17 images", "--batch 8 fits"];
    sandbox.refuses_to_train("--batch 17 --method source-only", &source);
}

#[test]
fn a_target_without_images() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("empty")).expect("a directory");
    let line = "train --config tiny.toml --source source --target empty --out out";
    sandbox.refused(line, &["empty: expected a data set", "found neither images nor folders"]);
}
