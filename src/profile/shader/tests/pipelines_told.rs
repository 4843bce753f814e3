//! What a pipeline's file says of its shaders, and what is said of it.

use super::*;
use crate::gpu::ShaderChecks;

/// A pipeline of one shader, which lies beside its file.
fn read(shader: &str, pipeline: &str) -> Result<Pipeline> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("s.wgsl"), shader).unwrap();
    let path = directory.path().join("p.toml");
    std::fs::write(&path, pipeline).unwrap();
    Pipeline::read(&path)
}

#[test]
fn defines_of_a_file_have_the_values_that_are_written() {
    let shader = "@group(0) @binding(0) var<storage, read_write> y: array<f32>;
        @compute @workgroup_size(1) fn f() { y[0] = select(0.0, {scale}, {flag} || {other}); }";
    let with = |defines: &str| {
        let dispatch = "[[dispatch]]\nshader = 's.wgsl'\nworkgroups = 1\ndefines";
        read(shader, &format!("{dispatch} = {{ {defines} }}"))
            .map(|pipeline| pipeline.source_of(0).to_owned())
    };
    let source = with("scale = 2.0, flag = true, other = false").unwrap();
    assert!(source.contains("select(0.0, 2.0, true || false)"), "{source}");
    let source = with("scale = 1e-5, flag = 'a < b', other = 3").unwrap_err().to_string();
    assert!(source.contains("1e-5, a < b || 3"), "{source}");
}

#[test]
fn what_is_wrong_with_a_constant_names_the_file_the_dispatch_and_the_key() {
    let shader = "override FACTOR: u32;
        @group(0) @binding(0) var<storage, read_write> y: array<u32>;
        @compute @workgroup_size(1) fn f() { y[0] = FACTOR; }
        @compute @workgroup_size(1) fn g() { y[1] = FACTOR; }";
    let refused = |keys: &str, words: &str| {
        let file = format!("[[dispatch]]\nname = 'first'\nshader = 's.wgsl'\nworkgroups = 1\n{keys}");
        let message = read(shader, &file).unwrap_err().to_string();
        assert!(message.contains("p.toml: dispatch first: ") && message.contains(words), "{message}");
    };
    let key = "(overrides = { FACTOR = VALUE } sets it), found none";
    refused("entry = 'f'", &format!("overrides FACTOR: expected a value, as its declaration has none {key}"));
    refused("entry = 'f'\noverrides = { FACTOR = 1.5 }", "overrides FACTOR: expected a whole number");
    refused("entry = 'f'\noverrides = { OTHER = 1 }", "overrides OTHER: expected one of FACTOR");
    refused("entry = 'f'\noverrides = { FACTOR = -1 }", "overrides FACTOR=-1: expected values that give");
    refused("overrides = { FACTOR = 1 }", "or the name of one in the key entry, found [\"f\", \"g\"]");
    let defined = "found an override constant alone (overrides = { FACTOR = VALUE } sets it)";
    refused("entry = 'f'\ndefines = { FACTOR = 1 }", defined);
}

/// What reads a texture through a sampler does not say that another shader writes it as f32.
#[test]
fn textures_of_f32_that_are_filtered_ask_for_that_feature() {
    let shader = "@group(0) @binding(0) var to: texture_storage_2d<rgba32float, write>;
        @group(0) @binding(1) var from_: texture_2d<f32>;
        @group(0) @binding(2) var s: sampler;
        @group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
        @compute @workgroup_size(1) fn store() { textureStore(to, vec2u(), vec4f(3.0)); }
        @compute @workgroup_size(1) fn filter_() { y[0] = textureSampleLevel(from_, s, vec2f(0.5), 0.0); }";
    let file = "[resources]\nto = '1x1'\n[[dispatch]]\nshader = 's.wgsl'\nentry = 'store'\nworkgroups = 1\n\
        [[dispatch]]\nshader = 's.wgsl'\nentry = 'filter_'\nworkgroups = 1\nbind = { from_ = 'to' }\n";
    let pipeline = read(shader, file).unwrap();
    assert!(pipeline.features().contains(wgpu::Features::FLOAT32_FILTERABLE));
    let half = read(&shader.replace("rgba32float", "rgba16float"), file).unwrap();
    assert!(!half.features().contains(wgpu::Features::FLOAT32_FILTERABLE));
    // Not every adapter has it.
    let Ok(gpu) = gpu_with(ShaderChecks::Trusted, pipeline.features()) else { return };
    let contents = pipeline.fill(1, &gpu.device().limits()).unwrap();
    let ready = pipeline.prepare(&gpu, &contents).unwrap();
    ready.run().unwrap();
    let y: Vec<f32> = bytemuck::pod_collect_to_vec(&ready.read("y").unwrap().unwrap()[..16]);
    assert_eq!(y, [3.0; 4]);
}

#[test]
fn sizes_that_were_drawn_at_random_have_the_names_of_resources() {
    let shader = "struct Sizes { n: vec2u, s: f32 }
        @group(0) @binding(0) var<uniform> sizes: Sizes;
        @group(0) @binding(1) var<storage, read_write> y: array<u32>;
        @compute @workgroup_size(1) fn f() { y[0] = sizes.n.x; }";
    let dispatch = "[[dispatch]]\nshader = 's.wgsl'\nworkgroups = 1\nbind = { sizes = 'all' }\n";
    let drawn = |head: &str| {
        let pipeline = read(shader, &format!("{head}{dispatch}{dispatch}")).unwrap();
        let contents = pipeline.fill(1, &wgpu::Limits::default()).unwrap();
        pipeline.drawn(&contents).into_iter().map(|it| (it.name, it.place)).collect::<Vec<_>>()
    };
    let named = |place: &str| ("all".to_owned(), place.to_owned());
    assert_eq!(drawn(""), [named("all.n.x"), named("all.n.y")]);
    assert_eq!(drawn("[resources]\nall = '4u,4u,1'\n"), []);
}
