//! Images of another size than the model's: the recipe says what becomes of them, and what runs have written down before
//! recipes could say it means what it meant then.

use crate::sandbox::{CONFIG, SIDE, Sandbox, pixel, target_image};
use image::{Rgb, RgbImage};
use serde_json::Value;

/// The target's images with a bright frame of two pixels around them, as MNIST-M has MNIST's digits in a frame.
fn with_framed_target() -> Sandbox {
    let sandbox = Sandbox::new();
    for (part, count) in [("train", crate::sandbox::TARGET_TRAIN), ("test", crate::sandbox::TEST)] {
        for index in 0..count {
            let file = format!("target/mnist_m/mnist_m_{part}/{index:08}.png");
            framed(index).save(sandbox.path(&file)).expect("an image");
        }
    }
    sandbox
}

fn framed(index: usize) -> RgbImage {
    let side = SIDE as u32 + 4;
    let mut image = RgbImage::from_pixel(side, side, Rgb([255; 3]));
    image::imageops::replace(&mut image, &target_image(index), 2, 2);
    image
}

fn logits(sandbox: &Sandbox, line: &str) -> Value {
    sandbox.json(line).remove(0)["logits"].take()
}

#[test]
fn training_evaluation_and_prediction_do_what_the_recipe_says() {
    let sandbox = with_framed_target();
    framed(4).save(sandbox.path("framed.png")).expect("an image");
    target_image(4).save(sandbox.path("inner.png")).expect("an image");
    sandbox.train("cropped", "--no-report --set model.input.fit=crop");
    sandbox.train("resized", "--no-report");
    let config = |run: &str| String::from_utf8(sandbox.read(&format!("{run}/config.toml"))).expect("UTF-8");
    assert!(config("cropped").contains("fit = \"crop\"") && config("resized").contains("fit = \"resize\""));
    assert_ne!(sandbox.read("cropped/metrics.jsonl"), sandbox.read("resized/metrics.jsonl"));

    let of = |run: &str, file: &str| logits(&sandbox, &format!("predict --run {run} {file}"));
    assert_eq!(of("cropped", "framed.png"), of("cropped", "inner.png"));
    assert_ne!(of("resized", "framed.png"), of("resized", "inner.png"));
    let explicitly = logits(&sandbox, "predict --run resized framed.png --fit crop");
    assert_eq!(explicitly, of("resized", "inner.png"));

    let loss =
        |run: &str, data: &str| sandbox.json(&format!("eval --run {run} --data {data}"))[0]["loss"].take();
    let inner = Sandbox::new();
    let inner = inner.path("target").display().to_string();
    assert_eq!(loss("cropped", "target"), loss("cropped", &inner));
    assert_ne!(loss("resized", "target"), loss("resized", &inner));
    let refused = ["training.toml", "fit = \"cut\"", "unknown variant `cut`", "`resize`, `crop`, `pad`"];
    sandbox.write("training.toml", CONFIG.to_owned() + "fit = \"cut\"\n");
    sandbox.refused("train --config training.toml --source source --target target --out x", &refused);
}

