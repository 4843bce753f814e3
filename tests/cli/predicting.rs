//! `dann predict` on whatever names or holds images.

use crate::sandbox::{SIDE, Sandbox, TEST, target_image};
use image::{DynamicImage, GrayImage, Luma, LumaA, Rgba, RgbaImage};
use serde_json::Value;
use std::fs;

fn trained() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.train("run", "--no-report");
    sandbox
}

fn files(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["file"].as_str().expect("a file")).collect()
}

#[test]
fn files_folders_and_patterns_name_images() {
    let sandbox = trained();
    fs::create_dir_all(sandbox.path("photos/below")).expect("a directory");
    for name in ["b.png", "a.PNG", "below/c.bmp", "[1].png"] {
        target_image(1).save(sandbox.path(&format!("photos/{name}"))).expect("an image");
    }
    sandbox.write("photos/notes.txt", "no image");
    let all = ["photos/[1].png", "photos/a.PNG", "photos/b.png", "photos/below/c.bmp"];
    assert_eq!(files(&sandbox.json("predict --run run photos")), all);
    assert_eq!(
        files(&sandbox.json("predict --run run photos/*.png photos/below")),
        ["photos/[1].png", "photos/b.png", "photos/below/c.bmp"]
    );
    // A file that is called like a pattern is itself.
    assert_eq!(files(&sandbox.json("predict --run run photos/[1].png")), ["photos/[1].png"]);
    sandbox.refused(
        "predict --run run photos/*.webp",
        &["photos/*.webp: expected at least one image", "hint: "],
    );
    fs::create_dir(sandbox.path("empty")).expect("a directory");
    sandbox.refused("predict --run run empty", &["empty: expected at least one image", "found none"]);
}

#[test]
fn stdin_brings_an_image_or_names() {
    let sandbox = trained();
    target_image(4).save(sandbox.path("four.png")).expect("an image");
    let from_file = sandbox.json("predict --run run four.png").remove(0);
    let read = |input: Vec<u8>| -> Vec<Value> {
        let mut command = sandbox.dann("predict --run run - --json");
        let output = command.write_stdin(input).assert().success().get_output().stdout.clone();
        let text = String::from_utf8(output).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    };
    let piped = read(sandbox.read("four.png"));
    assert_eq!((piped.len(), &piped[0]["file"]), (1, &Value::from("-")));
    assert_eq!(piped[0]["logits"], from_file["logits"]);
    let names = read(b"four.png\ntarget/mnist_m/mnist_m_test\n".to_vec());
    assert_eq!(names.len(), 1 + TEST);
    let mut command = sandbox.dann("predict --run run -");
    let output = command.write_stdin([0xff, 0xfe, 0x00]).output().expect("the program starts");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("names of images, one a line"));
}

#[test]
fn results_come_as_a_table_json_or_csv() {
    let sandbox = trained();
    target_image(4).save(sandbox.path("a,b.png")).expect("an image");
    let json = sandbox.json("predict --run run a,b.png --explain").remove(0);
    let printed = sandbox.text("predict --run run a,b.png --explain --format json");
    assert_eq!(serde_json::from_str::<Value>(&printed).expect("an object"), json);
    let top = json["top"].as_array().expect("a list");
    assert_eq!((top.len(), &top[0]["class"]), (3, &json["class"]));
    let probability = |place: usize| top[place]["probability"].as_f64().expect("a number");
    assert!(probability(0) >= probability(1) && probability(1) >= probability(2));
    let domain = |name: &str| json["domain"][name].as_f64().expect("a number");
    assert!((domain("source") + domain("target") - 1.0).abs() < 1e-9);

    let csv = sandbox.text("predict --run run a,b.png --explain --format csv");
    let lines: Vec<&str> = csv.lines().collect();
    let header = "file,class,probability,second,second_probability,third,third_probability,source_domain,target_domain";
    assert_eq!((lines.len(), lines[0]), (2, header));
    assert!(lines[1].starts_with("\"a,b.png\","), "{csv}");
    assert_eq!(lines[1].split(',').count(), 1 + header.split(',').count());

    let table = sandbox.text("predict --run run a,b.png --explain");
    for words in ["second", "third", "domain", "% target"] {
        assert!(table.contains(words), "{words} is not in\n{table}");
    }
    assert!(!sandbox.text("predict --run run a,b.png").contains("domain"));
}

#[test]
fn the_probability_of_every_class_is_told_by_name() {
    let sandbox = trained();
    target_image(4).save(sandbox.path("four.png")).expect("an image");
    let json = sandbox.json("predict --run run four.png --probabilities").remove(0);
    let by_class = json["by_class"].as_object().expect("an object");
    let sum: f64 = by_class.values().map(|p| p.as_f64().expect("a number")).sum();
    assert!(by_class.len() == 10 && (sum - 1.0).abs() < 1e-9, "{json}");
    assert_eq!(by_class[json["class"].as_str().expect("a class")], json["probability"]);
    let csv = sandbox.text("predict --run run four.png --probabilities --format csv");
    let cells = |line: usize| -> Vec<&str> { csv.lines().nth(line).expect("a line").split(',').collect() };
    assert_eq!((cells(0).len(), cells(0)[3], cells(0)[12]), (13, "p(0)", "p(9)"));
    let place = 3 + by_class.keys().position(|name| *name == json["class"]).expect("a place");
    assert_eq!((cells(1).len(), cells(1)[place]), (13, cells(1)[2]));
    let without = sandbox.json("predict --run run four.png").remove(0);
    assert_eq!(without["by_class"], Value::Null);
    sandbox.refused("predict --run run four.png --probabilities", &["--format csv", "found a table"]);
}

