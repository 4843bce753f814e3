//! Models of every kind of layer, and what they say of many images.

use crate::sandbox::{CONFIG, SIDE, Sandbox};
use image::{Rgb, RgbImage};
use std::fs;

/// As many as the promise about other runtimes is made for.
pub const IMAGES: usize = 1000;
pub const CLASSES: usize = 10;

/// Every layer there is, in an order that leaves both maps and rows behind.
const EVERY_LAYER: &str = r#"
feature_extractor = [
    { layer = "conv2d", outputs = 6, kernel = [3, 2], padding = [1, 0] },
    { layer = "leaky_relu", slope = 0.2 },
    { layer = "max_pool2d", kernel = 3, stride = 2 },
    { layer = "batch_norm2d", eps = 0.01 },
    { layer = "dense", outputs = 20 },
    { layer = "batch_norm2d" },
    { layer = "conv2d", outputs = 12, kernel = 1 },
]
label_predictor = [
    { layer = "relu" },
    { layer = "dropout", rate = 0.5 },
    { layer = "dense", outputs = 10 },
]
domain_classifier = [{ layer = "dense", outputs = 5 }, { layer = "relu" }, { layer = "dense", outputs = 2 }]
[model.input]"#;

/// A sandbox with the run `run` of a network that has every layer, and the images `0000.png`, … in `images`, all of
/// them also in the file `images.bytes`, (N, C, H, W).
pub fn trained() -> Sandbox {
    trained_with("")
}

/// The same, trained with more flags.
pub fn trained_with(flags: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let from = CONFIG.find("feature_extractor").expect("layers");
    let to = CONFIG.find("[model.input]").expect("an input");
    let rest = &CONFIG[to + "[model.input]".len()..];
    sandbox.write("tiny.toml", format!("{}{}{rest}", &CONFIG[..from], EVERY_LAYER.trim_start()));
    sandbox.train("run", &format!("--epochs 10 {flags}"));
    write_images(&sandbox);
    sandbox
}

fn write_images(sandbox: &Sandbox) {
    fs::create_dir(sandbox.path("images")).expect("a directory");
    let mut bytes = Vec::with_capacity(IMAGES * 3 * SIDE * SIDE);
    let mut state = 1_u32;
    for index in 0..IMAGES {
        let picture = RgbImage::from_fn(SIDE as u32, SIDE as u32, |_, _| {
            Rgb([0; 3].map(|_: u8| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            }))
        });
        let plane = |channel: usize| picture.pixels().map(move |pixel| pixel.0[channel]);
        bytes.extend((0..3).flat_map(plane));
        picture.save(sandbox.path(&format!("images/{index:04}.png"))).expect("a PNG file");
    }
    sandbox.write("images.bytes", bytes);
}

/// Writes what the program itself says of the images to `logits.f32`: 10 logits a row.
pub fn write_logits(sandbox: &Sandbox, run: &str) -> Vec<f32> {
    let lines = sandbox.json(&format!("predict --run {run} images"));
    assert_eq!(lines.len(), IMAGES);
    let number = |value: &serde_json::Value| value.as_f64().expect("a number") as f32;
    let logits: Vec<f32> =
        lines.iter().flat_map(|line| line["logits"].as_array().expect("logits").iter().map(number)).collect();
    assert_eq!(logits.len(), IMAGES * CLASSES);
    sandbox.write("logits.f32", logits.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
    logits
}

/// Whether the program itself gives each image the same probability of coming from the target.
pub fn assert_same_domains(sandbox: &Sandbox, found: &[f64]) {
    let lines = sandbox.json("predict --run run images --explain");
    let expected: Vec<f64> =
        lines.iter().map(|line| line["domain"]["target"].as_f64().expect("a probability")).collect();
    assert_eq!(found.len(), expected.len());
    let largest = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(largest <= 1e-4, "{largest}");
    // Opinions that are all alike would agree with anything.
    let spread = |pick: fn(f64, f64) -> f64| expected.iter().copied().fold(0.5, pick);
    assert!(spread(f64::max) - spread(f64::min) > 0.02, "{expected:?}");
}
