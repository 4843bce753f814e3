//! `dann experiment`: recipes × methods × seeds, kept and gone on with.

use crate::running::Running;
use crate::sandbox::Sandbox;
use serde_json::Value;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

const EXPERIMENT: &str = r#"
source = "source"
target = "target"
seeds = [3, 4]
methods = ["source-only", "dann"]
[[recipe]]
name = "tiny"
config = "tiny.toml"
[[recipe]]
name = "short"
config = "tiny.toml"
set = ["training.steps=2"]
methods = ["target-only"]
seeds = [0]
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("both.toml", EXPERIMENT);
    sandbox
}

#[test]
fn an_experiment_leaves_a_file_a_run_and_a_table() {
    let sandbox = sandbox();
    let lines = sandbox.json("experiment both.toml --quiet");
    let ended: Vec<&Value> = lines.iter().filter(|line| line.get("recipe").is_some()).collect();
    let seen: Vec<String> =
        ended.iter().map(|run| format!("{} {} {}", run["recipe"], run["method"], run["seed"])).collect();
    let expected =
        ["tiny source-only 3", "tiny dann 3", "short target-only 0", "tiny source-only 4", "tiny dann 4"];
    assert_eq!(seen.iter().map(|run| run.replace('"', "")).collect::<Vec<_>>(), expected);
    let table = String::from_utf8(sandbox.read("runs/both/RESULTS.md")).expect("UTF-8");
    for words in ["| tiny | dann | 2 |", "| tiny | source-only | 2 |", "| short | target-only | 1 |", " ± "]
    {
        assert!(table.contains(words), "{words}\n{table}");
    }
    let record: Value = serde_json::from_slice(&sandbox.read("runs/both/tiny/dann-4.json")).expect("JSON");
    assert_eq!(&record, ended[4]);
    let chosen = &record["selected"]["target-entropy"];
    assert!(chosen["step"] == 3 || chosen["step"] == 6, "{chosen}");
    assert!(chosen["target_test_accuracy"].is_number() && record["proxy_a_distance"].is_number(), "{record}");
    assert!(table.contains("| recipe | method | model kept | domain-risk | information |"), "{table}");
    // Of each seed, the rule takes one of the two methods; the record says by which value.
    assert!(table.contains("| taken by weighted-risk | target test of those taken |"), "{table}");
    let choices: Vec<&Value> = lines.iter().filter(|line| line.get("chosen_run").is_some()).collect();
    assert_eq!(choices.len(), 2, "{lines:?}");
    for (choice, runs) in choices.iter().zip([[ended[0], ended[1]], [ended[3], ended[4]]]) {
        let risk = |run: &Value| run["ratings"]["weighted-risk"].as_f64().expect("a rating");
        let better = if risk(runs[0]) < risk(runs[1]) { runs[0] } else { runs[1] };
        let name = format!("tiny/{}-{}", better["method"].as_str().expect("a method"), better["seed"]);
        assert_eq!((&choice["chosen_by"], &choice["chosen_run"]), (&"weighted-risk".into(), &name.into()));
        let accuracies = runs.map(|run| run["target_test_accuracy"].as_f64().expect("an accuracy"));
        let report = &choice["for_report_only"];
        assert_eq!(report["target_test_accuracy"], better["target_test_accuracy"]);
        let below = accuracies[0].max(accuracies[1]) - better["target_test_accuracy"].as_f64().expect("one");
        assert_eq!(report["below_best"], below);
    }
    // They are listed as other runs are.
    let listed = sandbox.json("runs runs/both");
    assert_eq!(listed.iter().filter(|run| run.get("directory").is_some()).count(), 5, "{listed:?}");
    // A run by itself gives the same bytes.
    sandbox.train("alone", "--seed 4");
    assert!(
        sandbox.read("alone/model.safetensors") == sandbox.read("runs/both/tiny/dann-4/model.safetensors")
    );
}

