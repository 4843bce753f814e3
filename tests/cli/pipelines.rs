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
    let of_shaders = [
        "--all-entries",
        "--define A=1",
        "--include .",
        "--entry a",
        "--workgroups 1",
        "--threads 1",
        "--buffer a=4",
        "--override a=1",
        "--sweep a=1,2",
        "--against b.wgsl",
        "--margin 3",
        "--compile-only",
        "--emit out",
    ];
    for flag in of_shaders {
        let name = flag.split(' ').next().expect("a flag");
        let line = format!("profile --pipeline heat.toml {flag}");
        sandbox.refused(&line, &["cannot be used with", "--pipeline", name]);
    }
    sandbox.refused("profile --pipeline heat.toml --plot p.gif", &["p.gif: expected a name that ends in"]);
    sandbox.refused("profile --shader heat.wgsl --entry ask --workgroups 1 --trace t.json", &["--trace"]);
    sandbox
        .edit("heat.toml", |bytes| bytes.extend(b"\n[[dispatch]]\nshader = 'none.wgsl'\nworkgroups = 1\n"));
    sandbox.refused("profile --pipeline heat.toml", &["none.wgsl: cannot read"]);
}

#[test]
fn what_a_pipeline_leaves_is_held_to_files_and_written() {
    let sandbox = sandbox();
    let run = "profile --pipeline heat.toml --steps 1";
    let text = sandbox.text(&format!("{run} --dump now=now.bin --expect asked=32u,1u,1u"));
    assert!(text.contains("as expected: 3 numbers, all the same"), "{text}");
    assert_eq!(sandbox.read("now.bin").len(), 4 * 4096);
    let lines = sandbox.json(&format!("{run} --expect now=@now.bin"));
    assert_eq!((&lines[1]["name"], &lines[1]["beyond"]), (&"now".into(), &0.into()), "{lines:?}");
    sandbox.edit("now.bin", |bytes| bytes[5 * 4..6 * 4].copy_from_slice(&100_f32.to_le_bytes()));
    let differs = |line: &str| {
        let output = sandbox.dann(line).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("now, ") && said.contains("expected 100 at"), "{said}");
        assert!(said.contains("1 numbers are off"), "{said}");
    };
    differs(&format!("{run} --expect now=now.bin"));
    sandbox.text(&format!("{run} --expect now=now.bin --tolerance 1000"));
    sandbox
        .refused(&format!("{run} --expect q=zero"), &["--expect: q: expected one of asked, hot, next, now"]);
    sandbox
        .refused(&format!("{run} --expect 0:0=zero"), &["a resource's name, as shaders bind others there"]);
    sandbox.refused(&format!("{run} --expect now=hot.bin"), &["hot.bin"]);
    let keys =
        "tolerance = 1000\nexpect = { now = 'now.bin', asked = '32u' }\ndump = { next = 'next.bin' }\n";
    sandbox.edit("heat.toml", |bytes| drop(bytes.splice(0..0, keys.bytes())));
    let text = sandbox.text(run);
    assert_eq!(
        (text.matches("as expected").count(), sandbox.read("next.bin").len()),
        (2, 4 * 4096),
        "{text}"
    );
    differs(&format!("{run} --tolerance 1e-6"));
    sandbox.edit("heat.toml", |bytes| bytes[0] = b'#');
    differs(run);
    sandbox.edit("heat.toml", |bytes| {
        let text = String::from_utf8_lossy(bytes).replace("now = 'now.bin'", "new = 'now.bin'");
        *bytes = text.into_bytes();
    });
    sandbox.refused(
        run,
        &["heat.toml: expected resources that a shader binds: asked, hot, next, now, found new"],
    );
    let line = "profile --shader heat.wgsl --all-entries --threads 4096 --buffer before=16K --buffer after=16K --steps 1";
    sandbox.text(&format!("{line} --expect 0:2=32u --dump after=after.bin"));
    assert_eq!(sandbox.read("after.bin").len(), 16 << 10);
    sandbox
        .refused(&format!("{line} --dump before=b.bin"), &["a resource that a shader writes", "only read"]);
}
