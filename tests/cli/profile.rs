//! `dann profile`: what it prints and writes, and what it refuses.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn profile(sandbox: &Sandbox, arguments: &str) -> Value {
    let mut lines = sandbox.json(&format!("profile {arguments}"));
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

/// Milliseconds of kernels, by name.
type Totals = BTreeMap<String, f64>;

/// What tells one row of the report from the next.
fn row_name(kernel: &Value, phase: &Value, shape: &Value, workgroups: &Value) -> String {
    format!("{kernel} {phase} {shape} {workgroups}")
}

/// The median over the steps of each row, by the report.
fn medians(report: &Value) -> Totals {
    let row = |row: &Value| {
        let name = row_name(&row["kernel"], &row["phase"], &row["shape"], &row["workgroups"]);
        (name, number(&row["ms"]))
    };
    report["kernels"].as_array().expect("kernels").iter().map(row).collect()
}

/// The same by the complete events of a trace, in which a step comes before its kernels.
fn medians_of_trace(trace: &Value) -> Totals {
    let mut steps: Vec<Totals> = Vec::new();
    for event in trace["traceEvents"].as_array().expect("events").iter().filter(|event| event["ph"] == "X") {
        match (event["cat"] == "step", steps.last_mut()) {
            (false, Some(step)) => {
                let args = &event["args"];
                let name = row_name(&event["name"], &event["cat"], &args["shape"], &args["workgroups"]);
                *step.entry(name).or_default() += number(&event["dur"]) / 1e3;
            }
            _ => steps.push(Totals::new()),
        }
    }
    let median = |name: &String| {
        let mut all: Vec<f64> = steps.iter().map(|step| step[name]).collect();
        all.sort_by(f64::total_cmp);
        (name.clone(), all[all.len() / 2])
    };
    steps[0].keys().map(median).collect()
}

/// The sums of all steps, by the complete events of a trace on the thread of the kernels.
fn totals_of_trace(trace: &Value) -> Totals {
    let mut totals = Totals::new();
    for event in trace["traceEvents"].as_array().expect("events") {
        if event["ph"] == "X" && event["cat"] != "step" {
            let name = event["name"].as_str().expect("a name").to_owned();
            *totals.entry(name).or_default() += number(&event["dur"]) / 1e3;
        }
    }
    totals
}

/// By the complete events of a trace, each step begins after the one before has ended.
fn assert_steps_in_a_row(trace: &Value, count: usize) {
    let all = trace["traceEvents"].as_array().expect("events").iter();
    let steps: Vec<&Value> = all.filter(|event| event["cat"] == "step").collect();
    assert_eq!(steps.len(), count);
    for pair in steps.windows(2) {
        let end = number(&pair[0]["ts"]) + number(&pair[0]["dur"]);
        assert!(end <= number(&pair[1]["ts"]), "{} overlaps {}", pair[0], pair[1]);
    }
}

fn assert_same(actual: &Totals, expected: &Totals, most: f64) {
    assert!(actual.keys().eq(expected.keys()), "{actual:?} {expected:?}");
    for (name, ms) in expected {
        assert!((actual[name] - ms).abs() <= most, "{name}: {} instead of {ms} ms", actual[name]);
    }
}

#[test]
fn a_step_is_told_kernel_by_kernel() {
    let sandbox = Sandbox::new();
    let report = profile(&sandbox, "--batch 8 --steps 7 --trace t.json --plot p.svg --plot p.png");
    let rows = report["kernels"].as_array().expect("kernels");
    let sum = |key: &str| rows.iter().map(|row| number(&row[key])).sum::<f64>();
    assert!((sum("share") - 1.0).abs() < 1e-9 && sum("calls") > 20.0, "{report}");
    for row in rows {
        let [p10, median, p90] = ["p10", "median", "p90"].map(|which| number(&row["us"][which]));
        assert!(0.0 < p10 && p10 <= median && median <= p90, "{row}");
        assert!(row["occupancy"].is_null() && row["shape"].as_str().is_some_and(|s| !s.is_empty()), "{row}");
        assert!(["compute", "memory", "launch"].iter().any(|bound| row["bound"] == *bound), "{row}");
    }
    let phases: Vec<&Value> =
        report["phases"].as_array().expect("phases").iter().map(|row| &row["phase"]).collect();
    assert_eq!(phases, ["data", "forward", "loss", "backward", "update"]);
    let peaks = &report["peaks"];
    assert!(number(&peaks["f32_gflops"]) > 0.0 && number(&peaks["copy_gb_s"]) > 0.0, "{peaks}");
    assert!(report["advice"].as_array().is_some_and(|all| (1..=3).contains(&all.len())), "{report}");
    // A device that is no software may be idle between short kernels.
    if report["adapter"].as_str().is_some_and(|name| name.contains("llvmpipe")) {
        let in_kernels = number(&report["step"]["in_kernels"]);
        assert!((0.9..=1.05).contains(&in_kernels), "{in_kernels} of the step is in kernels");
        assert!(report["clock"] == "wall" && report["clock_reason"].is_string(), "{}", report["clock"]);
    }

    let trace: Value = serde_json::from_slice(&sandbox.read("t.json")).expect("JSON");
    assert_steps_in_a_row(&trace, 7);
    assert_same(&medians_of_trace(&trace), &medians(&report), 1e-9);
    perfetto_agrees(&sandbox, &totals_of_trace(&trace));
    assert!(String::from_utf8_lossy(&sandbox.read("p.svg")).contains("<svg"));
    assert_eq!(image::open(sandbox.path("p.png")).expect("a picture").width(), 2640);
}

