//! Pairs of digit data sets, each adapted to by one command with a preset: grey and in colour, of 16×16, 28×28 and 32×32.

use crate::sandbox::{Sandbox, digit};
use image::{Rgb, RgbImage};
use std::fs;

/// A digit is a bright bar at a height of its own.
fn write_digits(sandbox: &Sandbox, directory: &str, side: usize) {
    fs::create_dir(sandbox.path(directory)).expect("a directory");
    let word = |value: usize| (value as u32).to_be_bytes();
    for (part, count) in [("train", 20), ("t10k", 10)] {
        let mut images = [word(0x803), word(count), word(side), word(side)].concat();
        for index in 0..count {
            let row = (2 + usize::from(digit(index))) * side / 14;
            images.extend((0..side * side).map(|place| if place / side == row { 255 } else { 0 }));
        }
        let mut labels = [word(0x801), word(count)].concat();
        labels.extend((0..count).map(digit));
        sandbox.write(&format!("{directory}/{part}-images-idx3-ubyte"), images);
        sandbox.write(&format!("{directory}/{part}-labels-idx1-ubyte"), labels);
    }
}

#[test]
fn every_pair_of_digits_is_one_command() {
    let sandbox = Sandbox::new();
    write_digits(&sandbox, "mnist", 28);
    write_digits(&sandbox, "usps", 16);
    fs::create_dir(sandbox.path("photos")).expect("a directory");
    for index in 0..2u32 {
        let photo = RgbImage::from_fn(40, 36, |x, y| Rgb([(x * y + index) as u8, (5 * x) as u8, y as u8]));
        photo.save(sandbox.path(&format!("photos/{index}.png"))).expect("a PNG file");
    }
    sandbox.text("data make mnist-m --mnist mnist --photos photos --out .");
    sandbox.text("data make syn-digits --train 20 --test 10 --out .");
    for (source, target, treatments) in [
        ("mnist", "mnist_m", ["28×28, as they are, grey", "32×32, cropped to 28×28, in colour"]),
        (
            "syn_digits",
            "mnist_m",
            ["32×32, cropped to 28×28, in colour", "32×32, cropped to 28×28, in colour"],
        ),
        ("mnist", "usps", ["28×28, as they are, grey", "16×16, resized to 28×28, grey"]),
        ("usps", "mnist", ["16×16, resized to 28×28, grey", "28×28, as they are, grey"]),
        ("mnist_m", "mnist", ["32×32, cropped to 28×28, in colour", "28×28, as they are, grey"]),
    ] {
        let sets = format!("--source {source} --target {target} --out {source}-{target}");
        let text = sandbox.text(&format!("train --preset demo --steps 20 --batch 4 --no-report {sets}"));
        let text = text.replace("\n    ", " ");
        for (domain, treatment) in [("source", treatments[0]), ("target", treatments[1])] {
            let path = if domain == "source" { source } else { target };
            let words = format!("{domain} {path}: 20 images of {treatment}");
            assert!(text.contains(&words), "{words:?} is not in\n{text}");
        }
        let evaluated = sandbox.json(&format!("eval --run {source}-{target} --data {target}"));
        assert_eq!(evaluated[0]["images"], 10);
    }
}
