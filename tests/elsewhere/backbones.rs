//! Networks with backbones whose values are drawn, running statistics too, and what other programs make of them.

use crate::python::{python, run};
use crate::sandbox::Sandbox;
use dann::model::{Backbone, NamedValues};
use dann::train::{Checkpoint, Config};
use image::{Rgb, RgbImage};
use serde_json::Value;
use std::path::Path;

/// An odd one out among the sides shows where rows and columns are mixed up.
const HEIGHT: u32 = 64;
const WIDTH: u32 = 48;
const IMAGES: u32 = 5;

const BACKBONES: [&str; 4] = ["resnet18", "resnet34", "resnet50", "efficientnet_lite0"];

fn recipe(backbone: &str) -> Config {
    let text = format!(
        r#"
[training]
epochs = 1
batch = 2
optimizer = {{ kind = "sgd", momentum = 0.9 }}
learning_rate = {{ initial = 0.01, alpha = 10.0, beta = 0.75 }}
lambda = {{ maximum = 1.0, gamma = 10.0 }}
[model]
backbone = "{backbone}"
feature_extractor = [
    {{ layer = "global_avg_pool2d" }},
    {{ layer = "dense", outputs = 16 }},
    {{ layer = "batch_norm2d" }},
    {{ layer = "relu" }},
]
label_predictor = [{{ layer = "dense", outputs = 3 }}]
domain_classifier = [{{ layer = "dense", outputs = 8 }}, {{ layer = "batch_norm2d" }}, {{ layer = "relu" }}, {{ layer = "dense", outputs = 2 }}]
[model.input]
channels = 3
height = {HEIGHT}
width = {WIDTH}
fit = "scale"
normalization = {{ scale = [4.4, 4.5, 4.6], shift = [-2.1, -2.0, -1.8] }}
"#
    );
    Config::parse("test", &text).expect("a recipe")
}

/// Numbers from 0 to 1 (the generator of Numerical Recipes).
fn numbers() -> impl FnMut() -> f32 {
    let mut state = 7_u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    }
}

/// Values of a spread that neither dies out nor grows on its way through the layers.
fn values(config: &Config) -> NamedValues {
    let mut number = numbers();
    let mut between = |low: f32, high: f32| low + (high - low) * number();
    // A ResNet adds up what its blocks give; behind fifty layers in a row, little is left of what smaller weights scale down.
    let is_residual = config.model.backbone != Some(Backbone::EfficientnetLite0);
    let norm = if is_residual { (0.4, 0.9) } else { (0.8, 1.2) };
    let tensors = config.model.tensors().expect("a network").into_iter().map(|(name, dims)| {
        let inputs: usize = dims.iter().skip(1).product();
        let (low, high) = match (dims.len(), name.rsplit('.').next()) {
            // Features differ little from image to image; logits of larger weights do more.
            (2.., _) if name.starts_with("label_predictor") => (-2.0, 2.0),
            // Variance 2 / inputs, as He et al. 2015 have it.
            (2.., _) => (-(6.0 / inputs as f32).sqrt(), (6.0 / inputs as f32).sqrt()),
            (_, Some("weight")) => norm,
            (_, Some("running_var")) => (0.5, 2.0),
            _ => (-0.3, 0.3),
        };
        let values = (0..dims.iter().product()).map(|_| between(low, high)).collect();
        (name, (dims, values))
    });
    tensors.collect()
}

/// A sandbox with the file `model.safetensors` of such a model, and `images/0.png`, … of the model's size, which are
/// also in `images.bytes`, (N, C, H, W).
fn drawn(backbone: &str) -> Sandbox {
    let (sandbox, config) = (Sandbox::new(), recipe(backbone));
    let classes = ["ant", "bee", "cow"].map(str::to_owned);
    let checkpoint = Checkpoint::from_values(&config, &classes, 0, values(&config)).expect("a checkpoint");
    checkpoint.write(&sandbox.path("model.safetensors")).expect("a file");
    std::fs::create_dir(sandbox.path("images")).expect("a directory");
    let (mut number, mut bytes) = (numbers(), vec![]);
    for index in 0..IMAGES {
        let picture = picture(WIDTH, HEIGHT, index, &mut number);
        let plane = |channel: usize| picture.pixels().map(move |pixel| pixel.0[channel]);
        bytes.extend((0..3).flat_map(plane));
        picture.save(sandbox.path(&format!("images/{index}.png"))).expect("a PNG file");
    }
    sandbox.write("images.bytes", bytes);
    sandbox
}

