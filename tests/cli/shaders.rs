//! Anyone's shaders, timed and translated by `dann profile --shader`.

use crate::profile::{assert_narrow, number, profile};
use crate::sandbox::Sandbox;
use serde_json::Value;

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
    let line = "profile --shader scale.wgsl --workgroups 1024 --buffer 0=65536u --buffer 1=256K --steps 5 --emit out";
    let lines = sandbox.json(line);
    let languages: Vec<&Value> = lines.iter().filter_map(|line| line.get("language")).collect();
    assert_eq!(languages, ["SPIR-V", "MSL", "HLSL", "GLSL"]);
    for file in ["out/scale.spv", "out/scale.metal", "out/scale.hlsl", "out/scale.comp"] {
        assert!(!sandbox.read(file).is_empty(), "{file}");
    }
    let times: Vec<&Value> = lines.iter().filter(|line| line.get("us").is_some()).collect();
    assert_eq!(times.len(), adapters);
    for line in times {
        assert_eq!((&line["runs"], &line["bytes"]), (&5.into(), &(4 + 2 * 256 * 1024).into()));
        assert!(number(&line["gb_s"]) > 0.0 && number(&line["of_bandwidth"]) > 0.0, "{line}");
        assert_eq!((&line["shader"], &line["entry"]), (&"scale.wgsl".into(), &"scale".into()));
        assert_eq!(line["workgroups"], serde_json::json!([1024, 1, 1]));
        assert_eq!(line["bindings"][1]["read"], 256 * 1024);
        assert!(number(&line["peaks"]["empty_dispatch_us"]) > 0.0 && line["clock"].is_string(), "{line}");
        for key in ["compile_ms", "compile_again_ms", "first_us"] {
            assert!(number(&line[key]) > 0.0, "{key}: {line}");
        }
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

#[test]
fn shaders_come_in_pieces() {
    let sandbox = Sandbox::new();
    sandbox.write("types.wgsl", "alias Number = {type};\n");
    std::fs::create_dir(sandbox.path("lib")).expect("a directory");
    sandbox.write("lib/twice.wgsl", "#define_import_path twice\nfn twice(a: f32) -> f32 { return a + a; }\n");
    sandbox.write(
        "main.wgsl",
        "#import twice\n#ifdef WIDE\nconst size = 64;\n#else\nconst size = 32;\n#endif\nvar<storage, read_write> x: array<Number>;\n\
         @compute @workgroup_size(size) fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] = twice::twice(x[id.x]); }\n",
    );
    let line = "profile --shader types.wgsl --shader main.wgsl --include lib --define type=f32 --threads 128 --steps 2";
    let lines = sandbox.json(&format!("{line} --define WIDE"));
    assert_eq!(
        (&lines[0]["shader"], &lines[0]["workgroups"]),
        (&"main.wgsl".into(), &serde_json::json!([2, 1, 1]))
    );
    sandbox.refused(&format!("{line} --define HIGH"), &["main.wgsl", "HIGH"]);
    sandbox.refused(&line.replace("--include lib", ""), &["main.wgsl", "a module twice"]);
}

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
        long.contains(
            "llvmpipe ends the loops of a thread after 65,535 turns in all: those that begin on line 3 may take 100,000"
        ),
        is_llvmpipe,
        "{long}"
    );
    let nested = text("300u; i++) { for (var j = 0u; j < 300u; j++) { y[0] = j; } } for (var i = 0u; i < 2u");
    assert_eq!(nested.contains("those that begin on line 3 may take 90,302"), is_llvmpipe, "{nested}");
    let short = text("2u");
    assert!(!short.contains("65,535"), "{short}");
    let open = text("y[0]");
    let counted = "Counted, with one turn of each loop whose turns are unknown: ";
    assert!(open.contains(counted) && open.contains("Loops: line 3 unknown"), "{open}");
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
    refused("@fragment fn f() {}", "", &["s.wgsl: expected a compute entry point, found none"]);
    let much = "var<immediate> p: array<vec4f, 17>;
        @compute @workgroup_size(1) fn f() { if p[0].x > 1.0 { return; } }";
    refused(much, "", &["s.wgsl: expected at most 256 bytes of immediates, found 272"]);
    refused(SCALE, "--include nowhere", &["nowhere: expected a directory with modules, found none"]);
    refused(SCALE, "--dump x=nowhere/x", &["nowhere: expected a directory, found none"]);
    refused(SCALE, "--dump x=.", &[".: expected a file's name, found a directory"]);
    refused(SCALE, "--buffer 3=4K", &["--buffer 0:3: expected one of 0:0 count, 0:1 x"]);
    refused(SCALE, "--buffer nonsense", &["[GROUP:]BINDING= or NAME="]);
    let words = ["expected a number from 1 up, or a product or quotient"];
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
    refused("--buffer x=2000G --compile-only", &["(storage x): expected at most"]);
    let vast = "var<workgroup> all: array<u32, 4000000>;
        @compute @workgroup_size(64) fn f(@builtin(local_invocation_index) i: u32) { all[i] = i; }";
    sandbox.write("vast.wgsl", vast);
    for how in ["", "--compile-only"] {
        let words = ["f: expected at most", "max_compute_workgroup_storage_size, found 16000000"];
        sandbox.refused(&format!("profile --shader vast.wgsl --workgroups 1 {how}"), &words);
    }
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
        "override TURNS: u32 = 60000u;
         @group(0) @binding(0) var<storage, read_write> y: array<u32>;
         @compute @workgroup_size(64) fn long(@builtin(global_invocation_id) id: vec3u) {
             for (var i = 0u; i < 60000u; i++) {
                 for (var j = 0u; j < TURNS; j++) { y[id.x] = y[id.x] * 1664525u + j; }
             }
         }",
    );
    let line = "profile --shader long.wgsl --workgroups 64 --buffer y=16K --timeout 0.2";
    let run = |more: &str| {
        let mut command = sandbox.dann(&format!("{line} {more}"));
        command.timeout(std::time::Duration::from_secs(60)).output().expect("it starts")
    };
    for output in [run(""), run("--all-entries")] {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("expected a run to end within 200ms") && said.contains("--timeout"), "{said}");
    }
    let printed = String::from_utf8(run("--sweep TURNS=60000,1 --json").stdout).expect("UTF-8");
    assert!(printed.contains("not run, as one before it did not end"), "{printed}");
}

