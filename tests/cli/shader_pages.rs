//! What `dann profile` writes about shaders, and that it runs again when they change.

use crate::running::Running;
use crate::sandbox::Sandbox;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

const SHADER: &str = "
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64) fn first(@builtin(global_invocation_id) id: vec3u) { if y[id.x] < 2.0 { y[id.x] += 1.0; } }
";
const LINE: &str = "profile --shader s.wgsl --workgroups 4 --buffer y=1K --steps 2 --adapter 0";

#[test]
fn pictures_and_pages_show_shaders() {
    let sandbox = Sandbox::new();
    sandbox.write("s.wgsl", SHADER);
    let text = sandbox.text(&format!("{LINE} --plot s.svg --plot s.png --page s.html"));
    assert!(text.contains("Written: s.svg") && text.contains("Written: s.html"), "{text}");
    assert!(text.contains("Compiled in"), "{text}");
    let told = ["The driver's compiler tells", "Registers, spills and occupancy are unknown, as "];
    assert!(told.iter().any(|told| text.contains(told)), "{text}");
    let svg = String::from_utf8(sandbox.read("s.svg")).expect("UTF-8");
    assert!(svg.contains("Roofline: s.wgsl, first"), "{svg}");
    assert_eq!(image::open(sandbox.path("s.png")).expect("a picture").width(), 2640);
    let html = String::from_utf8(sandbox.read("s.html")).expect("UTF-8");
    for words in ["<h1>s.wgsl</h1>", "<svg width", "if y[id.x] &lt; 2.0", "<th>GFLOP/s</th>", "<td>0:0</td>"]
    {
        assert!(html.contains(words), "{words:?} is not in\n{html}");
    }
    sandbox.refused(&format!("{LINE} --page nowhere/s.html"), &["nowhere: expected a directory, found none"]);
    sandbox.refused(&format!("{LINE} --plot s.gif"), &["s.gif: expected a name that ends in .svg or .png"]);
}

#[test]
fn a_shader_can_be_compiled_without_a_run() {
    let sandbox = Sandbox::new();
    sandbox.write("s.wgsl", SHADER);
    let line = format!("{LINE} --compile-only");
    let json = sandbox.text(&format!("{line} --json"));
    let told: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&told["shader"], &told["entry"]), (&"s.wgsl".into(), &"first".into()), "{json}");
    let programs = told["executables"].as_array().expect("a list");
    assert_eq!(programs.is_empty(), told["executables_reason"].is_string(), "{json}");
    let text = sandbox.text(&line);
    assert!(!text.contains("Compiled in") && !text.contains("median"), "{text}");
    assert!(text.starts_with(told["adapter"].as_str().expect("a name")), "{text}");
    sandbox.refused(&format!("{line} --page s.html"), &["--compile-only", "cannot be used with", "--page"]);
}

#[test]
fn a_shader_that_changes_is_run_again() {
    let sandbox = Sandbox::new();
    sandbox.write("s.wgsl", SHADER);
    let mut program = sandbox.program(&format!("{LINE} --watch --json"));
    let program = Running::start(program.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut lines = BufReader::new(program.child().stdout.take().expect("stdout")).lines();
    let mut errors = BufReader::new(program.child().stderr.take().expect("stderr")).lines();
    let mut entry = || {
        let line = lines.next().expect("a line").expect("UTF-8");
        let report: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        report["entry"].as_str().expect("an entry point").to_owned()
    };
    assert_eq!(entry(), "first");
    // A fault is told, and does not end it.
    sandbox.write("s.wgsl", SHADER.replace("fn first", "fun first"));
    let is_fault = |line: &String| line.contains("s.wgsl: expected valid WGSL");
    assert!(errors.by_ref().map_while(Result::ok).any(|line| is_fault(&line)));
    sandbox.write("s.wgsl", SHADER.replace("first", "second"));
    assert_eq!(entry(), "second");
}
