// Fully connected layer in register tiles: I and O in fours, four values to a vec4.
//   y[n,o] = bias[o] + Σ_i weight[o,i] · x[n,i]
// Twin: src/reference/dense.rs. Source: torch.nn.functional.linear.
//
// A thread computes 8 rows × 8 outputs (forward), 8 rows × 8 inputs (backward_input) or 8 outputs × 8 inputs
// (backward_weight): one load for four multiply-adds of vec4. Tiles that reach over the edge read the last row or
// group again and store nothing there.

struct Params {
    rows: u32,      // N
    inputs: u32,    // I / 4
    outputs: u32,   // O
    reserved: u32,
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;              // (N, I/4)
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;         // (O, I/4)
@group(0) @binding(3) var<storage, read> bias: array<f32>;             // (O)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;          // (N, O)
@group(0) @binding(5) var<storage, read> dy: array<vec4f>;             // (N, O/4)
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f>;       // (N, I/4)
@group(0) @binding(7) var<storage, read_write> dweight: array<vec4f>;  // (O, I/4)

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
    if o < params.outputs { y[n * params.outputs + o] = sum + bias[o]; }
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

fn store_dx(n: u32, i: u32, a: vec4f, b: vec4f) {
    if n >= params.rows { return; }
    dx[n * params.inputs + i] = a;
    if i + 1u < params.inputs { dx[n * params.inputs + i + 1u] = b; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let blocks = (params.inputs + 1u) / 2u;
    let i = index % blocks * 2u;
    let n = index / blocks * 8u;
    if n >= params.rows { return; }
    let second = min(i + 1u, params.inputs - 1u);
    let rows = starts(n, params.rows, params.outputs / 4u);
    var a0 = vec4f(0.0); var b0 = vec4f(0.0);
    var a1 = vec4f(0.0); var b1 = vec4f(0.0);
    var a2 = vec4f(0.0); var b2 = vec4f(0.0);
    var a3 = vec4f(0.0); var b3 = vec4f(0.0);
    var a4 = vec4f(0.0); var b4 = vec4f(0.0);
    var a5 = vec4f(0.0); var b5 = vec4f(0.0);
    var a6 = vec4f(0.0); var b6 = vec4f(0.0);
    var a7 = vec4f(0.0); var b7 = vec4f(0.0);
    for (var o = 0u; o < params.outputs / 4u; o++) {
        let w = 4u * o * params.inputs;
        let wa0 = weight[w + i]; let wb0 = weight[w + second];
        let wa1 = weight[w + params.inputs + i]; let wb1 = weight[w + params.inputs + second];
        let wa2 = weight[w + 2u * params.inputs + i]; let wb2 = weight[w + 2u * params.inputs + second];
        let wa3 = weight[w + 3u * params.inputs + i]; let wb3 = weight[w + 3u * params.inputs + second];
        { let d = dy[rows[0] + o]; a0 += d.x * wa0 + d.y * wa1 + d.z * wa2 + d.w * wa3; b0 += d.x * wb0 + d.y * wb1 + d.z * wb2 + d.w * wb3; }
        { let d = dy[rows[1] + o]; a1 += d.x * wa0 + d.y * wa1 + d.z * wa2 + d.w * wa3; b1 += d.x * wb0 + d.y * wb1 + d.z * wb2 + d.w * wb3; }
        { let d = dy[rows[2] + o]; a2 += d.x * wa0 + d.y * wa1 + d.z * wa2 + d.w * wa3; b2 += d.x * wb0 + d.y * wb1 + d.z * wb2 + d.w * wb3; }
        { let d = dy[rows[3] + o]; a3 += d.x * wa0 + d.y * wa1 + d.z * wa2 + d.w * wa3; b3 += d.x * wb0 + d.y * wb1 + d.z * wb2 + d.w * wb3; }
        { let d = dy[rows[4] + o]; a4 += d.x * wa0 + d.y * wa1 + d.z * wa2 + d.w * wa3; b4 += d.x * wb0 + d.y * wb1 + d.z * wb2 + d.w * wb3; }
        { let d = dy[rows[5] + o]; a5 += d.x * wa0 + d.y * wa1 + d.z * wa2 + d.w * wa3; b5 += d.x * wb0 + d.y * wb1 + d.z * wb2 + d.w * wb3; }
        { let d = dy[rows[6] + o]; a6 += d.x * wa0 + d.y * wa1 + d.z * wa2 + d.w * wa3; b6 += d.x * wb0 + d.y * wb1 + d.z * wb2 + d.w * wb3; }
        { let d = dy[rows[7] + o]; a7 += d.x * wa0 + d.y * wa1 + d.z * wa2 + d.w * wa3; b7 += d.x * wb0 + d.y * wb1 + d.z * wb2 + d.w * wb3; }
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

fn store_dweight(o: u32, i: u32, a: vec4f, b: vec4f) {
    if o >= params.outputs { return; }
    dweight[o * params.inputs + i] = a;
    if i + 1u < params.inputs { dweight[o * params.inputs + i + 1u] = b; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_weight(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let blocks = (params.inputs + 1u) / 2u;
    let i = index % blocks * 2u;
    let o = index / blocks * 8u;
    if o >= params.outputs { return; }
    let second = min(i + 1u, params.inputs - 1u);
    let out_groups = params.outputs / 4u;
    let group = o / 4u;
    let next = min(group + 1u, out_groups - 1u);
    var a0 = vec4f(0.0); var b0 = vec4f(0.0);
    var a1 = vec4f(0.0); var b1 = vec4f(0.0);
    var a2 = vec4f(0.0); var b2 = vec4f(0.0);
    var a3 = vec4f(0.0); var b3 = vec4f(0.0);
    var a4 = vec4f(0.0); var b4 = vec4f(0.0);
    var a5 = vec4f(0.0); var b5 = vec4f(0.0);
    var a6 = vec4f(0.0); var b6 = vec4f(0.0);
    var a7 = vec4f(0.0); var b7 = vec4f(0.0);
    for (var n = 0u; n < params.rows; n++) {
        let da = dy[n * out_groups + group];
        let db = dy[n * out_groups + next];
        let xa = x[n * params.inputs + i];
        let xb = x[n * params.inputs + second];
        a0 += da.x * xa; b0 += da.x * xb;
        a1 += da.y * xa; b1 += da.y * xb;
        a2 += da.z * xa; b2 += da.z * xb;
        a3 += da.w * xa; b3 += da.w * xb;
        a4 += db.x * xa; b4 += db.x * xb;
        a5 += db.y * xa; b5 += db.y * xb;
        a6 += db.z * xa; b6 += db.z * xb;
        a7 += db.w * xa; b7 += db.w * xb;
    }
    store_dweight(o + 0u, i, a0, b0);
    store_dweight(o + 1u, i, a1, b1);
    store_dweight(o + 2u, i, a2, b2);
    store_dweight(o + 3u, i, a3, b3);
    store_dweight(o + 4u, i, a4, b4);
    store_dweight(o + 5u, i, a5, b5);
    store_dweight(o + 6u, i, a6, b6);
    store_dweight(o + 7u, i, a7, b7);
}
