//! `dann profile`: what it prints and writes, and what it refuses.

use crate::sandbox::Sandbox;
use crate::skip::skip;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

pub fn profile(sandbox: &Sandbox, arguments: &str) -> Value {
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
        let executables = row["executables"].as_array().expect("a list");
        assert!(!executables.is_empty() || report["executables_reason"].is_string(), "{report}");
        assert!(row["shape"].as_str().is_some_and(|s| !s.is_empty()), "{row}");
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
    let Ok(output) = output.map_err(|e| skip(format_args!("no Python: {e}"))) else { return };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(3) {
        skip(format_args!("no trace processor (PyPI perfetto): {}", said.lines().last().unwrap_or_default()));
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
    let mut report = profile(&sandbox, "--batch 2 --steps 5 --preset demo --variant plain");
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

    // Lines about results or waiting times may follow.
    sandbox.write("b.json", format!("{report}\n{{\"numbers\":1}}\n{{\"ms_a_step\":2.0}}\n"));
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

pub fn assert_narrow(text: &str) {
    for line in text.lines().filter(|line| line.starts_with(['│', '┌', '╞', '└', '├'])) {
        assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
    }
}

/// A loop that llvmpipe ends early, one that nobody knows the end of, and a dispatch that is over as soon as it is begun.
#[test]
fn a_step_can_be_captured() {
    let sandbox = Sandbox::new();
    let line = sandbox.json("profile --preset demo --batch 2 --capture").remove(0);
    assert_eq!(line["captured_steps"], 1);
}