#[test]
fn what_is_finished_is_kept_and_what_is_missing_is_made() {
    let sandbox = sandbox();
    sandbox.text("experiment both.toml");
    let table = sandbox.read("runs/both/RESULTS.md");
    let kept = sandbox.read("runs/both/tiny/dann-3/metrics.jsonl");
    fs::remove_file(sandbox.path("runs/both/tiny/dann-4.json")).expect("removed");
    fs::remove_dir_all(sandbox.path("runs/both/tiny/dann-4")).expect("removed");
    // A record is enough; its run may be gone.
    fs::remove_dir_all(sandbox.path("runs/both/tiny/source-only-3")).expect("removed");
    sandbox.text("experiment both.toml");
    assert!(kept == sandbox.read("runs/both/tiny/dann-3/metrics.jsonl"), "made again");
    assert!(!sandbox.path("runs/both/tiny/source-only-3").exists(), "made again");
    let accuracies = |table: &[u8]| {
        let text = String::from_utf8_lossy(table).into_owned();
        let rows = text.lines().filter(|line| line.starts_with("| tiny") || line.starts_with("| short"));
        // All but the last column, which is time.
        rows.map(|line| line.rsplitn(3, '|').last().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(accuracies(&table), accuracies(&sandbox.read("runs/both/RESULTS.md")));
}

#[test]
fn tables_are_made_again_from_what_is_kept() {
    let sandbox = sandbox();
    sandbox.text("experiment both.toml");
    let table = sandbox.read("runs/both/RESULTS.md");
    let runs =
        ["source-only-3", "dann-3", "source-only-4", "dann-4"].map(|run| format!("runs/both/tiny/{run}"));
    // Earlier versions kept no ratings in a run's record; they are in its directory too.
    for run in &runs {
        sandbox.edit(&format!("{run}.json"), |bytes| {
            let mut record: Value = serde_json::from_slice(bytes).expect("JSON");
            record.as_object_mut().expect("an object").remove("ratings").expect("ratings");
            *bytes = record.to_string().into();
        });
    }
    sandbox.text("experiment both.toml");
    assert_eq!(
        String::from_utf8_lossy(&table),
        String::from_utf8_lossy(&sandbox.read("runs/both/RESULTS.md"))
    );
    // Another rule needs no training either.
    sandbox.write("both.toml", format!("rule = \"information\"\n{EXPERIMENT}"));
    let text = sandbox.text("experiment both.toml");
    assert!(text.contains("taken by information") && text.contains("without target labels is"), "{text}");
    // What was rated by other images does not compare, and what was not rated has no value.
    sandbox.edit(&format!("{}/selection.json", runs[0]), |bytes| {
        let mut selection: Value = serde_json::from_slice(bytes).expect("JSON");
        selection["target"] = "elsewhere".into();
        *bytes = selection.to_string().into();
    });
    fs::remove_file(sandbox.path(&format!("{}/selection.json", runs[2]))).expect("removed");
    let text = sandbox.text("experiment both.toml");
    assert!(text.contains("n/a | n/a") && !text.contains("without target labels is"), "{text}");
}

#[test]
fn without_a_test_part_of_the_source_a_rule_chooses_that_needs_none() {
    let sandbox = sandbox();
    fs::remove_file(sandbox.path("source/t10k-labels-idx1-ubyte")).expect("labels");
    let output = sandbox.dann("experiment both.toml").assert().success().get_output().clone();
    let said = String::from_utf8_lossy(&output.stderr);
    let words =
        "source: weighted-risk takes none of the methods of tiny: the source has no test part with labels";
    assert!(said.contains(words), "{said}");
    let table = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(table.contains("n/a | n/a") && !table.contains("without target labels is"), "{table}");
    sandbox.write("both.toml", format!("rule = \"information\"\n{EXPERIMENT}"));
    let lines = sandbox.json("experiment both.toml --quiet");
    let chosen: Vec<&Value> = lines.iter().filter(|line| line.get("chosen_run").is_some()).collect();
    assert!(chosen.len() == 2 && chosen[0]["chosen_by"] == "information", "{lines:?}");
}

#[test]
fn a_run_that_diverges_is_noted_and_the_others_go_on() {
    let sandbox = sandbox();
    let hot = EXPERIMENT.replace("training.steps=2", "training.learning_rate.initial=1e38");
    sandbox
        .write("hot.toml", hot.replace("[\"target-only\"]\nseeds = [0]", "[\"target-only\"]\nseeds = [3]"));
    let lines = sandbox.json("experiment hot.toml --quiet");
    let said = lines.iter().find_map(|line| line["diverged"].as_str()).expect("a divergence").to_owned();
    assert!(said.starts_with("training diverged at step"), "{said}");
    let table = String::from_utf8(sandbox.read("runs/hot/RESULTS.md")).expect("UTF-8");
    assert!(table.contains("| tiny | dann | 2 |"), "{table}");
    assert!(table.contains(&format!("| short | target-only | 3 | {said} |")), "{table}");
    // It is not tried again.
    fs::remove_dir_all(sandbox.path("runs/hot/short/target-only-3")).expect("removed");
    let again = sandbox.json("experiment hot.toml --quiet");
    assert_eq!(again.last(), lines.last());
    assert!(!sandbox.path("runs/hot/short/target-only-3").exists(), "made again");
}

#[test]
fn an_interrupted_experiment_goes_on_to_the_same_bytes() {
    let sandbox = sandbox();
    let long = EXPERIMENT.replace("set = [\"training.steps=2\"]", "set = [\"training.steps=600\"]");
    sandbox.write("long.toml", long);
    let line = "experiment long.toml --out long";
    let program = Running::start(sandbox.program(line).stdout(Stdio::null()).stderr(Stdio::null()));
    // The third run is the long one: killed once it has a checkpoint behind its first.
    wait_for_checkpoints(&sandbox, "long/short/target-only-0");
    drop(program);
    assert!(
        !sandbox.path("long/short/target-only-0/result.json").exists(),
        "it was over before it was killed"
    );
    sandbox.text(line);
    sandbox.train("alone", "--method target-only --steps 600 --seed 0 --no-report");
    assert!(
        sandbox.read("alone/model.safetensors") == sandbox.read("long/short/target-only-0/model.safetensors")
    );
}

/// Until the run has one behind its first.
fn wait_for_checkpoints(sandbox: &Sandbox, run: &str) {
    let checkpoints = sandbox.path(run).join("checkpoints");
    let began = Instant::now();
    while fs::read_dir(&checkpoints).map_or(0, Iterator::count) < 2 {
        assert!(began.elapsed() < Duration::from_secs(100), "no checkpoint");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(unix)]
#[test]
fn a_run_is_listed_as_running_until_ctrl_c_names_the_command_that_goes_on() {
    let sandbox = sandbox();
    sandbox.write("one.toml", format!("{ONE}set = [\"training.steps=6000\"]\n"));
    let line = "experiment one.toml";
    let mut program = sandbox.program(line);
    let program = Running::start(program.stdout(Stdio::null()).stderr(Stdio::piped()));
    wait_for_checkpoints(&sandbox, "runs/one/tiny/source-only-3");
    let state = || sandbox.json(&format!("{line} --list"))[0]["state"].clone();
    assert_eq!(state(), "running");
    let process = program.child().id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &process]).status().expect("kill").success());
    let output = program.output();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("and saved; the same `dann experiment` command goes on"), "{said}");
    assert_eq!(state(), "begun");
}

