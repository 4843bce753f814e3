//! `dann select`: what it says of checkpoints and runs, and that no label of the target has a part in it.

use crate::sandbox::{SOURCE_TRAIN, Sandbox, TARGET_TRAIN, TEST};
use dann::data::NoProgress;
use dann::gpu::{Gpu, Options, choose};
use dann::selection::{Images, Rule, Selection};
use serde_json::{Value, json};
use std::fs;

const RULES: [&str; 5] = ["domain-risk", "target-entropy", "information", "weighted-risk", "proxy-distance"];

/// A run of three epochs of three steps.
fn trained(method: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.train("run", &format!("--method {method} --epochs 3 --no-report"));
    sandbox
}

/// Ratings, then outcomes.
fn of_kind<'a>(lines: &'a [Value], key: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line.get(key).is_some()).collect()
}

#[test]
fn every_checkpoint_is_rated_and_every_rule_chooses_the_best_of_its_values() {
    let sandbox = trained("dann");
    let lines = sandbox.json("select run");
    let (ratings, outcomes) = (of_kind(&lines, "values"), of_kind(&lines, "chosen_by"));
    let steps: Vec<&Value> = ratings.iter().map(|rating| &rating["step"]).collect();
    assert_eq!(steps, [&json!(3), &json!(6), &json!(9)]);
    assert_eq!(outcomes.len(), RULES.len() + 1);
    for (rule, outcome) in RULES.iter().zip(&outcomes) {
        let cost = |rating: &Value| {
            let value = rating["values"][rule].as_f64().expect("a value");
            if *rule == "information" { -value } else { value }
        };
        let chosen = ratings.iter().find(|rating| rating["step"] == outcome["step"]).expect("a rating");
        assert_eq!(outcome["chosen_by"], *rule);
        assert!(ratings.iter().all(|rating| cost(chosen) <= cost(rating)), "{rule}: {lines:?}");
        for rating in &ratings {
            let picked = rating["picked_by"].as_array().expect("a list").contains(&json!(rule));
            assert_eq!(picked, rating["step"] == outcome["step"]);
        }
    }
    assert_eq!((&outcomes[5]["chosen_by"], &outcomes[5]["step"]), (&json!("last step"), &json!(9)));
}

#[test]
fn accuracies_come_from_the_report_of_the_training() {
    let sandbox = trained("dann");
    // The second epoch was the best on the target.
    let text = String::from_utf8(sandbox.read("run/metrics.jsonl")).expect("UTF-8");
    let mut accuracies = [0.25, 0.75, 0.5].into_iter();
    let edited = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).expect(line);
        if line.get("epoch").is_some() {
            line["for_report_only"]["target_test_accuracy"] = json!(accuracies.next());
        }
        format!("{line}\n")
    });
    sandbox.write("run/metrics.jsonl", edited.collect::<String>());
    let lines = sandbox.json("select run");
    let known = |step: &Value| [0.25, 0.75, 0.5][step.as_u64().expect("a step") as usize / 3 - 1];
    for rating in of_kind(&lines, "values") {
        assert_eq!(rating["for_report_only"]["target_test_accuracy"], known(&rating["step"]));
    }
    for outcome in of_kind(&lines, "chosen_by") {
        let report = &outcome["for_report_only"];
        assert_eq!(report["target_test_accuracy"], known(&outcome["step"]));
        assert_eq!(report["below_best"], 0.75 - known(&outcome["step"]));
    }
    let best = &lines.last().expect("lines")["for_report_only"];
    assert_eq!((&best["best_step"], &best["target_test_accuracy"]), (&json!(6), &json!(0.75)));
    let text = sandbox.text("select run");
    for words in [
        "last step",
        "25.00 points",
        "that of step 6, with 75.00 %",
        "16 training and 10 validation",
        "weighted-risk at step 9 rests on",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
}

#[test]
fn the_source_error_is_that_of_the_evaluation() {
    let sandbox = trained("dann");
    let lines = sandbox.json("select run");
    for rating in of_kind(&lines, "values") {
        let step = rating["step"].as_u64().expect("a step");
        let line =
            format!("eval --run run/checkpoints/step_{step:08}.safetensors --data source --domain source");
        let accuracy = sandbox.json(&line).remove(0)["accuracy"].as_f64().expect("an accuracy");
        assert!((rating["source_error"].as_f64().expect("an error") - (1.0 - accuracy)).abs() < 1e-12);
    }
}

