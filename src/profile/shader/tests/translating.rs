use super::*;
use crate::gpu::ShaderChecks;

/// What the back ends make of it, or why they do not.
fn translated(source: &str, checks: ShaderChecks) -> Vec<std::result::Result<Vec<u8>, String>> {
    let shader = shader(source).unwrap();
    let resources = shader.resources().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let all = shader.translate(&resources, checks, &directory.path().join("out")).unwrap();
    assert_eq!(all.iter().map(|one| one.language).collect::<Vec<_>>(), ["SPIR-V", "MSL", "HLSL", "GLSL"]);
    let of = |one: &Translation| match (&one.file, &one.refused) {
        (Some(file), None) => Ok(std::fs::read(file).unwrap()),
        (None, Some(why)) => Err(why.clone()),
        _ => panic!("{one:?}"),
    };
    all.iter().map(of).collect()
}

fn text(translated: &std::result::Result<Vec<u8>, String>) -> String {
    String::from_utf8(translated.clone().unwrap()).unwrap()
}

#[test]
fn drivers_get_the_slots_that_wgpu_gives_them() {
    let all = translated(SCALE, ShaderChecks::Trusted);
    let spirv: Vec<u32> = bytemuck::pod_collect_to_vec(all[0].as_ref().unwrap());
    assert_eq!(spirv[..2], [0x0723_0203, 0x0001_0600], "SPIR-V 1.6");
    // Metal has one row of buffers, Direct3D one for each kind of view, OpenGL one for each kind of block.
    let msl = text(&all[1]);
    for words in ["kernel void scale", "[[buffer(0)]]", "[[buffer(1)]]", "[[buffer(2)]]"] {
        assert!(msl.contains(words), "{words}: {msl}");
    }
    let hlsl = text(&all[2]);
    for words in ["[numthreads(64, 1, 1)]", "params : register(b0)", "x : register(t0)", "y : register(u0)"] {
        assert!(hlsl.contains(words), "{words}: {hlsl}");
    }
    let glsl = text(&all[3]);
    for words in
        ["#version 320 es", "binding = 0) uniform", "binding = 0) readonly buffer", "binding = 1) buffer"]
    {
        assert!(glsl.contains(words), "{words}: {glsl}");
    }
}

#[test]
fn checks_are_in_the_translations_too() {
    let source = "
        @group(0) @binding(0) var<storage, read_write> y: array<i32>;
        @compute @workgroup_size(1) fn f(@builtin(global_invocation_id) id: vec3u) {
            var local = array<i32, 4>(1, 2, 3, 4);
            for (var i = 0; i < y[0]; i++) { local[y[i] & 7] = 9 / y[i]; }
            y[id.x] = local[id.x];
        }";
    let [trusted, checked] =
        [ShaderChecks::Trusted, ShaderChecks::Checked].map(|checks| translated(source, checks));
    for (language, (trusted, checked)) in trusted.iter().zip(&checked).enumerate().take(3) {
        assert!(trusted.as_ref().unwrap().len() < checked.as_ref().unwrap().len(), "{language}");
    }
    assert!(text(&checked[1]).contains("loop_bound") && !text(&trusted[1]).contains("loop_bound"));
    assert!(text(&checked[2]).contains("loop_bound") && !text(&trusted[2]).contains("loop_bound"));
}

#[test]
fn immediates_and_binding_arrays_have_slots() {
    let source = "
        enable wgpu_binding_array;
        struct Scale { by: f32 }
        var<immediate> scale: Scale;
        @group(0) @binding(0) var pictures: binding_array<texture_2d<f32>, 4>;
        @group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
        @compute @workgroup_size(1) fn f(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) all: vec3u) {
            y[id.x] = scale.by * textureLoad(pictures[id.x], vec2u(0u), 0) * f32(all.x);
        }";
    let all = translated(source, ShaderChecks::Checked);
    assert!(all[0].is_ok() && all[1].is_ok(), "{all:?}");
    let hlsl = text(&all[2]);
    for words in ["scale: register(b0)", "pictures[4] : register(t0)", "y : register(u0)"] {
        assert!(hlsl.contains(words), "{words}: {hlsl}");
    }
}

/// Metal has no f64, which its back end does not expect.
#[test]
fn what_a_back_end_cannot_say_is_told() {
    let source = "
        @group(0) @binding(0) var<storage, read_write> y: array<f64>;
        @compute @workgroup_size(1) fn f() { y[0] = 2.0lf * y[1]; }";
    let all = translated(source, ShaderChecks::Checked);
    assert!(all[0].is_ok() && all[2].is_ok(), "{all:?}");
    assert!(all[1].as_ref().is_err_and(|why| !why.is_empty()), "{all:?}");
}

#[test]
fn faults_are_shown_in_the_source() {
    let message = shader(&SCALE.replace("1.0);", "1u);")).err().unwrap().to_string();
    for words in ["scale.wgsl:11:", "y[id.x] =", "^"] {
        assert!(message.contains(words), "{words:?} is not in {message}");
    }
    let choices = Choices { entry: Some("other".into()), ..Default::default() };
    let message = Shader::parse(Path::new("s.wgsl"), SCALE.into(), &choices).err().unwrap().to_string();
    assert!(message.contains("expected a compute entry point \"other\", found [\"scale\"]"), "{message}");
}
