mod binding;
mod comparing;
mod compiling;
mod counting;
mod dueling;
mod filling;
mod pipelines;
mod pipelines_told;
mod results;
mod running;
mod settings;
mod translating;

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
    Shader::parse(Path::new("scale.wgsl"), source.to_owned(), &Choices::default())
}

fn specs(texts: &[&str]) -> Vec<BufferSpec> {
    texts.iter().map(|text| text.parse().expect(text)).collect()
}

/// What is bound, filled as `texts` say.
fn filled(shader: &Shader, texts: &[&str]) -> Result<(Vec<Resource>, Vec<Filled>)> {
    let resources = shader.resources()?;
    let specs = texts.iter().map(|text| text.parse()).collect::<Result<Vec<_>>>()?;
    let contents = shader.plan(&resources, &specs)?.fill(1)?;
    Ok((resources, contents))
}

fn gpu(checks: crate::gpu::ShaderChecks) -> Gpu {
    gpu_with(checks, wgpu::Features::empty()).unwrap()
}

fn gpu_with(checks: crate::gpu::ShaderChecks, features: wgpu::Features) -> Result<Gpu> {
    Gpu::open(&choose(None)?, Options::default().checks(checks).features(features))
}
