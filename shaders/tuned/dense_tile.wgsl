// Fully connected layer in register tiles: I in fours, four values to a vec4, any O; a ReLU on either side if wanted.
//   y[n,o] = bias[o] + Σ_i weight[o,i] · x[n,i]
// Twin: src/reference/dense.rs, relu.rs. Source: torch.nn.functional.linear, relu.
//
// A thread computes 8 rows × 8 outputs (forward), 8 rows × 8 inputs (backward_input) or 8 outputs × 8 inputs
// (backward_parameters): one load for four multiply-adds of vec4. Tiles that reach over the edge read the last row or
// output again and store nothing there.

struct Params {
    rows: u32,      // N
    inputs: u32,    // I / 4
    outputs: u32,   // O
    relu: u32,      // 1 if there is one: behind y (forward), in front of x (backward_input)
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;              // (N, I/4)
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;         // (O, I/4)
@group(0) @binding(3) var<storage, read> bias: array<f32>;             // (O)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;          // (N, O)
@group(0) @binding(5) var<storage, read> dy: array<f32>;               // (N, O)
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f>;       // (N, I/4)
@group(0) @binding(7) var<storage, read_write> dweight: array<vec4f>;  // (O, I/4)
@group(0) @binding(8) var<storage, read_write> dbias: array<f32>;      // (O)

// Where 8 consecutive rows of `length` values start, the last one repeated past the end.
fn starts(first: u32, count: u32, length: u32) -> array<u32, 8> {
    let last = count - 1u;
    return array<u32, 8>(
        min(first, last) * length, min(first + 1u, last) * length,
        min(first + 2u, last) * length, min(first + 3u, last) * length,
        min(first + 4u, last) * length, min(first + 5u, last) * length,
        min(first + 6u, last) * length, min(first + 7u, last) * length,
    );
}

fn store_one(n: u32, o: u32, sum: f32) {
    if o >= params.outputs { return; }
    let value = sum + bias[o];
    // Written so that NaN stays NaN: a poisoned value must reach the loss.
    y[n * params.outputs + o] = select(value, 0.0, params.relu == 1u && value <= 0.0);
}

fn store(first: u32, o: u32, r: u32, s0: f32, s1: f32, s2: f32, s3: f32, s4: f32, s5: f32, s6: f32, s7: f32) {
    let n = first + r;
    if n >= params.rows { return; }
    store_one(n, o, s0); store_one(n, o + 1u, s1); store_one(n, o + 2u, s2); store_one(n, o + 3u, s3);
    store_one(n, o + 4u, s4); store_one(n, o + 5u, s5); store_one(n, o + 6u, s6); store_one(n, o + 7u, s7);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let blocks = (params.outputs + 7u) / 8u;
    let o = index % blocks * 8u;
    let n = index / blocks * 8u;
    if n >= params.rows { return; }
    let rows = starts(n, params.rows, params.inputs);
    let first = starts(o, params.outputs, params.inputs);
    var s00 = 0.0; var s01 = 0.0; var s02 = 0.0; var s03 = 0.0; var s04 = 0.0; var s05 = 0.0; var s06 = 0.0; var s07 = 0.0;
    var s10 = 0.0; var s11 = 0.0; var s12 = 0.0; var s13 = 0.0; var s14 = 0.0; var s15 = 0.0; var s16 = 0.0; var s17 = 0.0;
    var s20 = 0.0; var s21 = 0.0; var s22 = 0.0; var s23 = 0.0; var s24 = 0.0; var s25 = 0.0; var s26 = 0.0; var s27 = 0.0;
    var s30 = 0.0; var s31 = 0.0; var s32 = 0.0; var s33 = 0.0; var s34 = 0.0; var s35 = 0.0; var s36 = 0.0; var s37 = 0.0;
    var s40 = 0.0; var s41 = 0.0; var s42 = 0.0; var s43 = 0.0; var s44 = 0.0; var s45 = 0.0; var s46 = 0.0; var s47 = 0.0;
    var s50 = 0.0; var s51 = 0.0; var s52 = 0.0; var s53 = 0.0; var s54 = 0.0; var s55 = 0.0; var s56 = 0.0; var s57 = 0.0;
    var s60 = 0.0; var s61 = 0.0; var s62 = 0.0; var s63 = 0.0; var s64 = 0.0; var s65 = 0.0; var s66 = 0.0; var s67 = 0.0;
    var s70 = 0.0; var s71 = 0.0; var s72 = 0.0; var s73 = 0.0; var s74 = 0.0; var s75 = 0.0; var s76 = 0.0; var s77 = 0.0;
    for (var i = 0u; i < params.inputs; i++) {
        let x0 = x[rows[0] + i]; let x1 = x[rows[1] + i]; let x2 = x[rows[2] + i]; let x3 = x[rows[3] + i];
        let x4 = x[rows[4] + i]; let x5 = x[rows[5] + i]; let x6 = x[rows[6] + i]; let x7 = x[rows[7] + i];
        { let w = weight[first[0] + i]; s00 += dot(w, x0); s10 += dot(w, x1); s20 += dot(w, x2); s30 += dot(w, x3); s40 += dot(w, x4); s50 += dot(w, x5); s60 += dot(w, x6); s70 += dot(w, x7); }
        { let w = weight[first[1] + i]; s01 += dot(w, x0); s11 += dot(w, x1); s21 += dot(w, x2); s31 += dot(w, x3); s41 += dot(w, x4); s51 += dot(w, x5); s61 += dot(w, x6); s71 += dot(w, x7); }
        { let w = weight[first[2] + i]; s02 += dot(w, x0); s12 += dot(w, x1); s22 += dot(w, x2); s32 += dot(w, x3); s42 += dot(w, x4); s52 += dot(w, x5); s62 += dot(w, x6); s72 += dot(w, x7); }
        { let w = weight[first[3] + i]; s03 += dot(w, x0); s13 += dot(w, x1); s23 += dot(w, x2); s33 += dot(w, x3); s43 += dot(w, x4); s53 += dot(w, x5); s63 += dot(w, x6); s73 += dot(w, x7); }
        { let w = weight[first[4] + i]; s04 += dot(w, x0); s14 += dot(w, x1); s24 += dot(w, x2); s34 += dot(w, x3); s44 += dot(w, x4); s54 += dot(w, x5); s64 += dot(w, x6); s74 += dot(w, x7); }
        { let w = weight[first[5] + i]; s05 += dot(w, x0); s15 += dot(w, x1); s25 += dot(w, x2); s35 += dot(w, x3); s45 += dot(w, x4); s55 += dot(w, x5); s65 += dot(w, x6); s75 += dot(w, x7); }
        { let w = weight[first[6] + i]; s06 += dot(w, x0); s16 += dot(w, x1); s26 += dot(w, x2); s36 += dot(w, x3); s46 += dot(w, x4); s56 += dot(w, x5); s66 += dot(w, x6); s76 += dot(w, x7); }
        { let w = weight[first[7] + i]; s07 += dot(w, x0); s17 += dot(w, x1); s27 += dot(w, x2); s37 += dot(w, x3); s47 += dot(w, x4); s57 += dot(w, x5); s67 += dot(w, x6); s77 += dot(w, x7); }
    }
    store(n, o, 0u, s00, s01, s02, s03, s04, s05, s06, s07);
    store(n, o, 1u, s10, s11, s12, s13, s14, s15, s16, s17);
    store(n, o, 2u, s20, s21, s22, s23, s24, s25, s26, s27);
    store(n, o, 3u, s30, s31, s32, s33, s34, s35, s36, s37);
    store(n, o, 4u, s40, s41, s42, s43, s44, s45, s46, s47);
    store(n, o, 5u, s50, s51, s52, s53, s54, s55, s56, s57);
    store(n, o, 6u, s60, s61, s62, s63, s64, s65, s66, s67);
    store(n, o, 7u, s70, s71, s72, s73, s74, s75, s76, s77);
}

// Behind the ReLU that gave x, dx is 0 where x is; NaN lets it through.
fn behind_relu(at: u32, value: vec4f) -> vec4f {
    if params.relu == 0u { return value; }
    return select(value, vec4f(0.0), x[at] <= vec4f(0.0));
}

fn store_dx(n: u32, i: u32, a: vec4f, b: vec4f) {
    if n >= params.rows { return; }
    let at = n * params.inputs + i;
    dx[at] = behind_relu(at, a);
    if i + 1u < params.inputs { dx[at + 1u] = behind_relu(at + 1u, b); }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let blocks = (params.inputs + 1u) / 2u;
    let i = index % blocks * 2u;
    let n = index / blocks * 8u;
    if n >= params.rows { return; }
    let second = min(i + 1u, params.inputs - 1u);
    let rows = starts(n, params.rows, params.outputs);
    var a0 = vec4f(0.0); var b0 = vec4f(0.0);
    var a1 = vec4f(0.0); var b1 = vec4f(0.0);
    var a2 = vec4f(0.0); var b2 = vec4f(0.0);
    var a3 = vec4f(0.0); var b3 = vec4f(0.0);
    var a4 = vec4f(0.0); var b4 = vec4f(0.0);
    var a5 = vec4f(0.0); var b5 = vec4f(0.0);
    var a6 = vec4f(0.0); var b6 = vec4f(0.0);
    var a7 = vec4f(0.0); var b7 = vec4f(0.0);
    for (var o = 0u; o < params.outputs; o++) {
        let wa = weight[o * params.inputs + i];
        let wb = weight[o * params.inputs + second];
        { let d = dy[rows[0] + o]; a0 += d * wa; b0 += d * wb; }
        { let d = dy[rows[1] + o]; a1 += d * wa; b1 += d * wb; }
        { let d = dy[rows[2] + o]; a2 += d * wa; b2 += d * wb; }
        { let d = dy[rows[3] + o]; a3 += d * wa; b3 += d * wb; }
        { let d = dy[rows[4] + o]; a4 += d * wa; b4 += d * wb; }
        { let d = dy[rows[5] + o]; a5 += d * wa; b5 += d * wb; }
        { let d = dy[rows[6] + o]; a6 += d * wa; b6 += d * wb; }
        { let d = dy[rows[7] + o]; a7 += d * wa; b7 += d * wb; }
    }
    store_dx(n + 0u, i, a0, b0);
    store_dx(n + 1u, i, a1, b1);
    store_dx(n + 2u, i, a2, b2);
    store_dx(n + 3u, i, a3, b3);
    store_dx(n + 4u, i, a4, b4);
    store_dx(n + 5u, i, a5, b5);
    store_dx(n + 6u, i, a6, b6);
    store_dx(n + 7u, i, a7, b7);
}

fn store_dweight(o: u32, i: u32, a: vec4f, b: vec4f, sum: f32) {
    if o >= params.outputs { return; }
    dweight[o * params.inputs + i] = a;
    if i + 1u < params.inputs { dweight[o * params.inputs + i + 1u] = b; }
    if i == 0u { dbias[o] = sum; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_parameters(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let blocks = (params.inputs + 1u) / 2u;
    let i = index % blocks * 2u;
    let o = index / blocks * 8u;
    if o >= params.outputs { return; }
    let second = min(i + 1u, params.inputs - 1u);
    let columns = starts(o, params.outputs, 1u);
    var a0 = vec4f(0.0); var b0 = vec4f(0.0); var s0 = 0.0;
    var a1 = vec4f(0.0); var b1 = vec4f(0.0); var s1 = 0.0;
    var a2 = vec4f(0.0); var b2 = vec4f(0.0); var s2 = 0.0;
    var a3 = vec4f(0.0); var b3 = vec4f(0.0); var s3 = 0.0;
    var a4 = vec4f(0.0); var b4 = vec4f(0.0); var s4 = 0.0;
    var a5 = vec4f(0.0); var b5 = vec4f(0.0); var s5 = 0.0;
    var a6 = vec4f(0.0); var b6 = vec4f(0.0); var s6 = 0.0;
    var a7 = vec4f(0.0); var b7 = vec4f(0.0); var s7 = 0.0;
    for (var n = 0u; n < params.rows; n++) {
        let row = n * params.outputs;
        let xa = x[n * params.inputs + i];
        let xb = x[n * params.inputs + second];
        { let d = dy[row + columns[0]]; a0 += d * xa; b0 += d * xb; s0 += d; }
        { let d = dy[row + columns[1]]; a1 += d * xa; b1 += d * xb; s1 += d; }
        { let d = dy[row + columns[2]]; a2 += d * xa; b2 += d * xb; s2 += d; }
        { let d = dy[row + columns[3]]; a3 += d * xa; b3 += d * xb; s3 += d; }
        { let d = dy[row + columns[4]]; a4 += d * xa; b4 += d * xb; s4 += d; }
        { let d = dy[row + columns[5]]; a5 += d * xa; b5 += d * xb; s5 += d; }
        { let d = dy[row + columns[6]]; a6 += d * xa; b6 += d * xb; s6 += d; }
        { let d = dy[row + columns[7]]; a7 += d * xa; b7 += d * xb; s7 += d; }
    }
    store_dweight(o + 0u, i, a0, b0, s0);
    store_dweight(o + 1u, i, a1, b1, s1);
    store_dweight(o + 2u, i, a2, b2, s2);
    store_dweight(o + 3u, i, a3, b3, s3);
    store_dweight(o + 4u, i, a4, b4, s4);
    store_dweight(o + 5u, i, a5, b5, s5);
    store_dweight(o + 6u, i, a6, b6, s6);
    store_dweight(o + 7u, i, a7, b7, s7);
}
