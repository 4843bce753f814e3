//! ONNX files in the checker and in onnxruntime.

use crate::python::{python, run};
use crate::sandbox::SIDE;
use crate::support::{assert_same_domains, trained_with, write_logits};
use serde_json::Value;

const SCRIPT: &str = r#"
import json, sys
import numpy, onnx, onnxruntime
path, images, logits = sys.argv[1:4]
side = int(sys.argv[4])
model = onnx.load(path)
onnx.checker.check_model(model, full_check=True)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
x = numpy.fromfile(images, dtype=numpy.uint8).reshape(-1, 3, side, side)
y, domains = session.run(["logits", "domain_logits"], {"images": x})
expected = numpy.fromfile(logits, dtype=numpy.float32).reshape(len(x), -1)
assert y.shape == expected.shape and domains.shape == (len(x), 2)
one = session.run(["logits"], {"images": x[:1]})[0]
print(json.dumps({
    "difference": float(abs(y - expected).max()),
    "one": float(abs(one - expected[:1]).max()),
    "spread": float(expected.std()),
    "metadata": session.get_modelmeta().custom_metadata_map,
}))
"#;

#[test]
fn onnxruntime_gives_the_same_logits_and_the_checker_has_no_complaint() {
    let Some(python) = python(&["numpy", "onnx", "onnxruntime"], &["numpy", "onnx", "onnxruntime"]) else {
        return;
    };
    let sandbox = trained_with("--set model.feature_extractor.5.statistics=per_domain");
    sandbox.text("export --run run --format onnx --out model.onnx");
    write_logits(&sandbox, "run");
    let files = ["model.onnx", "images.bytes", "logits.f32"].map(|file| sandbox.path(file));
    let side = SIDE.to_string();
    let [model, images, logits] = &files;
    let said = run(&python, SCRIPT, &[model, images, logits, side.as_ref()]);
    let report: Value = serde_json::from_str(said.lines().last().expect("a line")).expect("JSON");
    let number = |key: &str| report[key].as_f64().expect(key);
    // Logits that are all alike would agree with anything.
    assert!(number("spread") > 0.1, "{report}");
    assert!(number("difference") <= 1e-4 && number("one") <= 1e-4, "{report}");
    let classes: Vec<String> =
        serde_json::from_str(report["metadata"]["classes"].as_str().expect("classes")).expect("a list");
    assert_eq!(classes, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert!(report["metadata"]["config"].as_str().expect("TOML").contains("[model.input]"));
}

const DOMAINS: &str = r#"
import json, sys
import numpy, onnxruntime
path, images, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
x = numpy.fromfile(images, dtype=numpy.uint8).reshape(-1, 3, side, side)
domains = session.run(["domain_logits"], {"images": x})[0].astype(numpy.float64)
powers = numpy.exp(domains - domains.max(1, keepdims=True))
print(json.dumps((powers / powers.sum(1, keepdims=True))[:, 1].tolist()))
"#;

#[test]
fn onnxruntime_gives_the_same_opinion_of_domains_where_the_classifier_is_conditional() {
    let Some(python) = python(&["numpy", "onnx", "onnxruntime"], &["numpy", "onnx", "onnxruntime"]) else {
        return;
    };
    let sandbox = trained_with("--set model.domain_input=conditional");
    sandbox.text("export --run run --format onnx --out model.onnx");
    let [model, images] = ["model.onnx", "images.bytes"].map(|file| sandbox.path(file));
    let said = run(&python, DOMAINS, &[&model, &images, SIDE.to_string().as_ref()]);
    let found: Vec<f64> = serde_json::from_str(said.lines().last().expect("a line")).expect("a list");
    assert_same_domains(&sandbox, &found);
}
