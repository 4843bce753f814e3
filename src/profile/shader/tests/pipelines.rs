use super::*;
use crate::gpu::{Gpu, ShaderChecks};
use std::time::Duration;
use tempfile::TempDir;

const SHADERS: &str = "
override FACTOR: f32 = 2.0;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> asked: array<u32, 4>;
@group(0) @binding(3) var<storage, read_write> seen: atomic<u32>;
@compute @workgroup_size(64) fn scale(@builtin(global_invocation_id) id: vec3u) { y[id.x] = FACTOR * x[id.x]; }
@compute @workgroup_size(1) fn ask() { asked[1] = 3u; asked[2] = 2u; }
@compute @workgroup_size(32) fn see() { atomicAdd(&seen, 1u); }
";

const PIPELINE: &str = "
sizes = { n = 256 }
[resources]
a = '1,2,3+1012'
b = { bytes = '4*n', zero = true }
asked = '9u,0u,0u,1u'
seen = 'zero'
[[dispatch]]
shader = 's.wgsl'
entry = 'scale'
threads = 'n'
bind = { x = 'a', y = 'b' }
overrides = { FACTOR = 3 }
repeat = 3
ping_pong = ['a', 'b']
[[dispatch]]
name = 'asking'
shader = 's.wgsl'
entry = 'ask'
workgroups = 1
[[dispatch]]
shader = 's.wgsl'
entry = 'see'
indirect = 'asked'
indirect_offset = 4
";

fn written(pipeline: &str) -> (TempDir, Result<Pipeline>) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("s.wgsl"), SHADERS).unwrap();
    let path = directory.path().join("p.toml");
    std::fs::write(&path, pipeline).unwrap();
    let read = Pipeline::read(&path);
    (directory, read)
}

fn numbers(gpu: &Gpu, pipeline: &Pipeline, names: [&str; 3]) -> [Vec<u8>; 3] {
    let contents = pipeline.fill(1, &gpu.device().limits()).unwrap();
    let ready = pipeline.prepare(gpu, &contents).unwrap();
    // The second run finds what the first one found.
    ready.run().unwrap();
    ready.run().unwrap();
    names.map(|name| ready.read(name).unwrap().unwrap())
}

#[test]
fn dispatches_follow_each_other_over_shared_resources() {
    let (_directory, pipeline) = written(PIPELINE);
    let pipeline = pipeline.unwrap();
    assert_eq!(pipeline.dispatches(), 5);
    let gpu = gpu(ShaderChecks::Trusted);
    let [a, b, seen] = numbers(&gpu, &pipeline, ["a", "b", "seen"]);
    let [a, b]: [Vec<f32>; 2] = [a, b].map(|bytes| bytemuck::pod_collect_to_vec(&bytes));
    assert_eq!((&a[..3], &b[..3]), (&[9.0, 18.0, 27.0][..], &[27.0, 54.0, 81.0][..]));
    // Three by two workgroups of 32 threads.
    assert_eq!(seen, 192_u32.to_le_bytes());
}

#[test]
fn a_pipeline_is_timed_as_a_training_step_is() {
    let (_directory, pipeline) = written(PIPELINE);
    let pipeline = pipeline.unwrap();
    let gpu = gpu(ShaderChecks::Trusted);
    let contents = pipeline.fill(1, &gpu.device().limits()).unwrap();
    let ready = pipeline.prepare(&gpu, &contents).unwrap();
    let mut bench = Bench::new(&gpu, None, Duration::from_secs(60)).unwrap();
    let (samples, report) = bench.pipeline(&ready, "p", 3).unwrap();
    let mut rows: Vec<(&str, usize, [u32; 3])> =
        report.kernels.iter().map(|row| (row.kernel.as_str(), row.calls, row.workgroups)).collect();
    rows.sort_unstable();
    // To and fro are two shapes of one kernel.
    assert_eq!(
        rows,
        [
            ("asking", 1, [1, 1, 1]),
            ("s.scale", 1, [4, 1, 1]),
            ("s.scale", 2, [4, 1, 1]),
            ("s.see", 1, [3, 2, 1])
        ]
    );
    let scale = report.kernels.iter().find(|row| row.kernel == "s.scale").unwrap();
    assert!((scale.gflop - 256.0 / 1e9).abs() < 1e-15, "{scale:?}");
    assert!((report.kernels.iter().map(|row| row.share).sum::<f64>() - 1.0).abs() < 1e-9);
    let trace = samples.trace(&report);
    let events = trace["traceEvents"].as_array().unwrap();
    assert_eq!(events.iter().filter(|event| event["ph"] == "X").count(), 3 * (5 + 1));
    let text = serde_json::to_string(&report).unwrap();
    assert!(serde_json::from_str::<crate::profile::Report>(&text).is_ok(), "{text}");
}

