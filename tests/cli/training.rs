//! `dann train`: what it leaves behind, and that it repeats.

use crate::running::Running;
use crate::sandbox::{CONFIG, Sandbox};
use serde_json::Value;
use std::process::Stdio;

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("no number {key:?} in {value}"))
}

#[test]
fn a_run_reports_every_epoch_and_leaves_four_files() {
    let sandbox = Sandbox::new();
    let lines = sandbox.train("out", "");
    let [first, second, result] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((number(first, "epoch"), number(second, "epoch")), (1.0, 2.0));
    for epoch in [first, second] {
        assert!(number(epoch, "label_loss") > 0.0 && number(epoch, "domain_loss") > 0.0);
        let report = &epoch["for_report_only"];
        assert!((0.0..=1.0).contains(&number(report, "source_test_accuracy")));
        assert!((0.0..=1.0).contains(&number(report, "target_test_accuracy")));
    }
    assert_eq!((result["method"].as_str(), number(result, "steps")), (Some("dann"), 6.0));
    for file in ["config.toml", "metrics.jsonl", "model.safetensors", "result.json"] {
        assert!(!sandbox.read(&format!("out/{file}")).is_empty(), "{file}");
    }
    let kept: Value = serde_json::from_slice(&sandbox.read("out/result.json")).expect("JSON");
    assert_eq!(&kept, result);
}

/// The lines of the steps of `run`, which has so many lines in all.
fn steps(sandbox: &Sandbox, run: &str, lines: usize) -> Vec<Value> {
    let text = String::from_utf8(sandbox.read(&format!("{run}/metrics.jsonl"))).expect("UTF-8");
    let mut steps: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(steps.len(), lines);
    steps.retain(|line| line.get("epoch").is_none());
    steps
}

#[test]
fn each_step_follows_the_schedules_of_the_paper() {
    let sandbox = Sandbox::new();
    sandbox.train("out", "");
    let steps = steps(&sandbox, "out", 8);
    assert_eq!(steps.len(), 6);
    // What is not said in a recipe is not said of the run.
    let kept = String::from_utf8(sandbox.read("out/config.toml")).expect("UTF-8");
    assert!(!["start", "warmup", "cooldown"].iter().any(|key| kept.contains(key)), "{kept}");
    for (index, step) in steps.iter().enumerate() {
        let p = index as f64 / 6.0;
        let lambda = 2.0 / (1.0 + (-10.0 * p).exp()) - 1.0;
        let rate = 0.01 / (1.0 + 10.0 * p).powf(0.75);
        assert!((number(step, "lambda") - lambda).abs() < 1e-6, "{step}");
        assert!((number(step, "learning_rate") - rate).abs() < 1e-8, "{step}");
    }
}

#[test]
fn schedules_start_late_warm_up_and_cool_down_and_a_resumed_run_follows_them() {
    let sandbox = Sandbox::new();
    let keys = "--set training.lambda.start=0.5 --set training.learning_rate.warmup=0.5 \
                --set training.learning_rate.cooldown=0.5 --set training.adaptation.entropy=1 --no-report";
    sandbox.train("out", keys);
    let whole = steps(&sandbox, "out", 8);
    for (index, step) in whole.iter().enumerate() {
        let p = index as f64 / 6.0;
        let lambda = 2.0 / (1.0 + (-10.0 * (2.0 * p - 1.0).max(0.0)).exp()) - 1.0;
        let share = [1.0, 2.0, 3.0, 3.0, 2.0, 1.0][index] / 3.0;
        assert!((number(step, "lambda") - lambda).abs() < 1e-6, "{step}");
        let rate = share * 0.01 / (1.0 + 10.0 * p).powf(0.75);
        assert!((number(step, "learning_rate") - rate).abs() < 1e-8, "{step}");
    }
    sandbox.train("again", keys);
    std::fs::remove_file(sandbox.path("again/result.json")).expect("the run was finished");
    sandbox.json("train --resume again/checkpoints/step_00000003.safetensors --no-report");
    assert_eq!(steps(&sandbox, "again", 8), whole);
    assert!(sandbox.read("again/model.safetensors") == sandbox.read("out/model.safetensors"));
}

#[test]
fn the_configuration_left_behind_repeats_the_run() {
    let sandbox = Sandbox::new();
    sandbox.train("first", "--seed 5 --steps 4 --batch 3 --method source-only");
    sandbox.json("train --config first/config.toml --source source --target target --out second");
    assert!(sandbox.read("first/model.safetensors") == sandbox.read("second/model.safetensors"));
}