/// Training takes views of images of 10×10, of which everything else sees the middle 8×8: of an image with a frame as wide as
/// what is cut off, that is what is inside of it.
#[test]
fn views_are_taken_of_larger_images_than_the_model_sees() {
    let sandbox = Sandbox::new();
    sandbox.train("as_they_are", "--no-report");
    sandbox.train("middle", "--no-report --set model.input.resize=10");
    sandbox.train(
        "views",
        "--no-report --set model.input.resize=10 --set training.augmentation={crop=0.5,flip=0.5}",
    );
    sandbox
        .train("whole", "--no-report --set training.augmentation={crop=0.5,rotation=20.0,shear=10.0,zoom=0.2,shift=1,hue=0.1,saturation=0.5}");
    let runs = ["as_they_are", "middle", "views", "whole"];
    let models: Vec<_> = runs.iter().map(|run| sandbox.read(&format!("{run}/model.safetensors"))).collect();
    for (index, model) in models.iter().enumerate() {
        assert!(!models[..index].contains(model), "{} trained as another", runs[index]);
    }
    // Ten rows of ten, of which a frame of one pixel is cut off.
    let mut framed = RgbImage::from_pixel(SIDE as u32 + 2, SIDE as u32 + 2, Rgb([255; 3]));
    image::imageops::replace(&mut framed, &target_image(4), 1, 1);
    framed.save(sandbox.path("framed.png")).expect("an image");
    target_image(4).save(sandbox.path("inner.png")).expect("an image");
    let of = |file: &str, fit: &str| logits(&sandbox, &format!("predict --run views {file}{fit}"));
    assert_eq!(of("framed.png", ""), of("inner.png", " --fit crop"));
    assert_ne!(of("framed.png", ""), of("inner.png", ""));
    for (value, words) in
        [("7", ["model.input.resize", "at least the height of 8"]), ("-1", ["model.input", "resize"])]
    {
        sandbox.refuses_to_train(&format!("--set model.input.resize={value}"), &words);
    }
    let words = ["model.input.resize", "fit = \"resize\" or \"scale\""];
    sandbox.refuses_to_train("--set model.input.resize=10 --set model.input.fit=crop", &words);
}

/// Takes the key out of everything that the run `out` has written down.
fn make_old(sandbox: &Sandbox) {
    let text = String::from_utf8(sandbox.read("out/config.toml")).expect("UTF-8");
    assert!(text.contains("fit = \"centre\"\n"));
    sandbox.write("out/config.toml", text.replace("fit = \"centre\"\n", ""));
    let key = br#"fit = \\\"centre\\\""#;
    for file in ["out/model.safetensors", "out/checkpoints/step_00000003.safetensors"] {
        sandbox.edit(file, |bytes| {
            let place = bytes.windows(key.len()).position(|window| window == key).expect("the key");
            bytes[place..place + key.len()].fill(b' ');
        });
    }
}

#[test]
fn what_was_written_down_without_the_key_means_what_it_meant() {
    let sandbox = with_framed_target();
    framed(7).save(sandbox.path("framed.png")).expect("an image");
    sandbox.train("out", "--set model.input.fit=centre");
    let metrics = sandbox.read("out/metrics.jsonl");
    let before = logits(&sandbox, "predict --run out framed.png");
    make_old(&sandbox);

    assert_eq!(logits(&sandbox, "predict --run out framed.png"), before);
    sandbox.json("report out");
    // The line that repeats the run.
    sandbox.json("train --config out/config.toml --source source --target target --out again --no-report");
    let without_times = |bytes: &[u8]| -> Vec<Value> {
        let lines = std::str::from_utf8(bytes).expect("UTF-8").lines();
        let steps = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        steps.filter(|line| line.get("epoch").is_none()).collect()
    };
    assert_eq!(without_times(&sandbox.read("again/metrics.jsonl")), without_times(&metrics));
    // From the checkpoint of the first epoch.
    std::fs::remove_file(sandbox.path("out/result.json")).expect("a result");
    sandbox.json("train --resume out/checkpoints/step_00000003.safetensors --no-report");
    assert_eq!(without_times(&sandbox.read("out/metrics.jsonl")), without_times(&metrics));
    // The same words as a recipe of today ask for resized images.
    let text = sandbox.read("again/config.toml");
    let text = String::from_utf8(text).expect("UTF-8").replace("fit = \"centre\"\n", "");
    sandbox.write("today.toml", text);
    sandbox.json("train --config today.toml --source source --target target --out today --no-report");
    assert_ne!(without_times(&sandbox.read("today/metrics.jsonl")), without_times(&metrics));
}