#[test]
fn the_library_chooses_what_the_program_has_written() {
    let sandbox = trained("dann");
    sandbox.text("select run");
    let run = sandbox.path("run");
    let written = Selection::read(&run).expect("a selection");
    let gpu = Gpu::open(&choose(None).expect("an adapter"), Options::default()).expect("a device");
    let mut images = Images::new(Images::MOST, Some(sandbox.path("source")), Some(sandbox.path("target")));
    let again = Selection::of_run(&gpu, &run, &mut images, &NoProgress).expect("a selection");
    assert_eq!((&written.run, &written.picks), (&run, &again.picks));
    assert_eq!(written.ratings.len(), again.ratings.len());
    for (written, again) in written.ratings.iter().zip(&again.ratings) {
        for rule in Rule::ALL {
            let [written, again] = [written, again].map(|rating| rating.value(rule).expect("a value"));
            // JSON's readers may miss a number's last bit.
            assert!((written - again).abs() <= 1e-12 * again.abs(), "{rule:?}: {written} {again}");
        }
    }
    sandbox.write("run/selection.json", "{}");
    let error = Selection::read(&run).expect_err("no selection").to_string();
    assert!(error.contains("selection.json: expected ratings as `dann select` writes them"), "{error}");
}

/// What `dann select` writes after `change` to a sandbox with a run.
fn selection_after(sandbox: &Sandbox, change: impl FnOnce(&Sandbox)) -> Vec<u8> {
    change(sandbox);
    sandbox.text("select run");
    sandbox.read("run/selection.json")
}

#[test]
fn target_labels_do_not_matter() {
    let sandbox = trained("dann");
    let as_it_is = selection_after(&sandbox, |_| ());
    assert!(as_it_is == selection_after(&sandbox, |_| ()), "the same files give other bytes");
    let whole: Value = serde_json::from_slice(&as_it_is).expect("JSON");
    assert_eq!(whole["ratings"][0]["values"].as_object().expect("values").len(), RULES.len());
    let images =
        json!({ "source_training": SOURCE_TRAIN, "source_validation": TEST, "target": TARGET_TRAIN });
    assert_eq!(whole["images"], images);
    for part in ["train", "test"] {
        let list = format!("target/mnist_m/mnist_m_{part}_labels.txt");
        let reversed = selection_after(&sandbox, |sandbox| {
            sandbox.edit(&list, |bytes| {
                let text = String::from_utf8(bytes.clone()).expect("UTF-8");
                let labels: Vec<&str> =
                    text.lines().filter_map(|line| line.split(' ').nth(1)).rev().collect();
                let lines = text.lines().zip(labels);
                let lines = lines.map(|(line, label)| format!("{} {label}\n", &line[..line.len() - 2]));
                *bytes = lines.collect::<String>().into();
            });
        });
        assert!(reversed == as_it_is, "{part}: labels in another order change the ratings");
        let removed = selection_after(&sandbox, |sandbox| {
            fs::remove_file(sandbox.path(&list)).expect("the list was there");
        });
        assert!(removed == as_it_is, "{part}: a missing list changes the ratings");
    }
}

#[test]
fn source_labels_do_matter() {
    let sandbox = trained("dann");
    let as_it_is = selection_after(&sandbox, |_| ());
    let changed = selection_after(&sandbox, |sandbox| {
        sandbox.edit("source/t10k-labels-idx1-ubyte", |bytes| bytes[8..].rotate_left(3));
    });
    assert!(changed != as_it_is);
}

#[test]
fn every_rule_compares_runs_with_adaptation_and_without() {
    let sandbox = Sandbox::new();
    // One has learned the source, whose test part looks like its training part, and one nothing at all.
    sandbox.train("run", "--no-report --method source-only --steps 240 --keep 2");
    sandbox.train("other", "--no-report --set training.learning_rate.initial=1e-9");
    let lines = sandbox.json("select run other");
    let chosen = of_kind(&lines, "chosen_run");
    assert_eq!(
        chosen.iter().map(|line| &line["chosen_by"]).collect::<Vec<_>>(),
        RULES.iter().collect::<Vec<_>>()
    );
    let unadapted: Vec<&str> = chosen
        .iter()
        .filter(|line| line["chosen_run"] == "run")
        .map(|line| line["chosen_by"].as_str().expect("a rule"))
        .collect();
    assert!(unadapted.contains(&"weighted-risk"), "{lines:?}");
    for line in &chosen {
        let method = if line["chosen_run"] == "run" { "source-only" } else { "dann" };
        assert_eq!(line["chosen_method"], method);
    }
    let text = sandbox.text("select run other");
    let (rules, few) = (unadapted.join(", "), unadapted.len() == 1);
    let (verb, these) = if few { ("takes", "this rule.") } else { ("take", "these rules.") };
    let words = format!("{rules} {verb} run (source-only): adaptation is not worth it here by {these}");
    assert!(text.contains(&words), "{words}\n{text}");
    assert!(!text.contains("n/a under"), "{text}");
    // Without a run that adapts, nothing is said of adaptation.
    let alone = sandbox.text("select run run");
    assert!(!alone.contains("adaptation is not worth"), "{alone}");
}

