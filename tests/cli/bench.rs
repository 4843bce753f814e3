//! `dann bench`: what it prints, and what it refuses.

use crate::sandbox::{CONFIG, Sandbox};
use serde_json::Value;

const KEYS: [&str; 11] = [
    "adapter",
    "driver",
    "recipe",
    "batch",
    "target_batch",
    "step_ms_median",
    "step_ms_p10",
    "step_ms_p90",
    "images_per_s",
    "first_step_s",
    "gpu_bytes",
];

fn number(line: &Value, key: &str) -> f64 {
    line[key].as_f64().unwrap_or_else(|| panic!("{key} is no number in {line}"))
}

#[test]
fn a_step_is_timed() {
    let sandbox = Sandbox::new();
    let lines = sandbox.json("bench --batch 2");
    let [line] = &lines[..] else { panic!("{lines:?}") };
    for key in KEYS {
        assert!(line.get(key).is_some(), "no {key} in {line}");
    }
    assert_eq!((&line["recipe"], &line["batch"]), (&"paper".into(), &2.into()));
    assert!(line["variant"].is_string(), "{line}");
    let [p10, median, p90] = ["p10", "median", "p90"].map(|which| number(line, &format!("step_ms_{which}")));
    assert!(0.0 < p10 && p10 <= median && median <= p90, "{line}");
    assert!((number(line, "images_per_s") * median / 1e3 - 4.0).abs() < 1e-6, "{line}");
    // No step of a program can end before the program has started, nor later than the test waits.
    assert!((median / 2e3..120.0).contains(&number(line, "first_step_s")), "{line}");
    // The parameters of the paper's network alone, with gradients and velocities, where memory is reported.
    assert!(line["gpu_bytes"].is_null() || number(line, "gpu_bytes") > 3.0 * 4.0 * 200_000.0, "{line}");
}

#[test]
fn several_batches_make_a_table() {
    let sandbox = Sandbox::new();
    let lines = sandbox.json("bench --preset demo --variant plain --batches 1,3");
    assert_eq!(lines.iter().map(|line| &line["batch"]).collect::<Vec<_>>(), [1, 3]);
    assert!(lines.iter().all(|line| line["variant"] == "plain" && line["recipe"] == "demo"), "{lines:?}");
    assert!(lines[0]["first_step_s"].is_number() && lines[1]["first_step_s"].is_null(), "{lines:?}");
}

#[test]
fn recipes_from_files_are_timed_and_profiled() {
    let sandbox = Sandbox::new();
    sandbox.write("training.toml", CONFIG);
    let lines = sandbox.json("bench --config training.toml");
    assert_eq!((&lines[0]["recipe"], &lines[0]["batch"]), (&"training.toml".into(), &4.into()));
    let profile = sandbox.json("profile --config training.toml --steps 2").remove(0);
    let subject = profile["subject"].as_str().unwrap_or_default().to_owned();
    assert!(subject.starts_with("recipe training.toml, 4 + 4 images"), "{subject}");
    sandbox.refused("bench --config training.toml --preset demo", &["--config", "--preset"]);
}

#[test]
fn rows_of_both_domains_are_told() {
    let sandbox = Sandbox::new();
    let fewer = CONFIG.replace("[training]", "[training]\ntarget_batch = 2");
    assert_ne!(fewer, CONFIG);
    sandbox.write("training.toml", fewer);
    let rows = |flags: &str| {
        let line = sandbox.json(&format!("bench --config training.toml {flags}")).remove(0);
        [&line["batch"], &line["target_batch"]].map(|rows| rows.as_u64().unwrap_or_default())
    };
    assert_eq!(rows(""), [4, 2]);
    assert_eq!(rows("--batch 3"), [3, 3]);
    let profile = sandbox.json("profile --config training.toml --steps 2").remove(0);
    assert!(profile["subject"].as_str().is_some_and(|said| said.contains("4 + 2 images")), "{profile}");
}

#[test]
fn what_ran_is_printed_before_a_batch_that_is_too_large() {
    let sandbox = Sandbox::new();
    let output = sandbox.dann("bench --batches 2,4000000000").assert().code(1).get_output().clone();
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("2 + 2") && printed.contains("preset paper, "), "{printed}");
    assert!(!printed.contains("4000000000"), "{printed}");
    assert!(said.contains("batch 4000000000: x: expected a tensor of"), "{said}");
}

#[test]
fn bad_flags_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.refused("bench --batch 0", &["invalid value '0'", "--batch", "0 is not in 1.."]);
    sandbox.refused("bench --batches 16,0", &["invalid value '0'", "--batches", "0 is not in 1.."]);
    sandbox.refused("bench --batches 16,,32", &["--batches", "invalid value ''"]);
    sandbox.refused("bench --batch 5000000000", &["--batch", "5000000000 is not in 1.."]);
    sandbox.refused("bench --preset bset", &["invalid value 'bset'", "--preset", "paper, best, plus, demo"]);
    sandbox.refused("bench --batch 2 --batches 3", &["'--batch <BATCH>' cannot be used with '--batches"]);
}
