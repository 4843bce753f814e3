//! Configurations and flags that cannot work: refused by key, layer or flag before anything is written.

use crate::sandbox::{CONFIG, Sandbox};
use std::fs;

/// `tiny.toml` with `from` replaced by `to` must be refused with all of `words`.
fn refused_with(from: &str, to: &str, words: &[&str]) {
    assert!(CONFIG.contains(from), "{from}");
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", CONFIG.replacen(from, to, 1));
    sandbox.refuses_to_train("", &[&["tiny.toml: "], words].concat());
}

#[test]
fn unknown_keys() {
    let expected = "expected one of";
    refused_with("epochs = 2", "epoch = 2", &["unknown field `epoch`", expected, "`epochs`"]);
    refused_with("height = 8", "hight = 8", &["unknown field `hight`", expected, "`height`"]);
    refused_with(
        "outputs = 4,",
        "outputs = 4, biases = 1,",
        &["unknown field `biases`", expected, "`padding`"],
    );
    refused_with("gamma = 10.0", "gamma = 10.0, delta = 1.0", &["unknown field `delta`", "`maximum`"]);
    refused_with("[training]", "[other]\n[training]", &["unknown field `other`", "`training`"]);
    refused_with(r#""relu""#, r#""rellu""#, &["unknown variant `rellu`", expected, "`leaky_relu`"]);
}

#[test]
fn what_is_no_toml() {
    refused_with("[training]", "[training", &["TOML parse error at line 2"]);
    refused_with("epochs = 2", "epochs = \"two\"", &["line 3", "invalid type: string \"two\""]);
}

#[test]
fn sizes_of_zero() {
    let at_least_1 = |key| [key, "expected at least 1", "found 0"];
    refused_with("epochs = 2", "epochs = 0", &at_least_1("training.epochs"));
    refused_with("epochs = 2", "epochs = 2\nsteps = 0", &at_least_1("training.steps"));
    refused_with("batch = 4", "batch = 0", &at_least_1("training.batch"));
    refused_with("outputs = 4", "outputs = 0", &at_least_1("feature_extractor.conv1"));
    refused_with("outputs = 10", "outputs = 0", &at_least_1("label_predictor.dense1"));
    refused_with(
        "height = 8",
        "height = 0",
        &["model.input", "at least one channel, row and column", "3×0×8"],
    );
    refused_with("kernel = 3", "kernel = 0", &["feature_extractor.conv1", "expected a kernel", "found 0×0"]);
    refused_with("kernel = 2", "kernel = 0", &["feature_extractor.max_pool1", "expected a window", "found"]);
    let stride = ["feature_extractor.max_pool1", "a stride of at least 1", "found"];
    refused_with("kernel = 2", "kernel = 2, stride = 0", &stride);
}

#[test]
fn shapes_that_do_not_chain() {
    let kernel = ["feature_extractor.conv1 (input 3×8×8)", "expected a kernel that fits 8×8", "found 9×9"];
    refused_with("kernel = 3", "kernel = 9", &kernel);
    refused_with(
        "kernel = 2",
        "kernel = 7",
        &["feature_extractor.max_pool1 (input 4×6×6)", "window within 6×6"],
    );
    let logits = ["label_predictor: expected to end in two or more logits", "found 1×1×1"];
    refused_with("outputs = 10", "outputs = 1", &logits);
    let domains = ["domain_classifier: expected to end in two logits", "found 3×1×1"];
    refused_with("outputs = 2", "outputs = 3", &domains);
    let scales = ["model.input.normalization.scale", "one number for each of 3 channels", "found [2.0]"];
    refused_with("scale = [2.0, 2.0, 2.0]", "scale = [2.0]", &scales);
}

#[test]
fn numbers_out_of_range() {
    refused_with("rate = 0.25", "rate = 1.0", &["label_predictor.dropout1", "below 1, found 1"]);
    refused_with("momentum = 0.9", "momentum = nan", &["training.momentum", "below 1, found NaN"]);
    refused_with("initial = 0.01", "initial = 0.0", &["training.learning_rate", "initial above 0", "0.0"]);
    refused_with("maximum = 1.0", "maximum = -1.0", &["training.lambda", "at least 0", "-1.0"]);
    let late = ["training.lambda", "start at least 0 and below 1", "start: 1.0"];
    refused_with("maximum = 1.0", "maximum = 1.0, start = 1.0", &late);
    let long = ["training.learning_rate", "warmup and cooldown", "together at most 1", "cooldown: 0.5"];
    refused_with("initial = 0.01", "initial = 0.01, warmup = 0.6, cooldown = 0.5", &long);
}

#[test]
fn a_model_for_other_images_than_the_source_has() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", CONFIG.replace("outputs = 10", "outputs = 5"));
    let words =
        ["source/train-labels", "expected labels below the class count of 5", "found label 5 on image 5"];
    sandbox.refuses_to_train("", &words);
}

#[test]
fn flags_that_cannot_be() {
    let sandbox = Sandbox::new();
    for flag in ["--epochs", "--steps", "--batch"] {
        sandbox.refuses_to_train(&format!("{flag} 0"), &["invalid value '0'", flag, "0 is not in 1.."]);
    }
    sandbox.refuses_to_train("--epochs 1 --steps 1", &["'--epochs <EPOCHS>' cannot be used with '--steps"]);
    sandbox.refuses_to_train("--method best", &["invalid value 'best'", "--method", "source-only"]);
    sandbox.refuses_to_train("--preset paper", &["--config", "cannot be used with", "--preset"]);
    let preset = "train --preset bset --source source --target target --out out";
    sandbox.refused(preset, &["--preset: expected one of paper, best, plus, demo", "found bset"]);
    let config = "train --config nowhere.toml --source source --target target --out out";
    sandbox.refused(config, &["nowhere.toml: cannot read"]);
}

#[test]
fn an_output_directory_that_is_taken() {
    let sandbox = Sandbox::new();
    sandbox.train("run", "");
    let before = sandbox.read("run/model.safetensors");
    let onto = |out| format!("{} --out {out}", Sandbox::TRAIN);
    let expected = "expected a new or empty directory for the run";
    sandbox.refused(&onto("run"), &["run: ", expected, "found another run"]);
    assert_eq!(sandbox.read("run/model.safetensors"), before);
    sandbox.refused(&onto("source"), &["source: ", expected, "found other files"]);
    sandbox.refused(&onto("tiny.toml"), &["tiny.toml: cannot use as the run's directory"]);
    fs::create_dir(sandbox.path("empty")).expect("a directory");
    sandbox.train("empty", "");
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_text_is_refused_before_anything_is_written() {
    use std::os::unix::ffi::OsStrExt as _;
    let sandbox = Sandbox::new();
    let mut command = sandbox.dann(&format!("{} --out", Sandbox::TRAIN));
    let output = command.arg(std::ffi::OsStr::from_bytes(b"run\xff")).assert().code(1).get_output().clone();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("expected a name in UTF-8, as runs keep the paths"), "{said}");
}