#[test]
fn what_would_be_ignored_or_misread_is_refused_with_a_remedy() {
    let sandbox = Sandbox::new();
    let refused = |arguments: &str, words: &[&str]| {
        sandbox.refused(&format!("profile --workgroups 1 --shader {arguments}"), words);
    };
    let sized = "override TILE = 16; const N = 256u;
        @group(0) @binding(0) var<storage, read_write> x: array<u32, N>;
        @compute @workgroup_size(TILE) fn f(@builtin(local_invocation_index) i: u32) { x[i] = 1u; }";
    sandbox.write("s.wgsl", sized);
    let words = [
        "s.wgsl: expected a directive or a placeholder",
        "hint: TILE is an override constant: --override TILE=8",
    ];
    refused("s.wgsl --define TILE=8", &words);
    refused("s.wgsl --define N=1024", &["asks for N", "N is declared with const", "--override N=VALUE"]);
    sandbox.write("e.wgsl", format!("#ifdef A\n#elif B\n#endif\n{sized}"));
    refused("e.wgsl", &["e.wgsl:2: expected #else if NAME == VALUE", "found \"#elif B\""]);
    sandbox.write("i.wgsl", format!("#if SIZE == 4\n#endif\n{sized}"));
    refused("i.wgsl", &["i.wgsl:1: expected a value of SIZE (define SIZE=VALUE gives one)"]);
    sandbox.write("old.comp", "#version 450\nvoid main() {}\n");
    refused(
        "old.comp",
        &["old.comp: expected WGSL, found GLSL", "--shader-stage compute old.comp old.wgsl`"],
    );
    sandbox.write("p.toml", "[[dispatch]]\nshader = 'o.wgsl'\nworkgroups = 1\n");
    sandbox.write("o.wgsl", sized.replace("TILE = 16", "TILE: u32"));
    let words =
        ["p.toml: dispatch 1: overrides TILE: expected a value", "overrides = { TILE = VALUE } sets it"];
    let said = sandbox.refused("profile --pipeline p.toml", &words);
    assert!(!said.contains("--override"), "{said}");
}

#[test]
fn sizes_that_nobody_gave_are_named_and_few_runs_tell_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("s.wgsl", SCALE.replace("count: u32", "count: vec2u").replace("< count", "< count.x"));
    let line = "profile --shader s.wgsl --workgroups 4 --buffer x=4K --steps 1";
    let text = sandbox.text(line);
    assert!(text.contains("Drawn at random: count.x = ") && text.contains("--buffer count=…"), "{text}");
    let report = sandbox.json(line).remove(0);
    assert_eq!(report["drawn"].as_array().map(Vec::len), Some(2), "{report}");
    assert_eq!(
        (&report["drawn"][1]["name"], &report["drawn"][1]["place"]),
        (&"count".into(), &"count.y".into())
    );
    let given = sandbox.text(&format!("{line} --buffer count=256u,1u"));
    assert!(!given.contains("Drawn at random"), "{given}");
    sandbox.write("a.json", format!("{report}\n"));
    let compared = sandbox.text("profile --compare a.json a.json");
    assert!(
        compared.contains("cannot tell by 1 runs before and 1 after") && compared.contains("--steps"),
        "{compared}"
    );
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