/// What Perfetto's own trace processor reads from the trace, where it can be had.
fn perfetto_agrees(sandbox: &Sandbox, expected: &Totals) {
    const READ: &str = "
import json, sys
try:
    from perfetto.trace_processor import TraceProcessor
    processor = TraceProcessor(trace='t.json')
except Exception as e:
    print(e, file=sys.stderr)
    sys.exit(3)
query = \"select name, sum(dur) as ns from slice where category != 'step' group by name\"
print(json.dumps({row.name: row.ns / 1e6 for row in processor.query(query)}))
";
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let output = Command::new(python).args(["-c", READ]).current_dir(sandbox.path("")).output();
    let Ok(output) = output.map_err(|e| eprintln!("skipped: no Python: {e}")) else { return };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(3) {
        eprintln!("skipped: no trace processor (PyPI perfetto): {}", said.lines().last().unwrap_or_default());
        return;
    }
    assert!(output.status.success(), "{said}");
    let actual: Totals = serde_json::from_slice(&output.stdout).expect("totals");
    // It counts whole nanoseconds.
    assert_same(&actual, expected, 1e-3);
}

#[test]
fn profiles_are_compared_and_a_slower_kernel_is_named() {
    let sandbox = Sandbox::new();
    let mut report = profile(&sandbox, "--batch 2 --steps 3 --preset demo --variant plain");
    sandbox.write("a.json", report.to_string());
    let compare = |verdict: &str| {
        let compared = profile(&sandbox, "--compare a.json b.json");
        let rows = compared["kernels"].as_array().expect("kernels").clone();
        let all: Vec<String> = rows
            .iter()
            .filter(|row| row["verdict"] == verdict)
            .map(|row| row["kernel"].as_str().expect("a name").to_owned())
            .collect();
        (all, compared)
    };
    sandbox.write("b.json", report.to_string());
    assert_eq!(compare("slower").0.len() + compare("faster").0.len(), 0);

    let rows = report["kernels"].as_array_mut().expect("kernels");
    let name = rows[0]["kernel"].clone();
    for which in ["p10", "median", "p90"] {
        rows[0]["us"][which] = (number(&rows[0]["us"][which]) * 20.0).into();
    }
    sandbox.write("b.json", report.to_string());
    let (slower, compared) = compare("slower");
    assert_eq!(slower, [name.as_str().expect("a name")]);
    // The largest change comes first.
    assert!((number(&compared["kernels"][0]["ratio"]) - 20.0).abs() < 1e-9);
    let text = sandbox.text("profile --compare a.json b.json");
    for words in ["SLOWER", "1 slower, "] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    assert_narrow(&text);
    assert_narrow(&sandbox.text("profile --batch 2 --steps 2 --preset demo --variant plain"));
    sandbox.write("b.json", "{}");
    sandbox
        .refused("profile --compare a.json b.json", &["b.json: expected a profile, as dann profile --json"]);
    sandbox.refused("profile --compare a.json nowhere.json", &["nowhere.json: cannot read"]);
}

const SCALE: &str = "
@group(0) @binding(0) var<uniform> count: u32;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(64)
fn scale(@builtin(global_invocation_id) id: vec3u) {
    if id.x < count { x[id.x] = 2.0 * x[id.x]; }
}
";