#[test]
fn a_domain_classifier_that_was_never_trained_is_not_asked() {
    let sandbox = Sandbox::new();
    sandbox.train("run", "--method source-only --no-report");
    target_image(4).save(sandbox.path("four.png")).expect("an image");
    assert_eq!(sandbox.json("predict --run run four.png --explain")[0]["domain"], Value::Null);
    assert!(sandbox.text("predict --run run four.png --explain").contains("n/a"));
}

#[test]
fn more_images_than_a_batch_are_all_classified_and_broken_ones_are_named() {
    let sandbox = trained();
    fs::create_dir(sandbox.path("many")).expect("a directory");
    for index in 0..600 {
        target_image(index).save(sandbox.path(&format!("many/{index:03}.png"))).expect("an image");
    }
    let lines = sandbox.json("predict --run run many");
    assert_eq!(lines.len(), 600);
    // The images repeat after 280: ten digits, forty grounds that step by seven.
    assert_eq!(lines[13]["logits"], lines[293]["logits"]);
    let csv = sandbox.text("predict --run run many --format csv");
    assert_eq!((csv.lines().count(), csv.matches("file,class").count()), (601, 1));
    sandbox.write("many/300.png", "no image");
    sandbox.edit("many/599.png", |bytes| bytes.truncate(30));
    let output = sandbox.dann("predict --run run many --json").output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    for words in ["many/300.png", "many/599.png", "2 of 600 images could not be read"] {
        assert!(said.contains(words), "{words} is not in\n{said}");
    }
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 598);
}

#[test]
fn colour_modes_that_show_the_same_are_the_same() {
    let sandbox = trained();
    let side = SIDE as u32;
    let value = |x: u32, y: u32| (31 * x + 17 * y) as u8;
    let grey = GrayImage::from_fn(side, side, |x, y| Luma([value(x, y)]));
    grey.save(sandbox.path("grey.png")).expect("an image");
    let deep = image::ImageBuffer::from_fn(side, side, |x, y| Luma([257 * u16::from(value(x, y))]));
    DynamicImage::ImageLuma16(deep).save(sandbox.path("deep.png")).expect("an image");
    DynamicImage::ImageLuma8(grey.clone()).to_rgb8().save(sandbox.path("colour.bmp")).expect("an image");
    let opaque = image::ImageBuffer::from_fn(side, side, |x, y| LumaA([value(x, y), 255_u8]));
    DynamicImage::ImageLumaA8(opaque).save(sandbox.path("opaque.png")).expect("an image");
    let lines = sandbox.json("predict --run run grey.png deep.png colour.bmp opaque.png");
    for line in &lines {
        assert_eq!(line["logits"], lines[0]["logits"], "{line}");
    }
    // What is transparent shows the paper, whatever colour is hidden in it.
    let hidden = RgbaImage::from_pixel(side, side, Rgba([9, 200, 30, 0]));
    hidden.save(sandbox.path("hidden.png")).expect("an image");
    let white = RgbaImage::from_pixel(side, side, Rgba([255; 4]));
    white.save(sandbox.path("white.png")).expect("an image");
    let lines = sandbox.json("predict --run run hidden.png white.png");
    assert_eq!(lines[0]["logits"], lines[1]["logits"]);
}

#[test]
fn scaling_looks_at_the_whole_image() {
    let sandbox = trained();
    target_image(4).save(sandbox.path("small.png")).expect("an image");
    let large = image::imageops::resize(
        &target_image(4),
        4 * SIDE as u32,
        4 * SIDE as u32,
        image::imageops::FilterType::Nearest,
    );
    large.save(sandbox.path("large.png")).expect("an image");
    let logits = |line: &str| -> Vec<Vec<f64>> {
        let lines = sandbox.json(line);
        lines.iter().map(|line| serde_json::from_value(line["logits"].clone()).expect("numbers")).collect()
    };
    let difference = |rows: &[Vec<f64>]| -> f64 {
        rows[0].iter().zip(&rows[1]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let cropped = difference(&logits("predict --run run small.png large.png --fit crop"));
    for fit in ["", "--fit resize", "--fit pad", "--fit scale"] {
        let scaled = difference(&logits(&format!("predict --run run small.png large.png {fit}")));
        assert!(scaled < 0.6 * cropped, "{fit}: {scaled} and {cropped}");
    }
}

#[test]
fn a_model_of_one_channel_takes_images_in_colour() {
    let sandbox = Sandbox::new();
    let config = crate::sandbox::CONFIG
        .replace("channels = 3", "channels = 1")
        .replace("scale = [2.0, 2.0, 2.0], shift = [-1.0, -1.0, -1.0]", "scale = [2.0], shift = [-1.0]");
    sandbox.write("tiny.toml", config);
    sandbox.json("train --config tiny.toml --method source-only --source source --target source --out run");
    target_image(4).save(sandbox.path("colour.png")).expect("an image");
    DynamicImage::ImageRgb8(target_image(4)).to_luma8().save(sandbox.path("grey.png")).expect("an image");
    let lines = sandbox.json("predict --run run colour.png grey.png");
    assert_eq!(lines[0]["logits"], lines[1]["logits"]);
}