#[test]
fn a_recipe_that_was_changed_is_not_mixed_with_its_former_runs() {
    let sandbox = sandbox();
    sandbox.text("experiment both.toml");
    sandbox.edit("tiny.toml", |bytes| {
        *bytes = String::from_utf8_lossy(bytes).replace("momentum = 0.9", "momentum = 0.8").into();
    });
    let words = ["runs/both/tiny/source-only-3.json", "a run of this recipe", "--out NEW_DIR"];
    sandbox.refused("experiment both.toml", &words);
}

/// One run alone.
const ONE: &str = r#"
source = "source"
target = "target"
seeds = [3]
methods = ["source-only"]
[[recipe]]
name = "tiny"
config = "tiny.toml"
"#;

#[test]
fn runs_on_other_data_sets_are_not_mixed_with_former_ones() {
    let sandbox = sandbox();
    sandbox.write("one.toml", ONE);
    let table = sandbox.text("experiment one.toml");
    assert!(table.contains("Source: source. Target: target."), "{table}");
    fs::create_dir(sandbox.path("elsewhere")).expect("a directory");
    let other = "experiment one.toml --target elsewhere";
    let record = "runs/one/tiny/source-only-3.json";
    let words =
        ["with source source and target elsewhere", "with source source and target target", "--out NEW_DIR"];
    sandbox.refused(other, &[&words[..], &[record]].concat());
    sandbox.refused(&format!("{other} --list"), &words);
    // The same place, written in another way, is no other data set.
    sandbox.text("experiment one.toml --target ./target");
    // A run that is finished and has no record, and one that was interrupted, have their data sets too.
    fs::remove_file(sandbox.path(record)).expect("removed");
    let refuses = || {
        let said = sandbox.dann(other).assert().failure().get_output().stderr.clone();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(words.iter().all(|word| said.contains(word)) && !said.contains(record), "{said}");
    };
    refuses();
    fs::remove_file(sandbox.path("runs/one/tiny/source-only-3/result.json")).expect("removed");
    refuses();
}

#[test]
fn checkpoints_that_a_run_does_not_report_of_are_not_chosen_among() {
    let sandbox = sandbox();
    sandbox.write("one.toml", ONE.replace("source-only", "dann"));
    // As an interruption does, this leaves checkpoints within epochs, of which no accuracy is known.
    sandbox.train("runs/one/tiny/dann-3", "--seed 3 --checkpoint-every 1 --no-report");
    assert!(sandbox.path("runs/one/tiny/dann-3/checkpoints/step_00000002.safetensors").exists());
    sandbox.text("experiment one.toml");
    let selection: Value =
        serde_json::from_slice(&sandbox.read("runs/one/tiny/dann-3/selection.json")).expect("JSON");
    let ratings = selection["ratings"].as_array().expect("ratings");
    assert_eq!(ratings.iter().map(|rating| &rating["step"]).collect::<Vec<_>>(), [3, 6]);
}

#[test]
fn what_is_no_experiment_is_refused() {
    let sandbox = sandbox();
    sandbox.refused("experiment none.toml", &["none.toml"]);
    sandbox.write("bad.toml", "seeds = [0]\nspeed = 3\n[[recipe]]\nname = \"a\"\npreset = \"demo\"");
    sandbox.refused("experiment bad.toml", &["bad.toml", "speed"]);
    sandbox.write("gone.toml", EXPERIMENT.replace("tiny.toml", "gone-recipe.toml"));
    sandbox.refused("experiment gone.toml", &["gone-recipe.toml"]);
    sandbox.write("far.toml", EXPERIMENT.replace("\"target\"", "\"nowhere\""));
    sandbox.dann("experiment far.toml --quiet").assert().failure();
}
