//! Safetensors files there and back.

use crate::python::{python, run};
use crate::support::{assert_same_domains, trained, trained_with, write_logits};
use std::path::Path;

/// Loads the module, compares its logits, changes its values and saves them as f32 and as f16.
const SCRIPT: &str = r#"
import sys
sys.path.insert(0, sys.argv[1])
import numpy, torch
from dann_module import load
from safetensors.torch import save_file
folder = sys.argv[2]
module = load(folder + "/model.safetensors")
x = torch.from_numpy(numpy.fromfile(folder + "/images.bytes", dtype=numpy.uint8).reshape(-1, 3, 8, 8))
expected = numpy.fromfile(folder + "/logits.f32", dtype=numpy.float32).reshape(len(x), -1)
with torch.no_grad():
    difference = abs(module(x)[0].numpy() - expected).max()
    for parameter in module.parameters():
        parameter.mul_(1.25)
    module(x)[0].numpy().tofile(folder + "/changed.f32")
save_file(module.state_dict(), folder + "/changed.safetensors")
print(difference)
"#;

#[test]
fn pytorch_loads_the_state_dict_and_its_own_is_read_back() {
    // Torch is far too large to install for a test.
    let Some(python) = python(&["torch", "safetensors", "numpy"], &[]) else { return };
    let sandbox = trained();
    sandbox.text("export --run run --format safetensors --out model.safetensors");
    let before = write_logits(&sandbox, "run");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pytorch");
    let said = run(&python, SCRIPT, &[&examples, &sandbox.path("")]);
    let difference: f32 = said.trim().parse().expect("a number");
    assert!(difference <= 1e-4, "{difference}");

    sandbox.text("import changed.safetensors --like run --out changed");
    let after = write_logits(&sandbox, "changed");
    let expected: Vec<f32> = bytemuck::pod_collect_to_vec(&sandbox.read("changed.f32"));
    let largest = |other: &[f32]| after.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest(&expected) <= 1e-3, "{}", largest(&expected));
    assert!(largest(&before) > 0.1, "the change is not to be seen: {}", largest(&before));
}

/// The names and layouts of a state dict, as numpy reads them without torch.
const SHAPES: &str = r#"
import sys
from safetensors.numpy import load_file, save_file
values = load_file(sys.argv[1])
print("\n".join(f"{name} {value.dtype} {list(value.shape)}" for name, value in sorted(values.items())))
save_file({name: value.astype("float16") for name, value in values.items() if value.dtype == "float32"}, sys.argv[2])
"#;

#[test]
fn names_and_layouts_are_those_of_pytorch_and_half_floats_are_read_back() {
    let Some(python) = python(&["safetensors", "numpy"], &["safetensors", "numpy"]) else { return };
    let sandbox = trained();
    sandbox.text("export --run run --format safetensors --out model.safetensors");
    let files = ["model.safetensors", "half.safetensors"].map(|file| sandbox.path(file));
    let said = run(&python, SHAPES, &[&files[0], &files[1]]);
    let lines: Vec<&str> = said.lines().collect();
    for line in [
        "feature_extractor.conv1.weight float32 [6, 3, 3, 2]",
        "feature_extractor.batch_norm1.running_var float32 [6]",
        "feature_extractor.batch_norm1.num_batches_tracked int64 []",
        "feature_extractor.dense1.weight float32 [20, 54]",
        "label_predictor.dense1.bias float32 [10]",
        "domain_classifier.dense2.weight float32 [2, 5]",
    ] {
        assert!(lines.contains(&line), "{line} is not in\n{said}");
    }
    sandbox.text("import half.safetensors --config tiny.toml --classes a,b,c,d,e,f,g,h,i,j --out half");
    let (exact, rounded) = (write_logits(&sandbox, "run"), write_logits(&sandbox, "half"));
    let largest = exact.iter().zip(&rounded).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest > 0.0 && largest < 0.1, "{largest}");
    assert!(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].contains(
        &sandbox.json("predict --run half images/0000.png")[0]["class"].as_str().expect("a class")
    ));
}

const DOMAINS: &str = r#"
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy, torch
from dann_module import load
folder = sys.argv[2]
x = torch.from_numpy(numpy.fromfile(folder + "/images.bytes", dtype=numpy.uint8).reshape(-1, 3, 8, 8))
with torch.no_grad():
    domains = load(folder + "/model.safetensors")(x)[1]
print(json.dumps(domains.softmax(1)[:, 1].tolist()))
"#;

#[test]
fn pytorch_gives_the_same_opinion_of_domains_where_the_classifier_is_conditional() {
    let Some(python) = python(&["torch", "safetensors", "numpy"], &[]) else { return };
    let keys = [
        "model.domain_input=conditional",
        "training.average=0.9",
        "model.feature_extractor.5.statistics=per_domain",
    ];
    let sandbox = trained_with(&keys.map(|key| format!("--set {key}")).join(" "));
    sandbox.text("export --run run --format safetensors --out model.safetensors");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pytorch");
    let said = run(&python, DOMAINS, &[&examples, &sandbox.path("")]);
    let found: Vec<f64> = serde_json::from_str(said.trim()).expect("a list");
    assert_same_domains(&sandbox, &found);
}
