use super::*;
use crate::gpu::ShaderChecks;
use std::time::Duration;

#[test]
fn what_an_entry_point_uses_is_reflected() {
    let resources = shader(SCALE).unwrap().resources().unwrap();
    let of = |r: &Resource| (r.group, r.binding, r.fixed, r.stride, r.read, r.written);
    let expected =
        [(0, 0, 8, None, true, false), (0, 1, 0, Some(4), true, false), (1, 0, 0, Some(8), false, true)];
    assert_eq!(resources.iter().map(of).collect::<Vec<_>>(), expected);
    let kinds = [Kind::Uniform, Kind::Storage { read_only: true }, Kind::Storage { read_only: false }];
    assert_eq!(resources.iter().map(|r| r.kind).collect::<Vec<_>>(), kinds);
}

const EVERYTHING: &str = "
struct Scales { each: array<vec4f, 3> }
@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var between: sampler;
@group(0) @binding(2) var depth: texture_depth_2d;
@group(0) @binding(3) var compared: sampler_comparison;
@group(0) @binding(4) var<uniform> scales: Scales;
@group(0) @binding(5) var whole: texture_2d_array<u32>;
@group(0) @binding(6) var cube: texture_cube<f32>;
@group(0) @binding(7) var solid: texture_3d<f32>;
@group(0) @binding(8) var several: texture_multisampled_2d<f32>;
@group(1) @binding(2) var drawn: texture_storage_2d<rgba8unorm, write>;
@group(1) @binding(5) var<storage, read_write> sums: array<atomic<u32>>;

@compute @workgroup_size(8, 8)
fn draw(@builtin(global_invocation_id) id: vec3u) {
    let size = textureDimensions(drawn);
    if any(id.xy >= size) { return; }
    let at = (vec2f(id.xy) + 0.5) / vec2f(size);
    var colour = textureSampleLevel(picture, between, at, 0.0) * scales.each[id.x % 3u];
    colour += textureSampleCompareLevel(depth, compared, at, 0.5);
    colour += textureSampleLevel(cube, between, vec3f(at, 1.0), 0.0);
    colour += textureSampleLevel(solid, between, vec3f(at, 0.5), 0.0);
    colour += textureLoad(several, vec2u(0u), 0);
    textureStore(drawn, id.xy, colour);
    atomicAdd(&sums[id.y], textureLoad(whole, id.xy, 1, 0).x);
}";

#[test]
fn textures_samplers_and_atomics_are_filled_and_bound() {
    let shader = shader(EVERYTHING).unwrap();
    let texts = ["0=64x32", "whole=16x16x2", "drawn=16x16", "sums=zero:64", "several=8x8"];
    let (resources, contents) = filled(&shader, &texts).unwrap();
    let what: Vec<String> = resources.iter().map(Resource::what).collect();
    assert_eq!(
        what,
        [
            "texture",
            "sampler",
            "texture",
            "comparison sampler",
            "uniform",
            "texture",
            "texture",
            "texture",
            "texture",
            "storage texture",
            "storage"
        ]
    );
    assert_eq!(contents[0].bytes(), 64 * 32 * 4);
    let gpu = gpu(ShaderChecks::Checked);
    let job = Job { shader: &shader, resources: &resources, contents: &contents, workgroups: [2, 2, 1] };
    let ready = job.prepare(&gpu).unwrap();
    Bench::new(&gpu, None, Duration::from_secs(60)).unwrap().time(&ready, 3).unwrap();
    let outputs = ready.outputs().unwrap();
    let [(9, drawn), (10, sums)] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(drawn.len(), 16 * 16 * 4);
    assert_ne!(drawn, &contents[9].each[0], "something was drawn");
    // Layer 1 of two, a row each; x of rgba.
    let layer = &contents[5].each[0][16 * 16 * 4..];
    let row = |row: &[u8]| row.chunks(4).map(|texel| u32::from(texel[0])).sum::<u32>();
    let expected: Vec<u32> = layer.chunks(16 * 4).map(row).collect();
    assert_eq!(bytemuck::pod_collect_to_vec::<_, u32>(sums), expected);
}

#[test]
fn pictures_are_textures() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("p.png");
    let picture = image::RgbaImage::from_fn(5, 3, |x, y| image::Rgba([x as u8 * 40, y as u8 * 50, 9, 255]));
    picture.save(&path).unwrap();
    let shader = shader(EVERYTHING).unwrap();
    let (_, contents) = filled(&shader, &[&format!("picture=@{}", path.display())]).unwrap();
    assert_eq!(
        contents[0].shape,
        Shape::Texels { extent: [5, 3, 1], format: wgpu::TextureFormat::Rgba8Unorm }
    );
    assert_eq!(contents[0].each[0], picture.into_raw());
    let refused = |text: &str, words: &str| {
        let message = filled(&shader, &[text]).unwrap_err().to_string();
        assert!(message.contains(words), "{text}: {message}");
    };
    std::fs::write(&path, "no picture").unwrap();
    refused(&format!("picture=@{}", path.display()), "expected a picture");
    refused("picture=4x4x4", "(texture picture): expected WIDTHxHEIGHT, found 4x4x4");
    refused("cube=4x5", "expected a square and 6 faces");
    refused("picture=1K", "expected WIDTHxHEIGHT");
    refused("between=1K", "a sampler holds nothing");
}