#[test]
fn the_seed_decides_every_byte() {
    let sandbox = Sandbox::new();
    for (out, seed) in [("a", 1), ("b", 1), ("c", 2)] {
        sandbox.train(out, &format!("--seed {seed}"));
    }
    let model = |run| values(&sandbox.read(&format!("{run}/model.safetensors")));
    assert!(sandbox.read("a/model.safetensors") == sandbox.read("b/model.safetensors"));
    assert!(model("a") != model("c"));
}

/// The tensors of a file without its header, which holds the configuration and so the seed.
fn values(file: &[u8]) -> Vec<u8> {
    let (length, rest) = file.split_at(8);
    let header = u64::from_le_bytes(length.try_into().expect("8 bytes")) as usize;
    rest[header..].to_vec()
}

#[test]
fn gradients_are_clipped_where_that_was_asked_for() {
    let sandbox = Sandbox::new();
    for (out, arguments) in [
        ("none", ""),
        ("wide", "--set training.clip_norm=1e9"),
        ("narrow", "--set training.clip_norm=0.001 --set training.learning_rate.initial=1e6"),
    ] {
        sandbox.train(out, arguments);
    }
    let model = |run| values(&sandbox.read(&format!("{run}/model.safetensors")));
    assert!(model("none") == model("wide"));
    assert!(model("none") != model("narrow"));
    // Without clipping these steps are so long that losses are no numbers soon.
    let line = format!("{} --out far --set training.learning_rate.initial=1e6", Sandbox::TRAIN);
    sandbox.dann(&line).assert().failure();
    let words = ["training.clip_norm", "above 0"];
    sandbox.refuses_to_train("--set training.clip_norm=0.0", &words);
}

#[test]
fn images_are_augmented_where_that_was_asked_for() {
    let sandbox = Sandbox::new();
    for (out, arguments) in [
        ("none", ""),
        ("still", "--set training.augmentation={}"),
        ("lively", "--set training.augmentation={shift=1,invert=0.5,contrast=0.5,brightness=0.1}"),
        ("own", "--set training.target_augmentation={shift=1,invert=0.5,contrast=0.5,brightness=0.1}"),
    ] {
        sandbox.train(out, arguments);
    }
    let model = |run| values(&sandbox.read(&format!("{run}/model.safetensors")));
    assert!(model("none") == model("still"));
    assert!(model("none") != model("lively"));
    assert!(![model("none"), model("lively")].contains(&model("own")));
    for (key, words) in [
        ("invert=2.0", ["training.augmentation.invert", "0 to 1"]),
        ("brightness=-1.0", ["training.augmentation.brightness", "at least 0"]),
        ("crop=0.0", ["training.augmentation.crop", "above 0, up to 1"]),
        ("crop=1.5", ["training.augmentation.crop", "above 0, up to 1"]),
        ("flip=2.0", ["training.augmentation.flip", "0 to 1"]),
        ("rotation=180.0", ["training.augmentation.rotation", "below 180"]),
        ("shear=90.0", ["training.augmentation.shear", "below 90"]),
        ("saturation=1.5", ["training.augmentation.saturation", "0 to 1"]),
        ("hue=0.5", ["training.augmentation.hue", "0 to below 0.5"]),
        ("zoom=1.0", ["training.augmentation.zoom", "0 to below 1"]),
        ("spin=1", ["unknown field `spin`", "training.augmentation"]),
    ] {
        sandbox.refuses_to_train(&format!("--set training.augmentation={{{key}}}"), &words);
    }
    let words = ["training.target_augmentation.hue", "0 to below 0.5"];
    sandbox.refuses_to_train("--set training.target_augmentation={hue=0.5}", &words);
}

#[test]
fn images_are_visited_and_schedules_go_as_the_recipe_says() {
    let sandbox = Sandbox::new();
    let changes = ["sampling=balanced", "lambda.steps=2", "learning_rate.steps=2"];
    sandbox.train("none", "");
    for (index, change) in changes.iter().enumerate() {
        sandbox.train(&format!("run{index}"), &format!("--set training.{change}"));
        let model = |run: &str| values(&sandbox.read(&format!("{run}/model.safetensors")));
        assert!(model("none") != model(&format!("run{index}")), "{change}");
    }
    for (change, words) in [
        ("sampling=often", ["unknown variant `often`", "`balanced`"]),
        ("lambda.steps=0", ["training.lambda", "steps of at least 1"]),
        ("learning_rate.steps=0", ["training.learning_rate", "steps of at least 1"]),
    ] {
        sandbox.refuses_to_train(&format!("--set training.{change}"), &words);
    }
}

#[test]
fn the_methods_train_on_different_things() {
    let sandbox = Sandbox::new();
    for method in ["dann", "source-only", "target-only"] {
        let lines = sandbox.train(method, &format!("--method {method}"));
        let result = lines.last().expect("a result");
        assert_eq!(result["method"], method);
        assert_eq!(lines[0].get("domain_loss").is_some(), method == "dann", "{method}");
    }
    let model = |method: &str| values(&sandbox.read(&format!("{method}/model.safetensors")));
    assert!(model("dann") != model("source-only"));
    assert!(model("source-only") != model("target-only"));
}