/// What reads a texture says nothing of its format, and what writes it does.
#[test]
fn textures_have_the_format_in_which_any_shader_stores_them() {
    const SHADER: &str = "
        @group(0) @binding(0) var from_: texture_2d<f32>;
        @group(0) @binding(1) var to: texture_storage_2d<FORMAT, write>;
        @compute @workgroup_size(8, 8) fn twice(@builtin(global_invocation_id) id: vec3u) {
            textureStore(to, id.xy, 2.0 * textureLoad(from_, id.xy, 0));
        }";
    const TO_AND_FRO: &str = "
        [resources]
        a = '16x16'
        [[dispatch]]
        shader = 's.wgsl'
        threads = '16,16'
        bind = { from_ = 'a', to = 'b' }
        repeat = 2
        ping_pong = ['a', 'b']";
    let gpu = gpu(ShaderChecks::Trusted);
    for (format, bytes) in [("r32float", 4), ("rgba16float", 8), ("rgba8unorm", 4)] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("s.wgsl"), SHADER.replace("FORMAT", format)).unwrap();
        std::fs::write(directory.path().join("p.toml"), TO_AND_FRO).unwrap();
        let pipeline = Pipeline::read(&directory.path().join("p.toml")).unwrap();
        let contents = pipeline.fill(1, &gpu.device().limits()).unwrap();
        let ready = pipeline.prepare(&gpu, &contents).unwrap();
        ready.run().unwrap();
        let [a, b] = ["a", "b"].map(|name| ready.read(name).unwrap().unwrap());
        assert_eq!((a.len(), b.len()), (16 * 16 * bytes, 512 * 512 * bytes), "{format}");
        if format == "r32float" {
            let [a, b]: [Vec<f32>; 2] = [a, b].map(|bytes| bytemuck::pod_collect_to_vec(&bytes));
            let first: Vec<f32> = bytemuck::pod_collect_to_vec(&contents[0][0].each.concat());
            assert!(a.iter().zip(&first).all(|(a, first)| *a == 4.0 * first) && b[1] == 2.0 * first[1]);
        }
    }
}

#[test]
fn dispatches_of_one_name_are_told_apart_where_they_are_not_alike() {
    let more = "
        [[dispatch]]
        shader = 's.wgsl'
        entry = 'see'
        workgroups = 5
        [[dispatch]]
        shader = 's.wgsl'
        entry = 'see'
        indirect = 'asked'
        indirect_offset = 4";
    let (_directory, pipeline) = written(&format!("{PIPELINE}{more}"));
    let names: Vec<String> = pipeline.unwrap().stage_names();
    assert_eq!(names, ["s.scale", "s.scale", "asking", "s.see", "s.see #2", "s.see"]);
}

#[test]
fn what_an_indirect_dispatch_asks_for_changes_places_too() {
    let to_and_fro = "
        [resources]
        few = '0u,3u,1u,1u'
        many = '0u,5u,1u,1u'
        seen = 'zero'
        [[dispatch]]
        shader = 's.wgsl'
        entry = 'see'
        indirect = 'few'
        indirect_offset = 4
        repeat = 2
        ping_pong = ['few', 'many']
        [[dispatch]]
        shader = 's.wgsl'
        entry = 'ask'
        workgroups = 1
        bind = { asked = 'few' }
        [[dispatch]]
        shader = 's.wgsl'
        entry = 'ask'
        workgroups = 1
        bind = { asked = 'many' }";
    let (_directory, pipeline) = written(to_and_fro);
    let [seen, ..] = numbers(&gpu(ShaderChecks::Trusted), &pipeline.unwrap(), ["seen", "few", "many"]);
    assert_eq!(seen, (32 * (3 + 5) as u32).to_le_bytes());
}

#[test]
fn a_slot_that_shaders_bind_otherwise_and_a_resource_described_twice_are_refused() {
    let shaders = || {
        ["scale", "ask"].map(|entry| {
            let choices = Choices { entry: Some(entry.into()), ..Default::default() };
            let other = SHADERS.replace("@binding(2)", "@binding(0)");
            (Shader::parse(Path::new("s.wgsl"), other, &choices).unwrap(), [1; 3])
        })
    };
    let refused = |specs: &[&str], words: &str| {
        let specs: Vec<BufferSpec> = specs.iter().map(|spec| spec.parse().unwrap()).collect();
        let message = Pipeline::of_shaders(shaders().into(), &specs).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    };
    refused(&["0=1K"], "expected a resource's name, as shaders bind others there, found x and asked");
    refused(&["x=1K", "x=2K"], "expected one description of each resource");
}

