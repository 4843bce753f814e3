//! Damaged input of every kind: none of it may end in a panic. `make soak` tries millions with cargo-fuzz.

mod targets;

use base64::Engine as _;
use dann::data::{Frame, load_image_files};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use safetensors::{Dtype, tensor::TensorView};
use std::collections::HashMap;

/// Damaged inputs for each kind.
fn count() -> usize {
    std::env::var("DANN_INPUTS").map_or(3000, |count| count.parse().expect("DANN_INPUTS: a whole number"))
}

/// Gives `target` the good input first, then damaged ones.
fn damage(target: fn(&[u8]), good: &[&[u8]]) {
    let mut rng = Pcg64Mcg::seed_from_u64(11);
    good.iter().for_each(|bytes| target(bytes));
    for _ in 0..count() {
        let mut bytes = good[rng.random_range(0..good.len())].to_vec();
        for _ in 0..rng.random_range(1..6) {
            mutate(&mut bytes, &mut rng);
        }
        target(&bytes);
    }
}

/// One change of the kinds that files suffer.
fn mutate(bytes: &mut Vec<u8>, rng: &mut Pcg64Mcg) {
    let at = rng.random_range(0..=bytes.len());
    let end = (at + rng.random_range(0..16)).min(bytes.len());
    match rng.random_range(0..7) {
        0 => bytes.truncate(at),
        1 => bytes[at..end].iter_mut().for_each(|byte| *byte = rng.random()),
        2 => bytes[at..end].fill(0xff),
        3 => drop(bytes.drain(at..end)),
        4 => {
            let copy = bytes[at..end].to_vec();
            bytes.splice(at..at, copy);
        }
        5 => bytes.splice(at..at, [rng.random::<u8>()]).for_each(drop),
        _ => bytes[at..end].iter_mut().for_each(|byte| *byte ^= 1 << rng.random_range(0..8)),
    }
}

fn idx(lengths: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, lengths.len() as u8];
    bytes.extend(lengths.iter().flat_map(|length| length.to_be_bytes()));
    bytes.extend(values);
    bytes
}

#[test]
fn idx_images() {
    damage(targets::idx_images, &[&idx(&[2, 3, 3], &[7; 18]), &idx(&[u32::MAX, u32::MAX, u32::MAX], &[])]);
}

#[test]
fn idx_labels() {
    damage(targets::idx_labels, &[&idx(&[2], &[3, 4]), &idx(&[u32::MAX], &[])]);
}

#[test]
fn label_lists() {
    damage(targets::label_list, &[b"00000000.png 5\n", b"../00000000.png 5\n", b"a\tb c\n\n"]);
}