#[test]
fn a_grey_source_of_one_size_adapts_to_a_coloured_target_of_another() {
    let sandbox = with_framed_target();
    std::fs::create_dir_all(sandbox.path("small")).expect("a directory");
    for (part, count) in [("train", 16), ("t10k", 10)] {
        let word = |value: usize| (value as u32).to_be_bytes();
        let mut images = [word(0x803), word(count), word(4), word(4)].concat();
        let places = (0..4 * 4).map(|place| (2 * (place / 4), 2 * (place % 4)));
        images
            .extend((0..count).flat_map(|i| places.clone().map(move |(row, column)| pixel(i, row, column))));
        let mut labels = [word(0x801), word(count)].concat();
        labels.extend((0..count).map(crate::sandbox::digit));
        sandbox.write(&format!("small/{part}-images-idx3-ubyte"), images);
        sandbox.write(&format!("small/{part}-labels-idx1-ubyte"), labels);
    }
    for (source, target, out) in [("small", "target", "to-colour"), ("target", "small", "to-grey")] {
        for fit in ["resize", "crop", "pad"] {
            let sets = format!("--source {source} --target {target} --set model.input.fit={fit}");
            let line = format!("train --config tiny.toml {sets} --out {out}-{fit} --no-report");
            let result = sandbox.json(&line).pop().expect("a result");
            assert!(result["target_test_accuracy"].is_number(), "{result}");
        }
    }
}

/// The lines with which the program begins, up to one that has `end` in it.
fn introduction(sandbox: &Sandbox, line: &str, end: &str) -> Vec<String> {
    let text = sandbox.text(line);
    let lines: Vec<String> = text.lines().take_while(|line| !line.contains(end)).map(str::to_owned).collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:?}");
    lines
}

#[test]
fn the_first_lines_say_what_there_is_and_what_is_done_to_it() {
    let sandbox = with_framed_target();
    let train = format!("{} --no-report", Sandbox::TRAIN);
    let source = "source source: 16 images of 8×8, as they are, grey, 10 classes (0 to 9)";
    let target = "target target: 12 images of 12×12, resized to 8×8, in colour, labels unread";
    assert_eq!(introduction(&sandbox, &format!("{train} --out a"), "epoch"), [source, target]);
    let only = introduction(&sandbox, &format!("{train} --out b --method source-only"), "epoch");
    assert_eq!(only, [source]);
    let only = introduction(&sandbox, &format!("{train} --out c --method target-only"), "epoch");
    assert_eq!(
        only,
        ["target target: 12 images of 12×12, resized to 8×8, in colour, 10 classes (0 to", "    9)"]
    );
    assert_eq!(sandbox.text(&format!("{train} --out d --quiet")).lines().count(), 1);

    let eval = introduction(&sandbox, "eval --run a --data target", "┌");
    let words = "test part of target: 10 images of 12×12, resized to 8×8, in colour, 10 classes (0 to 9)";
    assert_eq!(eval.join(" ").replace("     ", " "), words);
    framed(4).save(sandbox.path("framed.png")).expect("an image");
    target_image(4).save(sandbox.path("inner.png")).expect("an image");
    let predict = introduction(&sandbox, "predict --run a framed.png inner.png --fit crop", "┌");
    let words =
        "2 images of 8×8 (1) and 12×12 (1), 1 as they are and 1 cropped to 8×8, for 10 classes (0 to 9)";
    assert_eq!(predict.join(" ").replace("     ", " "), words);
    sandbox.write("broken.png", "no image");
    let output = sandbox.dann("predict --run a inner.png broken.png").output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.starts_with("1 image of 8×8, as they are, for 10 classes (0 to 9); 1 more cannot be read\n"),
        "{said}"
    );
    // Where programs read the output, nothing stands in front of it.
    assert!(sandbox.text("predict --run a inner.png --format csv").starts_with("file,"));
    assert!(sandbox.json("predict --run a inner.png")[0]["logits"].is_array());
}