/// A bright disc on a slope, with noise.
fn picture(width: u32, height: u32, index: u32, number: &mut impl FnMut() -> f32) -> RgbImage {
    let (x0, y0, radius) = (width as f32 * number(), height as f32 * number(), width as f32 * 0.4 * number());
    RgbImage::from_fn(width, height, |x, y| {
        let inside = (x as f32 - x0).hypot(y as f32 - y0) < radius;
        let slope = 100.0 * x as f32 / width as f32 + 60.0 * y as f32 / height as f32;
        let colour = |c: u32| if inside && !(index + c).is_multiple_of(3) { 90.0 } else { 0.0 };
        Rgb([0, 1, 2].map(|c| (slope + colour(c) + 60.0 * number()).min(255.0) as u8))
    })
}

/// What the program itself says: the logits of every picture.
fn own_logits(sandbox: &Sandbox, images: &str) -> Vec<Vec<f64>> {
    let lines = sandbox.json(&format!("predict --run model.safetensors {images}"));
    lines.iter().map(|line| serde_json::from_value(line["logits"].clone()).expect("logits")).collect()
}

/// The largest difference, far below how much opinions differ from image to image.
fn largest_difference(own: &[Vec<f64>], other: &[Vec<f64>]) -> f64 {
    assert_eq!((own.len(), own[0].len()), (other.len(), other[0].len()));
    let largest = |a: &[Vec<f64>], b: &[Vec<f64>]| -> f64 {
        let pairs = a.iter().flatten().zip(b.iter().flatten());
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let (spread, difference) = (largest(own, &vec![own[0].clone(); own.len()]), largest(own, other));
    assert!(spread > 0.1 && difference < spread / 20.0, "{difference} of {spread}: {own:?}");
    difference
}

const ONNX: &str = r#"
import json, sys
import numpy, onnx, onnxruntime
path, images, height, width = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
onnx.checker.check_model(onnx.load(path), full_check=True)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
x = numpy.fromfile(images, dtype=numpy.uint8).reshape(-1, 3, height, width)
logits = session.run(["logits"], {"images": x})[0]
print(json.dumps({"logits": logits.tolist(), "metadata": session.get_modelmeta().custom_metadata_map}))
"#;

#[test]
fn onnxruntime_gives_the_logits_of_every_backbone() {
    let packages = ["numpy", "onnx", "onnxruntime"];
    let Some(python) = python(&packages, &packages) else { return };
    for backbone in BACKBONES {
        let sandbox = drawn(backbone);
        sandbox.text("export --run model.safetensors --format onnx --out model.onnx");
        let [model, images] = ["model.onnx", "images.bytes"].map(|file| sandbox.path(file));
        let sides = [HEIGHT, WIDTH].map(|side| side.to_string());
        let said = run(&python, ONNX, &[&model, &images, sides[0].as_ref(), sides[1].as_ref()]);
        let report: Value = serde_json::from_str(said.lines().last().expect("a line")).expect("JSON");
        let logits: Vec<Vec<f64>> = serde_json::from_value(report["logits"].clone()).expect("logits");
        let difference = largest_difference(&own_logits(&sandbox, "images"), &logits);
        assert!(difference <= 1e-4, "{backbone}: {difference}");
        let told = |key: &str| -> Value {
            let text = report["metadata"][key].as_str().expect(key);
            serde_json::from_str(text).expect(key)
        };
        assert_eq!(told("classes"), serde_json::json!(["ant", "bee", "cow"]));
        assert_eq!(told("input")["resize"], serde_json::json!([HEIGHT, WIDTH]));
        assert_eq!(told("normalization")["shift"][2].as_f64().map(|shift| shift as f32), Some(-1.8));
    }
}

#[test]
fn the_example_for_onnxruntime_brings_pictures_to_the_models_size_as_the_program_does() {
    let modules = ["numpy", "onnxruntime", "PIL"];
    let Some(python) = python(&modules, &["numpy", "onnxruntime", "pillow"]) else { return };
    let sandbox = drawn("resnet18");
    std::fs::create_dir(sandbox.path("photos")).expect("a directory");
    let mut number = numbers();
    for (index, (width, height)) in [(150, 90), (61, 200), (30, 31), (48, 64)].into_iter().enumerate() {
        let picture = picture(width, height, index as u32, &mut number);
        picture.save(sandbox.path(&format!("photos/{index}.png"))).expect("a PNG file");
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/onnx/predict.py");
    let names = ["photos/0.png", "photos/1.png", "photos/2.png", "photos/3.png"];
    for fit in ["resize", "scale", "crop", "pad", "centre"] {
        // A model that was trained so: the checkpoint's recipe is what both read.
        let mut config = recipe("resnet18");
        config.model.input.fit = serde_json::from_value(fit.into()).expect("a rule");
        config.model.input.resize = (fit == "scale").then_some(72);
        let checkpoint = Checkpoint::from_values(&config, &[], 0, values(&config)).expect("a checkpoint");
        checkpoint.write(&sandbox.path("model.safetensors")).expect("a file");
        sandbox.text("export --run model.safetensors --format onnx --out model.onnx");
        let output = std::process::Command::new(&python)
            .arg(&script)
            .arg("model.onnx")
            .args(names)
            .current_dir(sandbox.path(""))
            .output()
            .expect("Python starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        let logits: Vec<Vec<f64>> = lines
            .iter()
            .map(|line| serde_json::from_value(line["logits"].clone()).expect("logits"))
            .collect();
        // Both scale with weights in whole numbers, of other precision: a byte may differ by one, which is 4.6 / 255 of
        // what the network takes.
        let difference = largest_difference(&own_logits(&sandbox, "photos"), &logits);
        let most = if fit == "centre" { 1e-4 } else { 0.02 };
        assert!(difference <= most, "{fit}: {difference}");
    }
}

/// Runs the example, whose weights are drawn here as there may be no network, or compares what it wrote with what a run began with.
const TORCHVISION: &str = r#"
import runpy, sys
import torch, torchvision
from safetensors.torch import load_file
example, weights, run = sys.argv[1:]
if run == "none":
    own = torchvision.models.get_model
    torchvision.models.get_model = lambda name, weights: own(name, weights=None)
    sys.argv = [example, "resnet18", weights]
    runpy.run_path(example, run_name="__main__")
else:
    given, begun = load_file(weights), load_file(run)
    names = [name for name in given if not name.startswith("fc.") and not name.endswith("num_batches_tracked")]
    assert len(names) == 100, len(names)
    print(all(torch.equal(given[name], begun["backbone." + name]) for name in names))
"#;

#[test]
fn the_example_writes_weights_of_torchvision_that_a_recipe_starts_from() {
    // Torch is far too large to install for a test.
    let Some(python) = python(&["torch", "torchvision", "safetensors"], &[]) else { return };
    let sandbox = Sandbox::new();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pytorch/torchvision_weights.py");
    let weights = sandbox.path("resnet18.safetensors");
    run(&python, TORCHVISION, &[&example, &weights, Path::new("none")]);
    sandbox.write("recipe.toml", recipe("resnet18").to_toml().expect("a recipe"));
    let set = "--set model.weights=resnet18.safetensors --set model.label_predictor.0.outputs=10";
    sandbox.text(&format!(
        "train --config recipe.toml {set} --source source --target target --steps 1 --out run --no-report"
    ));
    sandbox.text(
        "export --run run/checkpoints/step_00000000.safetensors --format safetensors --out begun.safetensors",
    );
    let said = run(&python, TORCHVISION, &[&example, &weights, &sandbox.path("begun.safetensors")]);
    assert_eq!(said.trim(), "True");
}

/// Loads the backbone into the module of its own library, and the whole into the example's.
const TORCH: &str = r#"
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy, torch
from dann_module import backbone_values, load
path, images, name, height, width = sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6])
values = backbone_values(path)
if name.startswith("resnet"):
    import torchvision
    module = getattr(torchvision.models, name)()
    module.fc = torch.nn.Identity()
else:
    from efficientnet_lite_pytorch import EfficientNet
    module = EfficientNet.from_name("efficientnet-lite0")
    module._fc = torch.nn.Identity()
module.load_state_dict(values, strict=True)
x = torch.from_numpy(numpy.fromfile(images, dtype=numpy.uint8).reshape(-1, 3, height, width))
with torch.no_grad():
    print(json.dumps(load(path)(x)[0].tolist()))
"#;

#[test]
fn backbones_load_into_the_modules_of_their_own_libraries() {
    // Torch is far too large to install for a test.
    let modules = ["torch", "torchvision", "efficientnet_lite_pytorch", "safetensors"];
    let Some(python) = python(&modules, &[]) else { return };
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pytorch");
    for backbone in BACKBONES {
        let sandbox = drawn(backbone);
        sandbox.text("export --run model.safetensors --format safetensors --out torch.safetensors");
        let [model, images] = ["torch.safetensors", "images.bytes"].map(|file| sandbox.path(file));
        let sides = [HEIGHT, WIDTH].map(|side| side.to_string());
        let arguments = [
            examples.as_path(),
            &model,
            &images,
            Path::new(backbone),
            Path::new(&sides[0]),
            Path::new(&sides[1]),
        ];
        let said = run(&python, TORCH, &arguments);
        let logits: Vec<Vec<f64>> =
            serde_json::from_str(said.lines().last().expect("a line")).expect("a list");
        let difference = largest_difference(&own_logits(&sandbox, "images"), &logits);
        assert!(difference <= 1e-4, "{backbone}: {difference}");
    }
}
