// Fully connected layers in register tiles, with ReLU between them; matrices in textures, four columns to a texel.
//   y[n,o] = bias[o] + Σ_i weight[o,i] · x[n,i]
// Twin: src/ops/dense/proof.rs, relu/proof.rs. Source: torch.nn.functional.linear, relu.
//
// A thread computes 16 rows × 8 outputs (forward), 8 rows × 16 inputs (backward_input) or 8 outputs × 16 inputs
// (backward_parameters): one texel for five multiply-adds of vec4. Textures hold whole tiles; what lies beyond
// the columns of a matrix is 0, what lies below its rows is never stored.

struct Params {
    rows: u32,     // N
    inputs: u32,   // I
    outputs: u32,  // O
}

const WORKGROUP_SIZE = 32u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var x: texture_storage_2d<rgba32float, read>;          // (N, I)
@group(0) @binding(2) var weight: texture_storage_2d<rgba32float, read>;     // (O, I)
@group(0) @binding(3) var dy: texture_storage_2d<rgba32float, read>;         // (N, O)
@group(0) @binding(4) var<storage, read> matrix: array<f32>;                 // (N, I), whatever it holds
@group(0) @binding(5) var<storage, read> bias: array<f32>;                   // (O)
@group(0) @binding(6) var<storage, read_write> y: array<f32>;                // (N, O)
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;               // (N, I)
@group(0) @binding(8) var<storage, read_write> dweight: array<f32>;          // (O, I)
@group(0) @binding(9) var<storage, read_write> dbias: array<f32>;            // (O)
@group(0) @binding(10) var texels: texture_storage_2d<rgba32float, write>;   // (N, I), or (N, O) behind y

// A texture from a matrix.
@compute @workgroup_size(WORKGROUP_SIZE)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let width = (params.inputs + 3u) / 4u;
    let group = index % width;
    let n = index / width;
    if n >= params.rows { return; }
    let at = n * params.inputs + 4u * group;
    let left = params.inputs - 4u * group;
    var value = vec4f(matrix[at], 0.0, 0.0, 0.0);
    if left > 1u { value.y = matrix[at + 1u]; }
    if left > 2u { value.z = matrix[at + 2u]; }
    if left > 3u { value.w = matrix[at + 3u]; }
    textureStore(texels, vec2u(group, n), value);
}

// Four columns of weight in four rows from `o` on; seen as a matrix, a column of it is a row of weight.
fn weights(group: u32, o: u32) -> mat4x4f {
    return mat4x4f(
        textureLoad(weight, vec2u(group, o)),
        textureLoad(weight, vec2u(group, o + 1u)),
        textureLoad(weight, vec2u(group, o + 2u)),
        textureLoad(weight, vec2u(group, o + 3u)),
    );
}

