//! `dann tune`: what it finds is kept, shown, used and forgotten.

use crate::sandbox::{CONFIG, Sandbox};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// The program with a cache directory of its own; it must succeed. Gives the objects on stdout, and stderr.
fn dann(sandbox: &Sandbox, arguments: &str) -> (Vec<Value>, String) {
    let mut command = sandbox.dann(&format!("{arguments} --json"));
    command.env("XDG_CACHE_HOME", sandbox.path("cache")).env("RUST_LOG", "warn");
    let output = command.assert().success().get_output().clone();
    let text = String::from_utf8(output.stdout).expect("UTF-8 on stdout");
    let lines = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    (lines, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The file that holds the choices.
fn kept(sandbox: &Sandbox) -> PathBuf {
    let files = fs::read_dir(sandbox.path("cache/dann")).expect("a cache directory");
    let mut files = files.map(|entry| entry.expect("an entry").path());
    let is_tuning =
        |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("tuning_"));
    files.find(is_tuning).expect("a file of choices")
}

#[cfg(target_os = "linux")]
#[test]
fn choices_are_found_shown_used_and_forgotten() {
    let sandbox = Sandbox::new();
    assert!(dann(&sandbox, "tune --show").0.is_empty());
    let (found, said) = dann(&sandbox, "tune --config tiny.toml --seconds 600");
    assert!(!said.contains("are wrong"), "{said}");
    let mut groups: Vec<_> = found.iter().filter_map(|line| line["group"].as_str()).collect();
    groups.sort_unstable();
    // What a choice is kept for is all of a layer, so that no layer is taken for another.
    let convolution = "Conv2d { outputs: 4, kernel: Size2(3, 3), padding: Even(Size2(0, 0)), \
                       stride: Size2(1, 1), groups: 1, bias: true }";
    let named = [
        format!("3×8×8 → {convolution}"),
        "4×3×3 → Dense { outputs: 10 }".into(),
        "4×3×3 → Dense { outputs: 2 }".into(),
    ];
    assert_eq!(groups, named);
    let mut layers: Vec<_> = found.iter().filter_map(|line| line["layer"].as_str()).collect();
    layers.sort_unstable();
    assert_eq!(layers, ["conv1 3×8×8", "dense1 4×3×3", "dense1 4×3×3"]);
    for line in &found {
        let times = line["milliseconds"].as_object().expect("times");
        assert!(times.contains_key("plain") && times.contains_key("workgroup"), "{line}");
        let fastest = times.iter().min_by(|a, b| a.1.as_f64().partial_cmp(&b.1.as_f64()).expect("numbers"));
        assert_eq!(fastest.map(|(variant, _)| variant.as_str()), line["variant"].as_str(), "{line}");
    }
    assert_eq!(dann(&sandbox, "tune --show").0, found);

    // A choice put there by hand is used, and what cannot be read is not.
    let file = kept(&sandbox);
    let mut choices: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let bench = |sandbox: &Sandbox| dann(sandbox, "bench --batch 2").0.remove(0)["variant"].to_string();
    let untuned = bench(&sandbox);
    let other = if untuned.contains("workgroup") { "plain" } else { "workgroup" };
    choices["choices"]["768 by hand"] =
        serde_json::json!({ "variant": other, "rows": 1, "milliseconds": {} });
    fs::write(&file, choices.to_string()).unwrap();
    assert!(bench(&sandbox).starts_with("\"tuned (else"), "{}", bench(&sandbox));
    fs::write(&file, "{\"adapter\": 3}").unwrap();
    let (shown, said) = dann(&sandbox, "tune --show");
    assert!(shown.is_empty() && said.contains("not used, as it cannot be read"), "{said}");

    assert_eq!(dann(&sandbox, "tune --reset").0, [serde_json::json!({ "reset": true })]);
    assert_eq!(dann(&sandbox, "tune --reset").0, [serde_json::json!({ "reset": false })]);
}

/// The features and the domain classifier see both domains' rows, the label predictor the source's alone.
#[test]
fn a_step_with_fewer_target_rows_is_tuned_with_as_many() {
    let sandbox = Sandbox::new();
    sandbox.write("fewer.toml", CONFIG.replace("[training]\n", "[training]\ntarget_batch = 3\n"));
    let rows = |arguments: &str| {
        let (found, _) = dann(&sandbox, &format!("tune --config fewer.toml {arguments}"));
        let mut rows: Vec<_> = found.iter().map(|line| line["rows"].as_u64().expect("rows")).collect();
        rows.sort_unstable();
        rows
    };
    assert_eq!(rows("--seconds 600"), [4, 7, 7]);
    assert_eq!(dann(&sandbox, "tune --reset").0, [serde_json::json!({ "reset": true })]);
    assert_eq!(rows("--seconds 600 --batch 5"), [5, 10, 10]);
}

#[test]
fn bad_flags_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.refused("tune --seconds 0", &["invalid value '0'", "--seconds"]);
    sandbox.refused("tune --show --reset", &["'--show' cannot be used with '--reset'"]);
    sandbox.refused("tune --variant tuned", &["invalid value 'tuned'", "auto, plain, register, workgroup"]);
}