#[test]
fn bad_pipelines_are_refused_by_dispatch_and_resource() {
    let refused = |from: &str, to: &str, words: &str| {
        assert!(PIPELINE.contains(from), "{from}");
        let (_directory, pipeline) = written(&PIPELINE.replacen(from, to, 1));
        let gpu = gpu(ShaderChecks::Trusted);
        let message = pipeline.and_then(|pipeline| pipeline.fill(1, &gpu.device().limits()).map(drop));
        let message = message.unwrap_err().to_string();
        assert!(message.contains(words), "{to}: {message}");
    };
    refused("'see'", "'saw'", "expected a compute entry point \"saw\"");
    refused("x = 'a', y", "z = 'a', y", "dispatch 1: bind: expected one of x, y, found z");
    refused(
        "seen = 'zero'",
        "saw = 'zero'",
        "expected resources that a shader binds: a, asked, b, seen, found saw",
    );
    refused("threads = 'n'", "threads = 'm'", "m: expected m to stand for a whole number");
    refused(
        "workgroups = 1",
        "",
        "dispatch asking: dispatch: expected one of workgroups, threads and indirect",
    );
    refused("indirect_offset = 4", "indirect_offset = 8", "a buffer with three whole numbers");
    refused("'4*n'", "'6'", "s.scale: 0:1 (storage y): expected 0 bytes and elements of 4 bytes");
    refused("a = '1,2,3+1012'", "a = 'much'", "p.toml: resource a: expected what a binding holds");
    refused(
        "ping_pong = ['a', 'b']",
        "ping_pong = ['a', 'c']",
        "expected resources that a shader binds in ping_pong: a, asked, b, seen, found c",
    );
    refused("repeat = 3", "repeats = 3", "p.toml: expected a pipeline, found TOML parse error at line");
    refused("repeat = 3", "repeat = 4000000000", "p.toml: expected from 1 to 10000 dispatches");
    refused("sizes", "size", "unknown field `size`");
    refused(
        "asked = '9u,0u,0u,1u'",
        "asked = '9u,0u,0u,1u,1u'",
        "asking: 0:2 (storage asked): expected 16 bytes",
    );
}

#[test]
fn an_indirect_dispatch_of_more_than_there_can_be_is_refused() {
    let much = PIPELINE.replace("asked = '9u,", "asked = '9999999u,").replace("indirect_offset = 4", "");
    let (_directory, pipeline) = written(&much);
    let pipeline = pipeline.unwrap();
    let gpu = gpu(ShaderChecks::Trusted);
    let contents = pipeline.fill(1, &gpu.device().limits()).unwrap();
    let ready = pipeline.prepare(&gpu, &contents).unwrap();
    let mut bench = Bench::new(&gpu, None, std::time::Duration::from_secs(60)).unwrap();
    let message = bench.pipeline(&ready, "p.toml", 2).unwrap_err().to_string();
    assert!(message.contains("max_compute_workgroups_per_dimension, found 9999999"), "{message}");
}

#[test]
fn nothing_is_said_of_a_dispatch_that_cannot_be_counted() {
    let open = "@group(0) @binding(0) var<storage, read_write> x: array<f32>;
        @compute @workgroup_size(64) fn open(@builtin(global_invocation_id) id: vec3u) {
            while x[id.x] < 9.0 { x[id.x] = 3.0 * abs(x[id.x]) + 1.0; }
        }";
    let given = (shader(open).unwrap(), [4, 1, 1]);
    let pipeline = Pipeline::of_shaders(vec![given], &specs(&["x=1K"])).unwrap();
    let gpu = gpu(ShaderChecks::Trusted);
    let contents = pipeline.fill(1, &gpu.device().limits()).unwrap();
    let ready = pipeline.prepare(&gpu, &contents).unwrap();
    let mut bench = Bench::new(&gpu, None, std::time::Duration::from_secs(60)).unwrap();
    let (_, report) = bench.pipeline(&ready, "p.toml", 2).unwrap();
    assert_eq!((report.kernels[0].bound, report.kernels[0].limit_us), (crate::profile::Bound::Unknown, 0.0));
    assert!(report.advice.iter().all(|advice| advice.kernel.is_none()), "{:?}", report.advice);
}

#[test]
fn entry_points_of_one_shader_are_a_pipeline() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.wgsl");
    std::fs::write(&path, SHADERS).unwrap();
    let choices = Choices::default();
    let entries = Shader::entries(&path, &choices).unwrap();
    assert_eq!(entries, ["scale", "ask", "see"]);
    let read = |entry: String| {
        let choices = Choices { entry: Some(entry), ..Choices::default() };
        (Shader::read(&path, &choices).unwrap(), [2, 1, 1])
    };
    let shaders = || entries.iter().cloned().map(read).collect();
    let specs = specs(&["x=1,2+504", "0:1=512", "seen=5u"]);
    let pipeline = Pipeline::of_shaders(shaders(), &specs).unwrap();
    let gpu = gpu(ShaderChecks::Trusted);
    let [y, asked, seen] = numbers(&gpu, &pipeline, ["y", "asked", "seen"]);
    assert_eq!(bytemuck::pod_collect_to_vec::<_, f32>(&y)[..2], [2.0, 4.0]);
    assert_eq!((&asked[4..8], seen), (&3_u32.to_le_bytes()[..], 69_u32.to_le_bytes().to_vec()));
    let message = Pipeline::of_shaders(shaders(), &self::specs(&["q=1K"])).unwrap_err().to_string();
    assert!(message.contains("buffer q: expected one of 0:0 x"), "{message}");
}