// 16 rows from `n` on × 8 outputs from `o` on, without bias: two vec4 a row.
fn products(n: u32, o: u32) -> array<vec4f, 32> {
    var a0 = vec4f(0.0); var b0 = vec4f(0.0);
    var a1 = vec4f(0.0); var b1 = vec4f(0.0);
    var a2 = vec4f(0.0); var b2 = vec4f(0.0);
    var a3 = vec4f(0.0); var b3 = vec4f(0.0);
    var a4 = vec4f(0.0); var b4 = vec4f(0.0);
    var a5 = vec4f(0.0); var b5 = vec4f(0.0);
    var a6 = vec4f(0.0); var b6 = vec4f(0.0);
    var a7 = vec4f(0.0); var b7 = vec4f(0.0);
    var a8 = vec4f(0.0); var b8 = vec4f(0.0);
    var a9 = vec4f(0.0); var b9 = vec4f(0.0);
    var a10 = vec4f(0.0); var b10 = vec4f(0.0);
    var a11 = vec4f(0.0); var b11 = vec4f(0.0);
    var a12 = vec4f(0.0); var b12 = vec4f(0.0);
    var a13 = vec4f(0.0); var b13 = vec4f(0.0);
    var a14 = vec4f(0.0); var b14 = vec4f(0.0);
    var a15 = vec4f(0.0); var b15 = vec4f(0.0);
    for (var i = 0u; i < (params.inputs + 3u) / 4u; i++) {
        let wa = weights(i, o);
        let wb = weights(i, o + 4u);
        { let v = textureLoad(x, vec2u(i, n + 0u)); a0 += v * wa; b0 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 1u)); a1 += v * wa; b1 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 2u)); a2 += v * wa; b2 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 3u)); a3 += v * wa; b3 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 4u)); a4 += v * wa; b4 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 5u)); a5 += v * wa; b5 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 6u)); a6 += v * wa; b6 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 7u)); a7 += v * wa; b7 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 8u)); a8 += v * wa; b8 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 9u)); a9 += v * wa; b9 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 10u)); a10 += v * wa; b10 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 11u)); a11 += v * wa; b11 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 12u)); a12 += v * wa; b12 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 13u)); a13 += v * wa; b13 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 14u)); a14 += v * wa; b14 += v * wb; }
        { let v = textureLoad(x, vec2u(i, n + 15u)); a15 += v * wa; b15 += v * wb; }
    }
    return array<vec4f, 32>(
        a0, b0, a1, b1, a2, b2, a3, b3,
        a4, b4, a5, b5, a6, b6, a7, b7,
        a8, b8, a9, b9, a10, b10, a11, b11,
        a12, b12, a13, b13, a14, b14, a15, b15,
    );
}

struct Tile { n: u32, o: u32 }

fn forward_tile(index: u32) -> Tile {
    let blocks = (params.outputs + 7u) / 8u;
    return Tile(index / blocks * 16u, index % blocks * 8u);
}

// Of four outputs; 0 where there is none.
fn bias_of(o: u32) -> vec4f {
    var value = vec4f(0.0);
    for (var k = 0u; k < 4u; k++) {
        if o + k < params.outputs { value[k] = bias[o + k]; }
    }
    return value;
}

