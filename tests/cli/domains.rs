//! Batch norm with statistics of each domain: trained, evaluated, exported, interrupted.

use crate::sandbox::{CONFIG, Sandbox, target_image};
use dann::train::Checkpoint;

/// A sandbox whose recipe keeps the domains apart in the feature extractor.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let layer = "{ layer = \"batch_norm2d\"";
    assert!(CONFIG.contains(layer));
    sandbox.write("tiny.toml", CONFIG.replace(layer, &format!("{layer}, statistics = \"per_domain\"")));
    sandbox
}

/// The running statistics of the one layer that has some: means of the source, of the target, and variances alike.
fn statistics(sandbox: &Sandbox, file: &str) -> [Vec<f32>; 4] {
    let checkpoint = Checkpoint::read(&sandbox.path(file)).expect("a checkpoint");
    let [mean, var] = ["mean", "var"].map(|kind| {
        let (dims, values) = &checkpoint.values()[&format!("feature_extractor.batch_norm1.running_{kind}")];
        assert_eq!(dims, &[2, 4]);
        values.clone()
    });
    [mean[..4].to_vec(), mean[4..].to_vec(), var[..4].to_vec(), var[4..].to_vec()]
}

#[test]
fn each_domain_is_evaluated_under_its_own_statistics() {
    let sandbox = sandbox();
    let lines = sandbox.train("run", "--epochs 20 --no-report");
    let result = lines.last().expect("a result");
    let mut losses = vec![];
    for domain in ["source", "target"] {
        let eval =
            |by: &str| sandbox.json(&format!("eval --run run --data {domain} --domain {by}")).remove(0);
        assert_eq!(eval(domain)["accuracy"], result[format!("{domain}_test_accuracy")], "{domain}");
        losses.push((eval("source")["loss"].clone(), eval("target")["loss"].clone()));
    }
    assert!(losses.iter().all(|(source, target)| source != target), "{losses:?}");
    let [source, target, ..] = statistics(&sandbox, "run/model.safetensors");
    assert_ne!(source, target);
}

#[test]
fn rows_of_one_domain_alone_move_both() {
    let sandbox = sandbox();
    for method in ["source-only", "target-only"] {
        sandbox.train(method, &format!("--method {method} --no-report"));
        let [source, target, var, of_target] = statistics(&sandbox, &format!("{method}/model.safetensors"));
        assert!(source == target && var == of_target, "{method}");
        assert!(source.iter().all(|mean| *mean != 0.0), "{method}: {source:?}");
    }
}

#[test]
fn an_exported_model_has_the_statistics_of_one_domain() {
    let sandbox = sandbox();
    sandbox.train("run", "--no-report");
    target_image(3).save(sandbox.path("three.png")).expect("an image");
    let predict = |run: &str, domain: &str| {
        sandbox.json(&format!("predict --run {run} --domain {domain} three.png"))[0]["logits"].clone()
    };
    assert_ne!(predict("run", "source"), predict("run", "target"));
    sandbox.text("export --run run --format safetensors --out as-said-nothing.safetensors");
    for domain in ["source", "target"] {
        let file = format!("{domain}.safetensors");
        sandbox.text(&format!("export --run run --format safetensors --domain {domain} --out {file}"));
        sandbox.text(&format!("import {file} --out {domain}-again"));
        for either in ["source", "target"] {
            assert_eq!(predict(&format!("{domain}-again"), either), predict("run", domain));
        }
    }
    assert!(sandbox.read("as-said-nothing.safetensors") == sandbox.read("target.safetensors"));
    let words = ["batch_norm1.running_mean: expected a tensor of shape [2, 4], found shape [4]"];
    sandbox.refused("import target.safetensors --like run --out x", &words);
}

#[test]
fn an_interrupted_run_goes_on_with_the_statistics_of_both() {
    let sandbox = sandbox();
    let keys = "--no-report --set training.average=0.9 --set training.adaptation.entropy=0.5";
    sandbox.train("whole", keys);
    sandbox.train("ended", keys);
    std::fs::remove_file(sandbox.path("ended/result.json")).expect("the run was finished");
    sandbox.json("train --resume ended/checkpoints/step_00000003.safetensors --no-report");
    assert!(sandbox.read("ended/model.safetensors") == sandbox.read("whole/model.safetensors"));
}
