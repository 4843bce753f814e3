//! What shaders write, beside another shader's results and beside what is expected.

use crate::profile::{assert_narrow, number, profile};
use crate::sandbox::Sandbox;

/// Doubles `x`, a number a thread.
const TWICE: &str = "
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64) fn twice(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x] + x[id.x]; }
";
/// The same by threads of four numbers.
const BY_FOUR: &str = "
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(16) fn by_four(@builtin(global_invocation_id) id: vec3u) { y[id.x] = 2.0 * x[id.x]; }
";
const LINE: &str =
    "--shader twice.wgsl --workgroups 64 --buffer x=16K --buffer y=zero:16K --steps 4 --adapter 0";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("twice.wgsl", TWICE);
    sandbox.write("four.wgsl", BY_FOUR);
    sandbox
}

#[test]
fn two_shaders_run_turn_by_turn_on_the_same_data() {
    let sandbox = sandbox();
    let duel = profile(&sandbox, &format!("{LINE} --against four.wgsl"));
    assert_eq!((&duel["first"]["entry"], &duel["second"]["entry"]), (&"twice".into(), &"by_four".into()));
    assert_eq!(duel["outputs"][0]["difference"]["numbers"], 4096, "{duel}");
    assert_eq!(duel["outputs"][0]["difference"]["beyond"], 0, "{duel}");
    let verdicts = ["faster", "same", "slower", "unclear"];
    assert!(verdicts.iter().any(|verdict| duel["verdict"] == *verdict), "{duel}");
    let text = sandbox.text(&format!("profile {LINE} --against four.wgsl"));
    assert_narrow(&text);
    for words in [
        "four.wgsl takes",
        "of the time of twice.wgsl",
        "with a certainty of 99 %",
        "y: 4096 numbers, all the same",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    sandbox.write("four.wgsl", BY_FOUR.replace("2.0 *", "vec4f(2.0, 2.0, 2.0, 3.0) *"));
    let output = sandbox.dann(&format!("profile {LINE} --against four.wgsl")).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("expected results as those of twice.wgsl, found others in y"), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1024 are further apart"), "{output:?}");
}

#[test]
fn results_are_held_to_what_is_expected() {
    let sandbox = sandbox();
    sandbox.text(&format!("profile {LINE} --dump y=y.bin"));
    assert_eq!(sandbox.read("y.bin").len(), 16 << 10);
    let text = sandbox.text(&format!("profile {LINE} --expect y=y.bin"));
    assert!(text.contains("as expected: 4096 numbers, all the same"), "{text}");
    sandbox.text(&format!("profile {LINE} --expect 1=@y.bin"));
    sandbox.edit("y.bin", |bytes| bytes[4 * 1000..4 * 1001].copy_from_slice(&9_f32.to_le_bytes()));
    let lines = format!("profile {LINE} --expect y=y.bin --json");
    let output = sandbox.dann(&lines).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("expected 9 at y[1000], found") && said.contains("1 numbers are off"), "{said}");
    // The report and the result can be compared with others all the same.
    sandbox.write("a.json", &output.stdout);
    sandbox.text("profile --compare a.json a.json");
    sandbox.text(&format!("profile {LINE} --expect y=y.bin --tolerance 20"));
    sandbox.edit("y.bin", |bytes| bytes.truncate(100));
    let refused = |flags: &str, words: &[&str]| sandbox.refused(&format!("profile {LINE} {flags}"), words);
    refused("--expect y=y.bin", &["--expect: 0:1 (storage y): expected 16384 bytes, found 100"]);
    refused("--expect x=y.bin", &["--expect x: expected a binding that the entry point writes"]);
    refused("--expect q=y.bin", &["--expect: q: expected one of 0:0 x, 0:1 y"]);
    refused("--dump y=", &["--dump"]);
    refused("--expect y=y.bin --against four.wgsl", &["--against"]);
}

/// Sums of `ITEMS` numbers a thread; with `WRONG` they are others.
const SUMS: &str = "
override ITEMS: u32;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size({SIZE}) fn sums(@builtin(global_invocation_id) id: vec3u) {
    for (var i = 0u; i < ITEMS; i++) {
        let at = id.x * ITEMS + i;
        if at < arrayLength(&y) { y[at] = x[at] + f32({WRONG}); }
    }
}
";

#[test]
fn values_are_swept_and_results_held_to_the_first() {
    let sandbox = Sandbox::new();
    sandbox.write("sums.wgsl", SUMS);
    let line = "--shader sums.wgsl --workgroups 4096/ITEMS/SIZE --buffer x=16K --buffer y=zero:16K --steps 2 --adapter 0 \
                --sweep ITEMS=1,4 --sweep SIZE=32,64,16384";
    let right = format!("{line} --define WRONG=0");
    let found = profile(&sandbox, &format!("{right} --plot sweep.svg"));
    let points = found["points"].as_array().expect("points");
    assert_eq!(points.len(), 6);
    assert!(String::from_utf8_lossy(&sandbox.read("sweep.svg")).contains("ITEMS=4 SIZE=32"));
    let point = |items: &str, size: &str| {
        let is_it = |point: &&serde_json::Value| {
            point["values"] == serde_json::json!({ "ITEMS": items, "SIZE": size })
        };
        points.iter().find(is_it).expect("the point")
    };
    assert_eq!(point("4", "32")["report"]["workgroups"], serde_json::json!([32, 1, 1]));
    assert_eq!(point("1", "64")["report"]["workgroup_size"], serde_json::json!([64, 1, 1]));
    let reason = point("1", "16384")["reason"].as_str().expect("a reason");
    assert!(reason.contains("max_compute_workgroup_size_x"), "{reason}");
    let medians: Vec<f64> =
        points[..4].iter().map(|point| number(&point["report"]["us"]["median"])).collect();
    assert!(medians.is_sorted(), "{medians:?}");
    let text = sandbox.text(&format!("profile {right}"));
    assert_narrow(&text);
    assert!(text.contains("BEST") && text.contains("is the best") && text.contains("did not run"), "{text}");
    let wrong = sandbox.text(&format!("profile {line} --define WRONG=ITEMS-1"));
    assert!(
        wrong.contains("OTHERS") && wrong.contains("writes something else than the first one: y"),
        "{wrong}"
    );
    let refused = |flags: &str, words: &[&str]| {
        sandbox.refused(&format!("profile {right} {flags}"), words);
    };
    refused("--sweep ITEMS=2", &["sweep: expected ITEMS once"]);
    refused(
        "--sweep at=2",
        &["at: expected an override constant, or a name that directives or placeholders ask for"],
    );
    refused("--sweep SIZE", &["--sweep", "NAME= and values between commas"]);
    let line = line.replace("4096/ITEMS", "4096/OTHER");
    sandbox.refused(
        &format!("profile {line} --define WRONG=0"),
        &["--workgroups", "expected OTHER to stand for"],
    );
}
