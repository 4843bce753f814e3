//! `dann eval` and `dann predict`: what they print, and that they agree.

use crate::sandbox::{SIDE, Sandbox, TEST, digit, target_image};
use image::{GrayImage, Luma, Rgba, RgbaImage, imageops};
use serde_json::Value;

fn trained() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.train("run", "");
    sandbox
}

fn counts(evaluation: &Value) -> Vec<Vec<u64>> {
    serde_json::from_value(evaluation["confusion"].clone()).expect("a matrix of counts")
}

#[test]
fn eval_looks_at_the_test_part_and_its_numbers_fit_together() {
    let sandbox = trained();
    let lines = sandbox.json("eval --run run --data target");
    let [evaluation] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(evaluation["images"], TEST);
    let confusion = counts(evaluation);
    let hits: u64 = (0..10).map(|k| confusion[k][k]).sum();
    assert_eq!(evaluation["accuracy"].as_f64(), Some(hits as f64 / TEST as f64));
    let per_class = evaluation["per_class"].as_array().expect("a list");
    assert_eq!((per_class.len(), confusion.len()), (10, 10));
    for (k, class) in per_class.iter().enumerate() {
        let images: u64 = confusion[k].iter().sum();
        assert_eq!(
            (class["class"].as_str(), class["images"].as_u64()),
            (Some(&*k.to_string()), Some(images))
        );
        assert_eq!(class["recall"].as_f64(), Some(confusion[k][k] as f64 / images as f64));
    }
}

#[test]
fn eval_agrees_with_the_report_of_the_training() {
    let sandbox = Sandbox::new();
    let lines = sandbox.train("run", "--epochs 20");
    let result = lines.last().expect("a result");
    for domain in ["source", "target"] {
        let evaluation = sandbox.json(&format!("eval --run run --data {domain} --domain {domain}")).remove(0);
        assert_eq!(evaluation["accuracy"], result[format!("{domain}_test_accuracy")], "{domain}");
    }
}

#[test]
fn predict_agrees_with_eval_image_by_image() {
    let sandbox = trained();
    let evaluation = sandbox.json("eval --run run --data target").remove(0);
    let files = (0..TEST).map(|i| format!("target/mnist_m/mnist_m_test/{i:08}.png"));
    let lines = sandbox.json(&format!("predict --run run {}", files.collect::<Vec<_>>().join(" ")));
    let mut confusion = vec![vec![0; 10]; 10];
    for (index, line) in lines.iter().enumerate() {
        let class: usize = line["class"].as_str().expect("a class").parse().expect("a digit");
        confusion[usize::from(digit(index))][class] += 1;
    }
    assert_eq!(confusion, counts(&evaluation));
}

#[test]
fn eval_prints_tables_for_people() {
    let text = trained().text("eval --run run --data source --domain source");
    for words in ["recall", "precision", "label \\ prediction", "accuracy", "10 images"] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
}

#[test]
fn predict_takes_images_of_any_size_and_kind() {
    let sandbox = trained();
    let value = |x: u32, y: u32| (13 * x + 29 * y) as u8;
    let grey = GrayImage::from_fn(5, 19, |x, y| Luma([value(x, y)]));
    grey.save(sandbox.path("grey.png")).expect("a PNG file");
    let colour = RgbaImage::from_fn(33, 7, |x, y| Rgba([value(x, y), value(y, x), 9, 128]));
    colour.save(sandbox.path("colour.png")).expect("a PNG file");
    target_image(3).save(sandbox.path("photo.bmp")).expect("a BMP file");
    let lines = sandbox.json("predict --run run grey.png colour.png photo.bmp");
    assert_eq!(lines.len(), 3);
    for (line, file) in lines.iter().zip(["grey.png", "colour.png", "photo.bmp"]) {
        assert_eq!(line["file"], file);
        let all: Vec<f64> = serde_json::from_value(line["probabilities"].clone()).expect("numbers");
        assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{line}");
        let best = all.iter().copied().fold(0.0, f64::max);
        assert_eq!((all.len(), line["probability"].as_f64()), (10, Some(best)));
    }
}

#[test]
fn predict_looks_at_the_centre_of_larger_images_where_it_is_told_to_crop() {
    let sandbox = trained();
    let side = SIDE as u32 + 6;
    let mut framed = image::RgbImage::from_pixel(side, side, image::Rgb([255, 0, 255]));
    imageops::replace(&mut framed, &target_image(4), 3, 3);
    framed.save(sandbox.path("framed.png")).expect("a PNG file");
    target_image(4).save(sandbox.path("plain.png")).expect("a PNG file");
    let lines = sandbox.json("predict --run run framed.png plain.png --fit crop");
    assert_eq!(lines[0]["probabilities"], lines[1]["probabilities"]);
}

#[test]
fn what_is_no_run_is_refused() {
    let sandbox = trained();
    let expected = "expected a finished run of `dann train`, with its model.safetensors";
    let no_run = ["source: ", expected, "found none"];
    let nothing = ["nowhere: ", expected, "found no such directory"];
    sandbox.refused("eval --run source --data target", &no_run);
    sandbox.refused("eval --run nowhere --data target", &nothing);
    sandbox.refused("predict --run nowhere tiny.toml", &nothing);
    sandbox.edit("run/model.safetensors", |bytes| bytes.truncate(bytes.len() - 5));
    let broken = ["run/model.safetensors: expected a whole safetensors file"];
    sandbox.refused("eval --run run --data target", &broken);
}

#[test]
fn what_cannot_be_evaluated_or_predicted_is_refused() {
    let sandbox = trained();
    sandbox.refused("eval --run run --data nowhere", &["nowhere: expected a data set", "found nothing"]);
    sandbox.refused("predict --run run tiny.toml", &["tiny.toml: expected an image that can be decoded"]);
    sandbox.refused("predict --run run nowhere.png", &["nowhere.png: cannot read"]);
    let good = "target/mnist_m/mnist_m_test/00000000.png";
    sandbox.edit(good, |bytes| bytes.truncate(bytes.len() / 2));
    sandbox.refused(&format!("predict --run run {good}"), &["00000000.png: expected an image"]);
    sandbox.refused("eval --run run --data target", &["00000000.png: expected an image"]);
    sandbox.refused("predict --run run", &["<IMAGE>"]);
}
