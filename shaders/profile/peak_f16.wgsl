// The arithmetic that an adapter can do at most with numbers of 16 bits; see peaks.wgsl.
enable f16;

import "profile/shared/rounds.wgsl";

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

struct Sums { a: vec4h, b: vec4h, c: vec4h, d: vec4h, e: vec4h, f: vec4h, g: vec4h, h: vec4h }

fn fused(s: Sums, k: vec4h, l: vec4h) -> Sums {
    return Sums(
        fma(s.a, k, l), fma(s.b, k, l), fma(s.c, k, l), fma(s.d, k, l), fma(s.e, k, l), fma(s.f, k, l), fma(s.g, k, l),
        fma(s.h, k, l),
    );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn fused_multiply_add(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.threads { return; }
    let k = vec4h(vec4f(params.scale));
    let l = vec4h(vec4f(params.shift));
    let v = vec4h(vec4f(f32(index % 64u)));
    var s = Sums(v, v + 1.0h, v + 2.0h, v + 3.0h, v + 4.0h, v + 5.0h, v + 6.0h, v + 7.0h);
    for (var round = 0u; round < params.rounds; round++) { s = fused(fused(fused(fused(s, k, l), k, l), k, l), k, l); }
    y[index] = vec4f(s.a + s.b + s.c + s.d + s.e + s.f + s.g + s.h);
}