#[test]
fn among_several_runs_each_rule_chooses_one() {
    let sandbox = Sandbox::new();
    for (run, seed) in [("a", 1), ("b", 2)] {
        sandbox.train(run, &format!("--seed {seed} --no-report"));
    }
    let lines = sandbox.json("select a b");
    let chosen = of_kind(&lines, "chosen_run");
    assert_eq!(chosen.len(), RULES.len());
    let last = |run: &str, rule: &str| {
        let of_run =
            lines.iter().find(|line| line["run"] == run && line["step"] == 6 && line["values"].is_object());
        of_run.expect("a rating")["values"][rule].as_f64().expect("a value")
    };
    for line in chosen {
        let rule = line["chosen_by"].as_str().expect("a rule");
        let better = if rule == "information" {
            last("a", rule) > last("b", rule)
        } else {
            last("a", rule) < last("b", rule)
        };
        assert_eq!(line["chosen_run"], if better { "a" } else { "b" }, "{rule}");
    }
    assert!(sandbox.text("select a b").contains("run, by its last step"));
}

#[test]
fn a_last_step_without_a_checkpoint_is_rated_too() {
    let sandbox = trained("dann");
    let whole = sandbox.json("select run");
    fs::remove_file(sandbox.path("run/checkpoints/step_00000009.safetensors")).expect("a checkpoint");
    assert_eq!(sandbox.json("select run"), whole);
}

#[test]
fn what_cannot_be_rated_is_refused() {
    let sandbox = trained("dann");
    sandbox.train("bound", "--method target-only --no-report");
    sandbox.refused("select nowhere", &["nowhere/result.json: cannot read", "hint: `dann runs DIR`"]);
    sandbox.refused("select bound", &["bound: expected a run that was trained without target labels"]);
    let moved = ["nowhere: expected a data set", "hint: --source DIR and --target DIR"];
    sandbox.refused("select run --target nowhere", &moved);
    sandbox.refused("select run --source nowhere", &moved);
    sandbox.refused("select run --images 1", &["--images <N>"]);

    let checkpoint = "run/checkpoints/step_00000006.safetensors";
    let kept = sandbox.read(checkpoint);
    sandbox.edit(checkpoint, |bytes| bytes.truncate(bytes.len() - 5));
    sandbox.refused("select run", &["step_00000006.safetensors: expected a whole safetensors file"]);
    sandbox.write(checkpoint, sandbox.read("bound/checkpoints/step_00000003.safetensors"));
    sandbox.refused("select run", &["step_00000006.safetensors: expected recipe and classes of the run"]);
    sandbox.write(checkpoint, sandbox.read("run/checkpoints/step_00000003.safetensors"));
    sandbox
        .refused("select run", &["step_00000006.safetensors: expected another step", "found step 3 again"]);
    sandbox.write(checkpoint, kept);

    fs::remove_file(sandbox.path("source/t10k-labels-idx1-ubyte")).expect("labels");
    // Rules that need none of them rate all the same.
    let values = sandbox.json("select run").remove(0)["values"].clone();
    assert_eq!(values.as_object().map(serde_json::Map::len), Some(3), "{values}");
    for step in [3, 6, 9] {
        fs::remove_file(sandbox.path(&format!("run/checkpoints/step_{step:08}.safetensors")))
            .expect("a file");
    }
    sandbox.refused("select run", &["run: expected a run with checkpoints", "in checkpoints/, found none"]);
}

#[test]
fn a_cause_is_told_once() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("empty")).expect("a directory");
    let output = sandbox.dann("select empty").assert().failure().code(1).get_output().clone();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("result.json: cannot read: "), "{said}");
    assert_eq!(said.matches("os error").count(), 1, "{said}");
}