#[test]
fn features_are_those_that_the_shader_needs() {
    let features = |source: &str| {
        let shader = shader(source).unwrap();
        shader.features(&shader.resources().unwrap())
    };
    assert_eq!(features(SCALE), wgpu::Features::empty());
    assert_eq!(features(EVERYTHING), wgpu::Features::empty());
    let with =
        |body: &str, globals: &str| format!("{globals} @compute @workgroup_size(1) fn f() {{ {body} }}");
    let storage = "@group(0) @binding(0) var<storage, read_write> x:";
    assert_eq!(features(&with("x += 1lf;", &format!("{storage} f64;"))), wgpu::Features::SHADER_F64);
    assert_eq!(features(&with("x += 1li;", &format!("{storage} i64;"))), wgpu::Features::SHADER_INT64);
    assert_eq!(
        features(&with("x += 1h;", &format!("enable f16; {storage} f16;"))),
        wgpu::Features::SHADER_F16
    );
    assert_eq!(
        features(&with("atomicAdd(&x, 1.0);", &format!("{storage} atomic<f32>;"))),
        wgpu::Features::SHADER_FLOAT32_ATOMIC
    );
    assert_eq!(features(&with("_ = subgroupAdd(1u);", "")), wgpu::Features::SUBGROUP);
    assert_eq!(features(&with("_ = x;", "var<immediate> x: u32;")), wgpu::Features::IMMEDIATES);
}

#[test]
fn what_an_adapter_lacks_is_named() {
    // No adapter has all of them.
    let refused = gpu_with(ShaderChecks::Trusted, wgpu::Features::all()).unwrap_err().to_string();
    let (_, names) = refused.split_once("expected a device with ").expect(&refused);
    let (names, _) = names.split_once(", found one without").expect(&refused);
    for name in names.split(", ") {
        assert!(wgpu::Features::from_name(name).is_some(), "{name} in {refused}");
    }
}

#[test]
fn override_constants_are_set() {
    let source = "
        override size: u32 = 32;
        @id(7) override factor: f32;
        @group(0) @binding(0) var<storage, read_write> y: array<f32>;
        @compute @workgroup_size(size) fn f(@builtin(global_invocation_id) id: vec3u) { y[id.x] = factor; }";
    let parse = |texts: &[&str]| {
        let overrides = texts.iter().map(|text| text.parse()).collect::<Result<_>>()?;
        Shader::parse(Path::new("s.wgsl"), source.to_owned(), &Choices { overrides, ..Choices::default() })
    };
    assert_eq!(parse(&["7=2.5"]).unwrap().workgroup_size(), [32, 1, 1]);
    assert_eq!(parse(&["factor=2.5"]).unwrap().overrides()[0].name, "7");
    let shader = parse(&["7=2.5", "size=0x40"]).unwrap();
    assert_eq!(shader.workgroup_size(), [64, 1, 1]);
    let (resources, contents) = filled(&shader, &["0=256"]).unwrap();
    let job = Job { shader: &shader, resources: &resources, contents: &contents, workgroups: [1, 1, 1] };
    let gpu = gpu(ShaderChecks::Trusted);
    let ready = job.prepare(&gpu).unwrap();
    Bench::new(&gpu, None, Duration::from_secs(60)).unwrap().time(&ready, 1).unwrap();
    let y: Vec<f32> = bytemuck::pod_collect_to_vec(&ready.outputs().unwrap()[0].1);
    assert_eq!(y, [2.5; 64]);

    let refused = |texts: &[&str], words: &str| {
        let message = parse(texts).err().unwrap().to_string();
        assert!(message.contains(words), "{texts:?}: {message}");
    };
    refused(&[], "override 7 (@id of factor): expected a value, as its declaration has none, found none");
    refused(&["factors=1"], "override factors: expected one of size, 7 (@id of factor)");
    refused(&["factor=1", "7=1"], "override 7: expected one value, found two");
    refused(&["7=1", "size=0"], "override 7=1, size=0: expected");
    refused(&["7=1", "size=1.5"], "override size: expected a whole number, as it is declared, found 1.5");
    refused(&["7=1", "7=2"], "override 7: expected one value, found two");
    refused(&["7"], "NAME=VALUE with a number, true or false, found \"7\"");
    refused(&["7=x"], "found \"7=x\"");
}
