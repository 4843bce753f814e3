use super::*;
use crate::gpu::{Gpu, Options, choose};

const SCALE: &str = "
struct Params { count: u32, factor: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(1) @binding(0) var<storage, read_write> y: array<vec2f>;
@group(1) @binding(7) var<storage, read_write> unused: array<u32>;

@compute @workgroup_size(64)
fn scale(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= params.count { return; }
    y[id.x] = vec2f(params.factor * x[id.x], 1.0);
}
";

fn shader(source: &str) -> Result<Shader> {
    Shader::parse(Path::new("scale.wgsl"), source.to_owned(), None)
}

fn contents(specs: &[&str]) -> Result<Vec<Vec<u8>>> {
    let shader = shader(SCALE)?;
    let specs = specs.iter().map(|spec| spec.parse()).collect::<Result<Vec<BufferSpec>>>()?;
    shader.contents(&shader.resources()?, &specs, 1)
}

#[test]
fn what_an_entry_point_uses_is_reflected() {
    let resources = shader(SCALE).unwrap().resources().unwrap();
    let of = |r: &Resource| (r.group, r.binding, r.fixed, r.stride, r.read, r.written);
    let expected =
        [(0, 0, 8, None, true, false), (0, 1, 0, Some(4), true, false), (1, 0, 0, Some(8), false, true)];
    assert_eq!(resources.iter().map(of).collect::<Vec<_>>(), expected);
    assert_eq!(resources[0].space, Space::Uniform);
}

#[test]
fn buffers_hold_what_is_said_and_seeded_values_elsewhere() {
    let [params, x, y] = &contents(&["0=3u,0.5f", "1=1K", "1:0=64"]).unwrap()[..] else { panic!() };
    assert_eq!(params[..], [3_u32.to_le_bytes(), 0.5_f32.to_le_bytes()].concat());
    assert_eq!((x.len(), y.len()), (1024, 64));
    let values: Vec<f32> = bytemuck::pod_collect_to_vec(x);
    assert!(values.iter().all(|value| (-1.0..1.0).contains(value)));
    assert!(values.iter().any(|value| *value != values[0]));
    assert_eq!(contents(&["1=1K"]).unwrap()[1], *x, "the same seed, the same bytes");
    // Fewer values than a fixed size are filled up.
    assert_eq!(contents(&["0=7u"]).unwrap()[0], [7, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn bad_buffers_are_refused_by_name() {
    let refused = |specs: &[&str], words: &str| {
        let message = contents(specs).unwrap_err().to_string();
        assert!(message.contains(words), "{specs:?}: {message}");
    };
    refused(&["x"], "buffer: expected [GROUP:]BINDING=SIZE");
    refused(&["1=0"], "buffer: expected");
    refused(&["1=3q"], "found \"1=3q\"");
    refused(&["1=@"], "buffer: expected");
    refused(&["1=6"], "(storage x): expected 0 bytes and elements of 4 bytes");
    refused(&["0=12"], "(uniform params): expected 8 bytes, found 12");
    refused(&["0=1u,2u,3u"], "(uniform params): expected 8 bytes, found 12");
    refused(&["1:7=64"], "buffer 1:7: expected one of 0:0 params, 0:1 x, 1:0 y");
    refused(&["1=@nowhere.bin"], "nowhere.bin: cannot read");
}

#[test]
fn faults_are_shown_in_the_source() {
    let message = shader(&SCALE.replace("1.0);", "1u);")).err().unwrap().to_string();
    for words in ["scale.wgsl:11:", "y[id.x] =", "^"] {
        assert!(message.contains(words), "{words:?} is not in {message}");
    }
    let entry =
        |name| Shader::parse(Path::new("s.wgsl"), SCALE.into(), Some(name)).err().unwrap().to_string();
    assert!(entry("other").contains("expected a compute entry point \"other\", found [\"scale\"]"));
    let texture = "@group(0) @binding(0) var t: texture_2d<f32>;
        @compute @workgroup_size(1) fn f() { _ = textureLoad(t, vec2u(0u), 0); }";
    let message = shader(texture).unwrap().resources().unwrap_err().to_string();
    assert!(message.contains("t (binding 0): expected uniform and storage buffers alone"), "{message}");
}

#[test]
fn a_shader_is_timed_and_translated() {
    let shader = shader(SCALE).unwrap();
    let resources = shader.resources().unwrap();
    let contents = contents(&["0=65536u,2f", "1=256K", "1:0=512K"]).unwrap();
    let job = Job {
        shader: &shader,
        resources: &resources,
        contents: &contents,
        workgroups: [1024, 1, 1],
        runs: 4,
    };
    let gpu = Gpu::open(&choose(None).unwrap(), Options::default()).unwrap();
    let times = job.time(&gpu, None).unwrap();
    assert_eq!((times.runs, times.bytes), (4, 8 + 256 * 1024 + 512 * 1024));
    assert!(times.us.p10 > 0.0 && times.us.p10 <= times.us.median && times.copy_gb_s > 0.0, "{times:?}");
    assert!((times.gb_s - times.bytes as f64 / times.us.median / 1e3).abs() < 1e-9);

    let directory = tempfile::tempdir().unwrap();
    let translations = shader.translate(&directory.path().join("out")).unwrap();
    let read = |place: usize| std::fs::read(translations[place].file.as_ref().unwrap()).unwrap();
    assert_eq!(read(0)[..4], 0x0723_0203_u32.to_le_bytes(), "the magic number of SPIR-V");
    for (place, word) in [(1, "kernel void scale"), (2, "[numthreads(64, 1, 1)]"), (3, "#version 310 es")] {
        let text = String::from_utf8(read(place)).unwrap();
        assert!(text.contains(word), "{}: {text}", translations[place].language);
    }
}

#[test]
fn a_device_that_cannot_run_it_says_so() {
    let too_wide = SCALE.replace("@workgroup_size(64)", "@workgroup_size(16384)");
    let shader = shader(&too_wide).unwrap();
    let resources = shader.resources().unwrap();
    let contents = contents(&["1=1K", "1:0=1K"]).unwrap();
    let job =
        Job { shader: &shader, resources: &resources, contents: &contents, workgroups: [1, 1, 1], runs: 1 };
    let gpu = Gpu::open(&choose(None).unwrap(), Options::default()).unwrap();
    let message = job.time(&gpu, None).unwrap_err().to_string();
    assert!(message.contains("refused scale.wgsl"), "{message}");
}