#[test]
fn training_learns_the_digits() {
    let sandbox = Sandbox::new();
    for (method, domain) in [("source-only", "source"), ("target-only", "target")] {
        let lines = sandbox.train(method, &format!("--method {method} --epochs 60"));
        let accuracy = number(lines.last().expect("a result"), &format!("{domain}_test_accuracy"));
        assert!(accuracy >= 0.9, "{method}: {accuracy} on its own domain's test part");
    }
}

#[test]
fn target_only_needs_no_source() {
    let sandbox = Sandbox::new();
    let line = "train --config tiny.toml --method target-only --source nowhere --target target --out out";
    let lines = sandbox.json(line);
    assert_eq!(lines.last().expect("a result")["source_test_accuracy"], Value::Null);
}

#[test]
fn a_reader_that_leaves_early_does_not_end_the_training() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", CONFIG.replace("epochs = 2", "epochs = 20"));
    let mut program = sandbox.program(&format!("{} --out out --json", Sandbox::TRAIN));
    let program = Running::start(program.stdout(Stdio::piped()).stderr(Stdio::piped()));
    drop(program.child().stdout.take());
    let output = program.output();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("panicked"), "{said}");
    assert!(sandbox.path("out/result.json").exists(), "the run is not finished:\n{said}");
}

#[test]
fn a_target_whose_test_images_have_no_labels_is_trained_on_without_an_accuracy() {
    for (labels, domain) in
        [("target/mnist_m/mnist_m_test_labels.txt", "target"), ("source/t10k-labels-idx1-ubyte", "source")]
    {
        let sandbox = Sandbox::new();
        std::fs::remove_file(sandbox.path(labels)).expect("the labels were there");
        let lines = sandbox.train("out", "");
        let result = lines.last().expect("a result");
        assert_eq!(result[format!("{domain}_test_accuracy")], Value::Null);
        let words = [labels.rsplit('/').next().expect("a name")];
        sandbox.refused(&format!("eval --run out --data {domain}"), &words);
    }
}

#[cfg(unix)]
#[test]
fn every_file_of_a_run_can_be_read_by_whoever_may_read_new_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    sandbox.train("out", "");
    let mode = |name: &str| {
        let file = sandbox.path(&format!("out/{name}"));
        std::fs::metadata(file).expect("a file").permissions().mode() & 0o777
    };
    for name in ["model.safetensors", "config.toml", "metrics.jsonl"] {
        assert_eq!(mode(name), mode("result.json"), "{name}");
    }
}

#[test]
fn an_adaptation_that_looks_harmful_is_told_with_a_way_to_compare() {
    let sandbox = Sandbox::new();
    let said = |target: &str, line: &str| {
        let line = format!("train --config tiny.toml --source source --target {target} {line} --no-report");
        let output = sandbox.dann(&line).assert().success();
        String::from_utf8(output.get_output().stderr.clone()).expect("UTF-8 on stderr")
    };
    // Six steps teach hardly anything.
    let harmful = said("target", "--out out");
    let compare = [
        "dann train --config out/config.toml --method source-only --source source --target target --out out-source-only\n",
        "dann select out out-source-only\n",
    ];
    for words in
        ["adaptation looks harmful: after the last step", "classified wrongly"].into_iter().chain(compare)
    {
        assert!(harmful.contains(words), "{words:?} is not in\n{harmful}");
    }
    assert_eq!(harmful.matches("after the last step").count(), 1, "{harmful}");
    for command in compare {
        sandbox.text(command.trim_start_matches("dann "));
    }
    // Enough of them, with a reversal that is weak enough and a target that is like the source, teach everything.
    let learned = said("source", "--out learned --epochs 80 --set training.lambda.maximum=0.01");
    assert!(!learned.contains("looks harmful"), "{learned}");
    let without = said("target", "--out without --method source-only");
    assert!(!without.contains("looks harmful"), "{without}");
}

#[test]
fn a_run_starts_from_another_run_as_from_its_model_or_its_last_checkpoint() {
    let sandbox = Sandbox::new();
    sandbox.train("first", "--no-report");
    let starts = ["", "/model.safetensors", "/checkpoints/step_00000006.safetensors"];
    let [run, model, checkpoint] = starts.map(|file| {
        let _ = std::fs::remove_dir_all(sandbox.path("next"));
        sandbox.train("next", &format!("--start first{file} --no-report"));
        sandbox.read("next/model.safetensors")
    });
    assert!(model == run && checkpoint == run);
}
