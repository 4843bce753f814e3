//! Event files in TensorBoard's own reader.

use crate::python::{python, run};
use crate::sandbox::Sandbox;
use serde_json::Value;

const SCRIPT: &str = r#"
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "histograms": 0})
events.Reload()
tags = events.Tags()
image = events.Images(tags["images"][0])[0]
print(json.dumps({
    "scalars": {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in tags["scalars"]},
    "histograms": {tag: [sum(e.histogram_value.bucket) for e in events.Histograms(tag)] for tag in tags["histograms"]},
    "images": tags["images"],
    "png": list(image.encoded_image_string[:4]),
}))
"#;

/// What the projector's plugin finds, read by its own functions.
const PROJECTOR: &str = r#"
import os, sys
import numpy
from google.protobuf import text_format
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
run = sys.argv[1]
with open(os.path.join(run, "projector_config.pbtxt")) as file:
    config = text_format.Parse(file.read(), ProjectorConfig())
[embedding] = config.embeddings
vectors = numpy.genfromtxt(os.path.join(run, embedding.tensor_path), delimiter="\t")
with open(os.path.join(run, embedding.metadata_path)) as file:
    rows = file.read().splitlines()
assert os.path.exists(os.path.join(run, embedding.sprite.image_path))
print(*vectors.shape, len(rows) - 1, rows[0].replace("\t", ","), *embedding.sprite.single_image_dim)
"#;

#[test]
fn tensorboard_lists_every_tag_and_reads_every_value() {
    let Some(python) = python(&["tensorboard"], &["tensorboard"]) else { return };
    let sandbox = Sandbox::new();
    sandbox.train("run", "");
    let said = run(&python, SCRIPT, &[&sandbox.path("run")]);
    let read: Value = serde_json::from_str(said.lines().last().expect("a line")).expect("JSON");
    let metrics = String::from_utf8(sandbox.read("run/metrics.jsonl")).expect("UTF-8");
    let steps: Vec<Value> = metrics
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect(line))
        .filter(|line| line.get("epoch").is_none())
        .collect();
    let tags = [
        ("training/label_loss", "label_loss"),
        ("training/label_accuracy", "label_accuracy"),
        ("training/domain_loss", "domain_loss"),
        ("training/domain_accuracy", "domain_accuracy"),
        ("schedule/lambda", "lambda"),
        ("schedule/learning_rate", "learning_rate"),
    ];
    for (tag, key) in tags {
        let values = read["scalars"][tag].as_array().expect(tag);
        assert_eq!(values.len(), steps.len(), "{tag}");
        for (value, step) in values.iter().zip(&steps) {
            assert_eq!(value[0], step["step"]);
            let difference = value[1].as_f64().expect(tag) - step[key].as_f64().expect(key);
            assert!(difference.abs() < 1e-6, "{tag}: {value} and {step}");
        }
    }
    for domain in ["source", "target"] {
        let values = read["scalars"][format!("for_report_only/{domain}_test_accuracy")].as_array();
        assert_eq!(values.expect(domain).len(), 2);
    }
    assert_eq!(read["scalars"].as_object().expect("scalars").len(), 8);
    let weights = &read["histograms"]["parameters/feature_extractor.conv1.weight"];
    assert_eq!(weights, &serde_json::json!([108.0, 108.0]));
    assert_eq!(read["histograms"].as_object().expect("histograms").len(), 10);
    assert_eq!(read["images"], serde_json::json!(["predictions/source_test", "predictions/target_test"]));
    assert_eq!(read["png"], serde_json::json!([0x89, 0x50, 0x4e, 0x47]));
    let projector = run(&python, PROJECTOR, &[&sandbox.path("run")]);
    assert_eq!(projector.trim(), "20 36 20 domain,class,prediction 8 8");
}