#[test]
fn a_shader_is_timed_on_every_adapter_and_translated() {
    let sandbox = Sandbox::new();
    sandbox.write("scale.wgsl", SCALE);
    let adapters = sandbox.json("devices").len();
    let line = "profile --shader scale.wgsl --workgroups 1024 --buffer 0=65536u --buffer 1=256K --steps 3 --emit out";
    let lines = sandbox.json(line);
    let languages: Vec<&Value> = lines.iter().filter_map(|line| line.get("language")).collect();
    assert_eq!(languages, ["SPIR-V", "MSL", "HLSL", "GLSL"]);
    for file in ["out/scale.spv", "out/scale.metal", "out/scale.hlsl", "out/scale.comp"] {
        assert!(!sandbox.read(file).is_empty(), "{file}");
    }
    let times: Vec<&Value> = lines.iter().filter(|line| line.get("us").is_some()).collect();
    assert_eq!(times.len(), adapters);
    for line in times {
        assert_eq!((&line["runs"], &line["bytes"]), (&3.into(), &(4 + 2 * 256 * 1024).into()));
        assert!(number(&line["gb_s"]) > 0.0 && number(&line["of_bandwidth"]) > 0.0, "{line}");
        assert_eq!((&line["shader"], &line["entry"]), (&"scale.wgsl".into(), &"scale".into()));
        assert_eq!(line["workgroups"], serde_json::json!([1024, 1, 1]));
        assert_eq!(line["bindings"][1]["read"], 256 * 1024);
        assert!(number(&line["peaks"]["empty_dispatch_us"]) > 0.0 && line["clock"].is_string(), "{line}");
    }
    let text = sandbox.text(line);
    assert_narrow(&text);
    for words in
        ["Counted, exactly: f32 65.54 k", "floor µs", "scale.wgsl, scale: 1024×1×1 workgroups of 64×1×1"]
    {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    let printed = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    sandbox.write("a.json", &printed);
    let compared = profile(&sandbox, "--compare a.json a.json");
    assert!(compared.as_array().is_some_and(|all| all.len() == adapters), "{compared}");
    assert_eq!((&compared[0]["verdict"], &compared[0]["ratio"]), (&"same".into(), &1.0.into()));
    assert_narrow(&sandbox.text("profile --compare a.json a.json"));
}

fn assert_narrow(text: &str) {
    for line in text.lines().filter(|line| line.starts_with(['│', '┌', '╞', '└', '├'])) {
        assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
    }
}

/// A loop that llvmpipe ends early, one that nobody knows the end of, and a dispatch that is over as soon as it is begun.
#[test]
fn what_may_mislead_is_said() {
    let sandbox = Sandbox::new();
    let source = |turns: &str| {
        format!(
            "@group(0) @binding(0) var<storage, read_write> y: array<u32>;
             @compute @workgroup_size(1) fn f() {{
                 for (var i = 0u; i < {turns}; i++) {{ y[0] = i; }}
             }}"
        )
    };
    let text = |turns: &str| {
        sandbox.write("s.wgsl", source(turns));
        sandbox.text("profile --shader s.wgsl --workgroups 1 --buffer 0=4 --steps 3")
    };
    let is_llvmpipe = sandbox.json("devices")[0].to_string().contains("llvmpipe");
    let long = text("100000u");
    assert!(long.contains("Loops: line 3 100000 turns"), "{long}");
    assert_eq!(
        long.contains("llvmpipe ends every loop after 65535 turns: those that begin on line 3"),
        is_llvmpipe,
        "{long}"
    );
    let short = text("2u");
    assert!(!short.contains("65535"), "{short}");
    assert!(text("y[0]").contains("Loops: line 3 unknown; of those unknown one turn is counted"));
    let report = profile(&sandbox, "--shader s.wgsl --workgroups 1 --buffer 0=zero:4 --steps 9");
    let floor = number(&report["peaks"]["empty_dispatch_us"]);
    assert_eq!(report["is_near_floor"], number(&report["us"]["median"]) < 2.0 * floor, "{report}");
}

#[test]
fn bad_shaders_are_refused_with_their_place() {
    let sandbox = Sandbox::new();
    let refused = |shader: &str, arguments: &str, words: &[&str]| {
        sandbox.write("s.wgsl", shader);
        sandbox.refused(&format!("profile --shader s.wgsl --workgroups 1 {arguments}"), words);
    };
    refused(&SCALE.replace("2.0 *", "2u *"), "", &["s.wgsl:6:", "x[id.x] = 2u * x[id.x];", "^"]);
    refused(&SCALE.replace("fn scale", "fun scale"), "", &["s.wgsl:5:1", "fun scale", "^"]);
    refused(SCALE, "--entry other", &["a compute entry point \"other\"", "[\"scale\"]"]);
    refused(SCALE, "--buffer 3=4K", &["--buffer 0:3: expected one of 0:0 count, 0:1 x"]);
    refused(SCALE, "--buffer nonsense", &["[GROUP:]BINDING= or NAME="]);
    let words = ["expected one to three numbers from 1 up"];
    sandbox.refused("profile --shader s.wgsl --workgroups 0,1", &words);
    sandbox.refused("profile --shader nowhere.wgsl --workgroups 1", &["nowhere.wgsl: cannot read"]);
    sandbox.refused("profile --shader s.wgsl", &["--workgroups X,Y,Z or --threads X,Y,Z"]);
}

#[test]
fn what_a_device_cannot_have_is_refused_before_it_is_made() {
    let sandbox = Sandbox::new();
    sandbox.write("s.wgsl", SCALE);
    let refused = |arguments: &str, words: &[&str]| {
        let said = sandbox.refused(&format!("profile --shader s.wgsl --workgroups 1 {arguments}"), words);
        assert_eq!(said.matches("s.wgsl").count(), sandbox.json("devices").len(), "{said}");
    };
    refused("--buffer x=2000G", &["(storage x): expected at most", "max_storage_buffer_binding_size"]);
    let line = "profile --shader s.wgsl --workgroups 1 --buffer 1=18446744073709551616";
    sandbox.refused(line, &["--buffer", "found \"1=18446744073709551616\""]);
    let line = "profile --shader s.wgsl --workgroups 1 --buffer 1=4K --buffer x=8K";
    sandbox.refused(line, &["--buffer x: expected one description of each binding"]);
    // No adapter has external textures that are ready to be bound.
    sandbox.write(
        "s.wgsl",
        "@group(0) @binding(0) var t: texture_external;
         @compute @workgroup_size(1) fn f() { _ = textureDimensions(t); }",
    );
    sandbox.refused("profile --shader s.wgsl --workgroups 1", &["s.wgsl: t: expected buffers", "a video's"]);
}

#[test]
fn override_constants_decide_the_workgroups_and_checks_the_translations() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "fill.wgsl",
        "override size: u32; @group(0) @binding(0) var<storage, read_write> y: array<u32>;
         @compute @workgroup_size(size) fn fill(@builtin(global_invocation_id) id: vec3u) {
             for (var i = 0u; i < y[0] % 8u; i++) { y[id.x] /= y[i]; }
         }",
    );
    let line = "profile --shader fill.wgsl --threads 1000 --buffer y=4000 --steps 1 --override size=32";
    let text = sandbox.text(&format!("{line} --emit trusted"));
    assert!(text.contains("fill.wgsl, fill: 32×1×1 workgroups of 32×1×1"), "{text}");
    sandbox.text(&format!("{line} --emit checked --checked"));
    for file in ["fill.spv", "fill.metal", "fill.hlsl"] {
        let [trusted, checked] =
            ["trusted", "checked"].map(|folder| sandbox.read(&format!("{folder}/{file}")));
        assert!(trusted.len() < checked.len(), "{file}: {} {}", trusted.len(), checked.len());
    }
    let line = "profile --shader fill.wgsl --threads 1000";
    sandbox.refused(line, &["--override size: expected a value", "hint: --override NAME=VALUE"]);
}

