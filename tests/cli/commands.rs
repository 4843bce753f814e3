//! `dann data`, `dann runs`, help, and the exit codes of lines that are no command.

use crate::sandbox::Sandbox;
use image::{Rgb, RgbImage};
use serde_json::json;
use std::fs;

/// Four photos of noise, told apart by `index`.
fn write_photos(sandbox: &Sandbox) {
    fs::create_dir(sandbox.path("photos")).expect("a directory");
    for index in 0..4u32 {
        let photo = RgbImage::from_fn(40, 36, |x, y| Rgb([(x * y + index) as u8, (5 * x) as u8, y as u8]));
        photo.save(sandbox.path(&format!("photos/{index}.png"))).expect("a PNG file");
    }
}

#[test]
fn mnist_m_is_made_of_digits_and_photos_and_can_be_trained_on() {
    let sandbox = Sandbox::new();
    write_photos(&sandbox);
    let line = "data make mnist-m --mnist source --photos photos --out made";
    let summary = sandbox.json(line).remove(0);
    assert_eq!(summary["backgrounds"], "photos");
    assert_eq!((&summary["train"]["images"], &summary["test"]["images"]), (&json!(16), &json!(10)));
    sandbox.json("train --config tiny.toml --source source --target made --out out");
    sandbox.refused(line, &["made/mnist_m: expected nothing there yet", "found an earlier data set"]);
}

#[test]
fn synthetic_digits_are_made_and_can_be_trained_on() {
    let sandbox = Sandbox::new();
    let line = "data make syn-digits --train 20 --test 10 --out made";
    let summary = sandbox.json(line).remove(0);
    let fonts = ["Hack-Regular.ttf", "Ubuntu-Light.ttf"];
    assert_eq!(summary, json!({ "fonts": fonts, "seed": 0, "train": 20, "test": 10 }));
    sandbox.json("train --config tiny.toml --source made/syn_digits --target target --out out");
    sandbox.refused(line, &["made/syn_digits: expected nothing there yet", "found an earlier data set"]);
    let make = |flags| format!("data make syn-digits --out a/b {flags}");
    sandbox.refused(&make("--fonts source"), &["source: expected fonts (ttf, otf), found none"]);
    sandbox.refused(&make("--test 9"), &["--test: expected at least 10 images, one of each digit, found 9"]);
    sandbox.refused(&make("--train ten"), &["invalid value 'ten' for '--train <N>'"]);
}

#[test]
fn nothing_is_made_of_broken_data() {
    let sandbox = Sandbox::new();
    write_photos(&sandbox);
    let make = |mnist, photos| format!("data make mnist-m --mnist {mnist} --photos {photos} --out a/b");
    sandbox.refused(&make("nowhere", "photos"), &["nowhere: expected a data set", "found nothing"]);
    sandbox.refused(&make("source", "nowhere"), &["nowhere: cannot list"]);
    sandbox.write("photos/3.png", "not a picture");
    sandbox.refused(&make("source", "photos"), &["photos/3.png: expected an image that can be decoded"]);
    sandbox.edit("source/t10k-labels-idx1-ubyte", |bytes| bytes.truncate(9));
    sandbox.refused("data make mnist-m --mnist source --out a", &["t10k-labels-idx1-ubyte: expected"]);
}

#[test]
fn a_file_that_is_not_mnist_is_not_overwritten() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("mnist")).expect("a directory");
    sandbox.write("mnist/train-images-idx3-ubyte", "my own");
    let words = ["mnist/train-images-idx3-ubyte: expected 47040016 bytes", "found 6"];
    sandbox.refused("data fetch mnist --dir .", &words);
}

fn write_result(sandbox: &Sandbox, method: &str, accuracy: f64) {
    fs::create_dir_all(sandbox.path(&format!("runs/{method}"))).expect("a directory");
    let result = json!({
        "method": method, "seed": 7, "steps": 10, "batch": 4, "adapter": "some", "source": "s",
        "target": "t", "directory": "d", "seconds": 1.5,
        "source_test_accuracy": null, "target_test_accuracy": accuracy,
    });
    sandbox.write(&format!("runs/{method}/result.json"), result.to_string());
}

#[test]
fn runs_shows_all_results_and_the_gap_that_is_covered() {
    let sandbox = Sandbox::new();
    for (method, accuracy) in [("source-only", 0.5), ("dann", 0.7), ("target-only", 0.9)] {
        write_result(&sandbox, method, accuracy);
    }
    fs::create_dir(sandbox.path("runs/unfinished")).expect("a directory");
    let text = sandbox.text("runs");
    for words in ["50.00 %", "70.00 %", "90.00 %", "n/a", "covers 50.00 % of the gap"] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    let lines = sandbox.json("runs runs");
    assert_eq!(lines.len(), 4);
    let covered = lines[3]["gap_covered"].as_f64().expect("a number");
    assert!((covered - 0.5).abs() < 1e-12);
    // Without the upper bound there is no gap to speak of.
    assert_eq!(sandbox.json("runs runs/dann runs/source-only").len(), 2);
    // Nor is there one between accuracies on different images.
    let result = String::from_utf8(sandbox.read("runs/dann/result.json"))
        .expect("UTF-8")
        .replace("\"target\":\"t\"", "\"target\":\"other\"");
    sandbox.write("runs/dann/result.json", result);
    assert_eq!(sandbox.json("runs runs").len(), 3);
    let text = sandbox.text("runs");
    assert!(text.contains("not given: these runs have different data sets"), "{text}");
}

#[test]
fn runs_refuses_what_holds_none() {
    let sandbox = Sandbox::new();
    sandbox.refused("runs source", &["source: expected finished runs", "found no result.json"]);
    sandbox.refused("runs nowhere", &["nowhere: cannot list"]);
    write_result(&sandbox, "dann", 0.5);
    sandbox.write("runs/dann/result.json", "{}");
    sandbox.refused("runs", &["runs/dann/result.json: expected a run's result", "found"]);
}

#[test]
fn every_command_has_help_with_examples() {
    let sandbox = Sandbox::new();
    for command in [
        "",
        "devices",
        "data fetch",
        "data fetch weights",
        "data make mnist-m",
        "data make syn-digits",
        "experiment",
        "train",
        "eval",
        "predict",
        "check",
        "bench",
        "tune",
        "profile",
        "runs",
        "select",
        "report",
        "diff",
        "export",
        "import",
        "completions",
        "man",
    ] {
        let text = sandbox.text(&format!("{command} --help"));
        assert!(text.contains("Examples:\n  dann "), "{command}:\n{text}");
    }
}

#[test]
fn lines_that_are_no_command_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.refused("", &["Usage: dann"]);
    sandbox.refused("fly", &["unrecognized subcommand 'fly'"]);
    sandbox.refused("train --speed 3", &["unexpected argument '--speed'"]);
    sandbox.refused("eval --run r", &["--data <DATA>"]);
}
