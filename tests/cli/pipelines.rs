//! Pipelines of anyone's shaders, timed by `dann profile --pipeline` and `--all-entries`.

use crate::profile::{assert_narrow, profile};
use crate::sandbox::Sandbox;
use serde_json::Value;
use std::path::Path;

/// The files of `tests/shaders/pipelines`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shaders/pipelines");
    for name in ["heat.toml", "heat.wgsl"] {
        sandbox.write(name, std::fs::read(folder.join(name)).expect(name));
    }
    sandbox
}

#[test]
fn a_pipeline_is_told_as_a_training_step_is() {
    let sandbox = sandbox();
    let report = profile(&sandbox, "--pipeline heat.toml --steps 3 --trace t.json --plot p.svg");
    let rows = report["kernels"].as_array().expect("rows");
    let calls: u64 = rows.iter().map(|row| row["calls"].as_u64().expect("calls")).sum();
    assert_eq!((calls, &report["steps"]), (10, &3.into()), "{report}");
    let count = rows.iter().find(|row| row["kernel"] == "heat.count").expect("the count");
    assert_eq!(count["workgroups"], serde_json::json!([32, 1, 1]));
    let trace: Value = serde_json::from_slice(&sandbox.read("t.json")).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    assert_eq!(events.iter().filter(|event| event["ph"] == "X").count(), 3 * (10 + 1));
    assert!(String::from_utf8_lossy(&sandbox.read("p.svg")).contains("<svg"));
    sandbox.write("a.json", report.to_string());
    assert!(profile(&sandbox, "--compare a.json a.json")["kernels"].is_array());
    let text = sandbox.text("profile --pipeline heat.toml --steps 2");
    assert_narrow(&text);
    assert!(text.contains("spread (wgsl)") && text.contains("heat.toml, 10 dispatches"), "{text}");
}

#[test]
fn all_entry_points_of_a_shader_are_timed() {
    let sandbox = sandbox();
    let line =
        "--shader heat.wgsl --all-entries --threads 4096 --buffer before=16K --buffer after=16K --steps 2";
    let report = profile(&sandbox, line);
    let mut names: Vec<&str> =
        report["kernels"].as_array().expect("rows").iter().filter_map(|row| row["kernel"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["ask", "count", "spread"]);
    sandbox.refused(&format!("profile {line} --entry ask"), &["--entry", "--all-entries"]);
}

#[test]
fn bad_pipelines_are_refused() {
    let sandbox = sandbox();
    sandbox.refused("profile --pipeline nowhere.toml", &["nowhere.toml: cannot read"]);
    sandbox.refused("profile --pipeline heat.toml --shader heat.wgsl", &["--pipeline", "--shader"]);
    sandbox.refused("profile --pipeline heat.toml --plot p.gif", &["p.gif: expected a name that ends in"]);
    sandbox.refused("profile --shader heat.wgsl --entry ask --workgroups 1 --trace t.json", &["--trace"]);
    sandbox
        .edit("heat.toml", |bytes| bytes.extend(b"\n[[dispatch]]\nshader = 'none.wgsl'\nworkgroups = 1\n"));
    sandbox.refused("profile --pipeline heat.toml", &["none.wgsl: cannot read"]);
}