#[test]
fn a_shader_that_does_not_end_is_given_up() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "long.wgsl",
        "@group(0) @binding(0) var<storage, read_write> y: array<u32>;
         @compute @workgroup_size(64) fn long(@builtin(global_invocation_id) id: vec3u) {
             for (var i = 0u; i < 60000u; i++) {
                 for (var j = 0u; j < 60000u; j++) { y[id.x] = y[id.x] * 1664525u + j; }
             }
         }",
    );
    let line = "profile --shader long.wgsl --workgroups 64 --buffer y=16K --timeout 0.2";
    let output = sandbox.dann(line).timeout(std::time::Duration::from_secs(60)).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("expected a run to end within 200ms") && said.contains("--timeout"), "{said}");
}

#[test]
fn bad_lines_are_refused_before_anything_is_measured() {
    let sandbox = Sandbox::new();
    sandbox.refused("profile --plot step.gif", &["step.gif: expected a name that ends in .svg or .png"]);
    sandbox.refused("profile --trace nowhere/step.json", &["nowhere: expected a directory, found none"]);
    sandbox.refused("profile --steps 0", &["--steps"]);
    sandbox.refused("profile --preset none", &["--preset", "paper"]);
    sandbox.refused("profile --compare a.json", &["--compare"]);
    sandbox.refused("profile --entry main", &["--shader"]);
}

#[test]
fn a_step_can_be_captured() {
    let sandbox = Sandbox::new();
    let line = sandbox.json("profile --preset demo --batch 2 --capture").remove(0);
    assert_eq!(line["captured_steps"], 1);
}