fn store_y(n: u32, o: u32, sums: vec4f) {
    var value = sums;
    for (var k = 0u; k < 4u; k++) {
        if o + k < params.outputs { y[n * params.outputs + o + k] = value[k]; }
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let tile = forward_tile(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if tile.n >= params.rows { return; }
    var sums = products(tile.n, tile.o);
    let bias_a = bias_of(tile.o);
    let bias_b = bias_of(tile.o + 4u);
    for (var r = 0u; r < min(16u, params.rows - tile.n); r++) {
        store_y(tile.n + r, tile.o, sums[2u * r] + bias_a);
        store_y(tile.n + r, tile.o + 4u, sums[2u * r + 1u] + bias_b);
    }
}

// Written so that NaN stays NaN: a poisoned value must reach the loss.
fn relu(value: vec4f) -> vec4f {
    return select(value, vec4f(0.0), value <= vec4f(0.0));
}

// relu(y) as the x of the layer behind.
@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_relu(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let tile = forward_tile(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if tile.n >= params.rows { return; }
    var sums = products(tile.n, tile.o);
    let bias_a = bias_of(tile.o);
    let bias_b = bias_of(tile.o + 4u);
    for (var r = 0u; r < min(16u, params.rows - tile.n); r++) {
        textureStore(texels, vec2u(tile.o / 4u, tile.n + r), relu(sums[2u * r] + bias_a));
        textureStore(texels, vec2u(tile.o / 4u + 1u, tile.n + r), relu(sums[2u * r + 1u] + bias_b));
    }
}

// 8 rows from `n` on × 16 inputs from group `i` on: four vec4 a row.
fn input_products(n: u32, i: u32) -> array<vec4f, 32> {
    var a0 = vec4f(0.0); var b0 = vec4f(0.0); var c0 = vec4f(0.0); var d0 = vec4f(0.0);
    var a1 = vec4f(0.0); var b1 = vec4f(0.0); var c1 = vec4f(0.0); var d1 = vec4f(0.0);
    var a2 = vec4f(0.0); var b2 = vec4f(0.0); var c2 = vec4f(0.0); var d2 = vec4f(0.0);
    var a3 = vec4f(0.0); var b3 = vec4f(0.0); var c3 = vec4f(0.0); var d3 = vec4f(0.0);
    var a4 = vec4f(0.0); var b4 = vec4f(0.0); var c4 = vec4f(0.0); var d4 = vec4f(0.0);
    var a5 = vec4f(0.0); var b5 = vec4f(0.0); var c5 = vec4f(0.0); var d5 = vec4f(0.0);
    var a6 = vec4f(0.0); var b6 = vec4f(0.0); var c6 = vec4f(0.0); var d6 = vec4f(0.0);
    var a7 = vec4f(0.0); var b7 = vec4f(0.0); var c7 = vec4f(0.0); var d7 = vec4f(0.0);
    for (var o = 0u; o < params.outputs; o += 4u) {
        let wa = weights(i, o);
        let wb = weights(i + 1u, o);
        let wc = weights(i + 2u, o);
        let wd = weights(i + 3u, o);
        { let v = textureLoad(dy, vec2u(o / 4u, n + 0u)); a0 += wa * v; b0 += wb * v; c0 += wc * v; d0 += wd * v; }
        { let v = textureLoad(dy, vec2u(o / 4u, n + 1u)); a1 += wa * v; b1 += wb * v; c1 += wc * v; d1 += wd * v; }
        { let v = textureLoad(dy, vec2u(o / 4u, n + 2u)); a2 += wa * v; b2 += wb * v; c2 += wc * v; d2 += wd * v; }
        { let v = textureLoad(dy, vec2u(o / 4u, n + 3u)); a3 += wa * v; b3 += wb * v; c3 += wc * v; d3 += wd * v; }
        { let v = textureLoad(dy, vec2u(o / 4u, n + 4u)); a4 += wa * v; b4 += wb * v; c4 += wc * v; d4 += wd * v; }
        { let v = textureLoad(dy, vec2u(o / 4u, n + 5u)); a5 += wa * v; b5 += wb * v; c5 += wc * v; d5 += wd * v; }
        { let v = textureLoad(dy, vec2u(o / 4u, n + 6u)); a6 += wa * v; b6 += wb * v; c6 += wc * v; d6 += wd * v; }
        { let v = textureLoad(dy, vec2u(o / 4u, n + 7u)); a7 += wa * v; b7 += wb * v; c7 += wc * v; d7 += wd * v; }
    }
    return array<vec4f, 32>(
        a0, b0, c0, d0, a1, b1, c1, d1,
        a2, b2, c2, d2, a3, b3, c3, d3,
        a4, b4, c4, d4, a5, b5, c5, d5,
        a6, b6, c6, d6, a7, b7, c7, d7,
    );
}

struct InputTile { n: u32, i: u32 }

fn input_tile(index: u32) -> InputTile {
    let blocks = (params.inputs + 15u) / 16u;
    return InputTile(index / blocks * 8u, index % blocks * 4u);
}

fn store_dx(n: u32, i: u32, sums: vec4f) {
    var value = sums;
    for (var k = 0u; k < 4u; k++) {
        if 4u * i + k < params.inputs { dx[n * params.inputs + 4u * i + k] = value[k]; }
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let tile = input_tile(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if tile.n >= params.rows { return; }
    var sums = input_products(tile.n, tile.i);
    for (var r = 0u; r < min(8u, params.rows - tile.n); r++) {
        for (var g = 0u; g < 4u; g++) { store_dx(tile.n + r, tile.i + g, sums[4u * r + g]); }
    }
}

// The gradient in front of the ReLU that gave x, as the dy of the layer in front; NaN in x lets it through.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input_relu(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let tile = input_tile(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if tile.n >= params.rows { return; }
    var sums = input_products(tile.n, tile.i);
    for (var r = 0u; r < min(8u, params.rows - tile.n); r++) {
        for (var g = 0u; g < 4u; g++) {
            let at = vec2u(tile.i + g, tile.n + r);
            textureStore(texels, at, select(sums[4u * r + g], vec4f(0.0), textureLoad(x, at) <= vec4f(0.0)));
        }
    }
}

fn store_dweight(o: u32, i: u32, sums: vec4f) {
    var value = sums;
    for (var k = 0u; k < 4u; k++) {
        if 4u * i + k < params.inputs { dweight[o * params.inputs + 4u * i + k] = value[k]; }
    }
}

fn store(o: u32, i: u32, a: vec4f, b: vec4f, c: vec4f, d: vec4f, sum: f32) {
    if o >= params.outputs { return; }
    store_dweight(o, i, a); store_dweight(o, i + 1u, b); store_dweight(o, i + 2u, c); store_dweight(o, i + 3u, d);
    if i == 0u { dbias[o] = sum; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_parameters(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let blocks = (params.inputs + 15u) / 16u;
    let i = index % blocks * 4u;
    let o = index / blocks * 8u;
    if o >= params.outputs { return; }
    var a0 = vec4f(0.0); var b0 = vec4f(0.0); var c0 = vec4f(0.0); var d0 = vec4f(0.0);
    var a1 = vec4f(0.0); var b1 = vec4f(0.0); var c1 = vec4f(0.0); var d1 = vec4f(0.0);
    var a2 = vec4f(0.0); var b2 = vec4f(0.0); var c2 = vec4f(0.0); var d2 = vec4f(0.0);
    var a3 = vec4f(0.0); var b3 = vec4f(0.0); var c3 = vec4f(0.0); var d3 = vec4f(0.0);
    var a4 = vec4f(0.0); var b4 = vec4f(0.0); var c4 = vec4f(0.0); var d4 = vec4f(0.0);
    var a5 = vec4f(0.0); var b5 = vec4f(0.0); var c5 = vec4f(0.0); var d5 = vec4f(0.0);
    var a6 = vec4f(0.0); var b6 = vec4f(0.0); var c6 = vec4f(0.0); var d6 = vec4f(0.0);
    var a7 = vec4f(0.0); var b7 = vec4f(0.0); var c7 = vec4f(0.0); var d7 = vec4f(0.0);
    var low = vec4f(0.0); var high = vec4f(0.0);
    for (var n = 0u; n < params.rows; n++) {
        let xa = textureLoad(x, vec2u(i, n));
        let xb = textureLoad(x, vec2u(i + 1u, n));
        let xc = textureLoad(x, vec2u(i + 2u, n));
        let xd = textureLoad(x, vec2u(i + 3u, n));
        let l = textureLoad(dy, vec2u(o / 4u, n));
        let h = textureLoad(dy, vec2u(o / 4u + 1u, n));
        low += l; high += h;
        a0 += l.x * xa; b0 += l.x * xb; c0 += l.x * xc; d0 += l.x * xd;
        a1 += l.y * xa; b1 += l.y * xb; c1 += l.y * xc; d1 += l.y * xd;
        a2 += l.z * xa; b2 += l.z * xb; c2 += l.z * xc; d2 += l.z * xd;
        a3 += l.w * xa; b3 += l.w * xb; c3 += l.w * xc; d3 += l.w * xd;
        a4 += h.x * xa; b4 += h.x * xb; c4 += h.x * xc; d4 += h.x * xd;
        a5 += h.y * xa; b5 += h.y * xb; c5 += h.y * xc; d5 += h.y * xd;
        a6 += h.z * xa; b6 += h.z * xb; c6 += h.z * xc; d6 += h.z * xd;
        a7 += h.w * xa; b7 += h.w * xb; c7 += h.w * xc; d7 += h.w * xd;
    }
    store(o + 0u, i, a0, b0, c0, d0, low.x);
    store(o + 1u, i, a1, b1, c1, d1, low.y);
    store(o + 2u, i, a2, b2, c2, d2, low.z);
    store(o + 3u, i, a3, b3, c3, d3, low.w);
    store(o + 4u, i, a4, b4, c4, d4, high.x);
    store(o + 5u, i, a5, b5, c5, d5, high.y);
    store(o + 6u, i, a6, b6, c6, d6, high.z);
    store(o + 7u, i, a7, b7, c7, d7, high.w);
}