#[test]
fn image_folders() {
    let image = image::RgbImage::from_fn(5, 4, |x, y| image::Rgb([x as u8 * 40, y as u8 * 50, 9]));
    let encoded = [
        image::ImageFormat::Png,
        image::ImageFormat::Jpeg,
        image::ImageFormat::Bmp,
        image::ImageFormat::WebP,
    ]
    .into_iter()
    .zip(0u8..)
    .map(|(format, ending)| {
        let mut bytes = std::io::Cursor::new(vec![ending]);
        bytes.set_position(1);
        image.write_to(&mut bytes, format).expect("an encoded image");
        bytes.into_inner()
    });
    let encoded: Vec<Vec<u8>> = encoded.collect();
    damage(targets::image_folder, &encoded.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

/// Found by fuzzing: the palette of this PNG has 38 bytes.
#[test]
fn a_palette_that_ends_within_a_colour() {
    const PNG: &str = "AIlQTkcNChoKAAAADUlIRFIAAAA6AAAQCAEDAAAA/sEsyAAAAARnQU1BAACxjwv8YQUAAAAgY0hSTQAAeiYAAICEAAD6AAAAgOgAAP0wAAAAYOoAOpgAABdwnLrRPAAAACZQTFRF/wAA////QR00EQAAAAFiS0dEAf8CKd4AAAAHdElNRQfqCxoLDRyehdlNCQAAC0lEQVQI12NgQAV+fn5+fn5+fn5+fn5+fn5+fn5+fn5+fn5+fn5+fn5+foZ+fn5+fn5+AQABAAAAVwAAAAAAAA==";
    let bytes = base64::engine::general_purpose::STANDARD.decode(PNG).expect("base64");
    targets::image_folder(&bytes);
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("image.png");
    std::fs::write(&file, &bytes[1..]).expect("written");
    let size = Frame::new(8, 8);
    let error = load_image_files(std::slice::from_ref(&file), size).expect_err("no image").to_string();
    assert!(
        error.contains(
            "image.png: expected a PNG whose palette has three bytes a colour, found one of 38 bytes"
        ),
        "{error}"
    );
}

#[test]
fn recipes() {
    let recipes: Vec<String> = dann::train::Config::presets()
        .map(|name| dann::train::Config::preset(name).expect(name).to_toml().expect("TOML"))
        .collect();
    damage(targets::config, &recipes.iter().map(String::as_bytes).collect::<Vec<_>>());
}

fn safetensors(key: &str, metadata: String) -> Vec<u8> {
    let data = [0; 24];
    let view = TensorView::new(Dtype::F32, vec![2, 3], &data).expect("a tensor");
    let metadata = Some(HashMap::from([(key.to_owned(), metadata)]));
    safetensors::serialize([("feature_extractor.conv1.weight", view)], metadata).expect("a file")
}

#[test]
fn checkpoints() {
    let config = dann::train::Config::preset("paper").expect("a preset").to_toml().expect("TOML");
    let metadata = serde_json::json!({ "config": config, "classes": ["0"], "step": 7 }).to_string();
    damage(targets::checkpoint, &[&safetensors(dann::train::Checkpoint::KEY, metadata)]);
}

#[test]
fn golden_files() {
    let cases =
        serde_json::json!([{ "op": "relu", "name": "a", "attributes": {}, "inputs": {}, "outputs": {} }]);
    damage(targets::golden, &[&safetensors("cases", cases.to_string())]);
}

#[test]
fn shaders() {
    let own = [dann::ops::KERNELS[0].source, dann::ops::KERNELS[dann::ops::KERNELS.len() - 1].source];
    damage(targets::shader, &own.map(str::as_bytes));
}

#[test]
fn shader_arguments() {
    let good = [
        "type=f32\nturns=3u\nSIZE=8\nFAST\n0=1u,0.5,-1,2+zero:16\ny=64\nphoto=8x8\n",
        "type=f32\nturns=0x10u\nparams=3u,1,2,3\n0:1=zero:128\ny=zero\nn/SIZE,2*n,1\nSIZE=1,2,4\n",
        "type=f32\nturns=1\ny=1e-3,2.5h,7lu,-3li\n1:4294967295=4G\nphoto=64x64x2\nSIZE=true\ny=a.bin\n",
    ];
    damage(targets::shader_arguments, &good.map(str::as_bytes));
}

#[test]
fn pipelines() {
    damage(targets::pipeline, &[include_bytes!("../shaders/pipelines/heat.toml")]);
}

#[test]
fn shaders_of_wesl() {
    let good = [
        include_str!("../shaders/wesl_imports.wesl"),
        include_str!("../shaders/wesl_features.wesl"),
        include_str!("../shaders/wesl_constants.wesl"),
        include_str!("../shaders/wesl_by_syntax.wgsl"),
    ];
    damage(targets::wesl, &good.map(str::as_bytes));
}

/// The shaders of `tests/shaders`, as far as each is one by itself.
#[test]
fn shaders_of_all_kinds() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shaders");
    let entries =
        std::fs::read_dir(folder).expect("the shaders").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = entries.filter(|path| path.is_file()).collect();
    paths.sort();
    let all: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).expect("a shader")).collect();
    damage(targets::shader, &all.iter().map(Vec::as_slice).collect::<Vec<_>>());
}
