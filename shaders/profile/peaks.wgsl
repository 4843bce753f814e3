// What an adapter can do at most: arithmetic without memory, memory without arithmetic, and neither.
// Twin: none; the results are of no interest, and are only stored so that no compiler leaves the work out.

import "profile/shared/rounds.wgsl";

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

// Eight sums that do not wait for each other.
struct Sums { a: vec4f, b: vec4f, c: vec4f, d: vec4f, e: vec4f, f: vec4f, g: vec4f, h: vec4f }

fn first(index: u32) -> Sums {
    let v = vec4f(f32(index)) + vec4f(0.0, 0.25, 0.5, 0.75);
    return Sums(v, v + 1.0, v + 2.0, v + 3.0, v + 4.0, v + 5.0, v + 6.0, v + 7.0);
}

fn joined(s: Sums) -> vec4f {
    return s.a + s.b + s.c + s.d + s.e + s.f + s.g + s.h;
}

// 32 multiplications and 32 additions.
fn apart(s: Sums, k: vec4f, l: vec4f) -> Sums {
    return Sums(
        s.a * k + l, s.b * k + l, s.c * k + l, s.d * k + l, s.e * k + l, s.f * k + l, s.g * k + l, s.h * k + l,
    );
}

// The same where one instruction does both.
fn fused(s: Sums, k: vec4f, l: vec4f) -> Sums {
    return Sums(
        fma(s.a, k, l), fma(s.b, k, l), fma(s.c, k, l), fma(s.d, k, l), fma(s.e, k, l), fma(s.f, k, l), fma(s.g, k, l),
        fma(s.h, k, l),
    );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn multiply_add(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.threads { return; }
    let k = vec4f(params.scale);
    let l = vec4f(params.shift);
    var s = first(index);
    for (var round = 0u; round < params.rounds; round++) { s = apart(apart(apart(apart(s, k, l), k, l), k, l), k, l); }
    y[index] = joined(s);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn fused_multiply_add(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.threads { return; }
    let k = vec4f(params.scale);
    let l = vec4f(params.shift);
    var s = first(index);
    for (var round = 0u; round < params.rounds; round++) { s = fused(fused(fused(fused(s, k, l), k, l), k, l), k, l); }
    y[index] = joined(s);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn copy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.threads { return; }
    y[index] = x[index];
}

// Launched with no rounds.
@compute @workgroup_size(WORKGROUP_SIZE)
fn empty(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index < params.rounds { y[index] = vec4f(0.0); }
}
