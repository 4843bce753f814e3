// Convolution of 1×1 taps: a product of matrices over the pixels of all images, four pixels of a plane at a time.
//   y[n,o,p] = Σ_c weight[o,c] · x[n,c,p];  dweight[o,c] = Σ_{n,p} dy[n,o,p] · x[n,c,p]
// With the transposed weight `forward` gives dx from dy. Twin: src/ops/conv2d/twin.rs. Source: torch.nn.functional.conv2d.
//
// A subgroup has eight lanes. Each lane fetches one row of the smaller operand and gets those of the others by broadcast,
// which takes software adapters a tenth of a load; the other operand is each lane's own. So a lane of `forward` sums
// four pixels × up to 40 outputs, and one of `sums` four rows of one matrix × up to 40 of the other.
//
// Texels: x, weight, flat_weight, a, b, parts

struct Params {
    rows: u32,      // N
    channels: u32,  // C, of x
    outputs: u32,   // O, of y
    quads: u32,     // H·W / 4
    wide: u32,      // sums: rows of a, the matrix whose rows are each lane's own
    narrow: u32,    // sums: rows of b, the one whose rows are handed round
    slices: u32,    // sums: parts of the pixels that are added up apart
    slice: u32,     // sums: groups of four pixels in one, rounded up
    first: u32,     // sums: the first slice, where the batch comes in parts
}

const WORKGROUP_SIZE = 64u;
const LANES = 8u;
// Groups of four channels that are summed up by themselves.
const RUN = 16u;
// Rows of a that a subgroup takes, four each lane.
const WIDE = 32u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;                    // (N, C, H·W/4)
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;               // (O, C/4)
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;              // (N, O, H·W/4)
@group(0) @binding(4) var<storage, read> flat_weight: array<f32>;            // (C, O): what is transposed
@group(0) @binding(5) var<storage, read_write> transposed: array<vec4f>;     // (O, C/4)
@group(0) @binding(6) var<storage, read> a: array<vec4f>;                    // (N, wide, H·W/4): x or dy
@group(0) @binding(7) var<storage, read> b: array<vec4f>;                    // (N, narrow, H·W/4): the other one
@group(0) @binding(8) var<storage, read_write> parts_out: array<f32>;        // (slices, narrow, wide)
@group(0) @binding(9) var<storage, read> parts: array<f32>;                  // the same, read back
@group(0) @binding(10) var<storage, read_write> dweight: array<f32>;         // (O, C)

// One vector for each row that is handed round.
struct Eight { a: vec4f, b: vec4f, c: vec4f, d: vec4f, e: vec4f, f: vec4f, g: vec4f, h: vec4f }

struct Tile { a: Eight, b: Eight, c: Eight, d: Eight, e: Eight }

fn plus(s: Eight, t: Eight) -> Eight {
    return Eight(s.a + t.a, s.b + t.b, s.c + t.c, s.d + t.d, s.e + t.e, s.f + t.f, s.g + t.g, s.h + t.h);
}

// Sums over four channels: `v` has four pixels of each, `w` the lane's row of the weight.
fn add_pixels(s: Eight, v: mat4x4f, w: vec4f) -> Eight {
    return Eight(
        s.a + v * subgroupBroadcast(w, 0u), s.b + v * subgroupBroadcast(w, 1u),
        s.c + v * subgroupBroadcast(w, 2u), s.d + v * subgroupBroadcast(w, 3u),
        s.e + v * subgroupBroadcast(w, 4u), s.f + v * subgroupBroadcast(w, 5u),
        s.g + v * subgroupBroadcast(w, 6u), s.h + v * subgroupBroadcast(w, 7u),
    );
}

// Sums over four pixels: `v` has those of the lane's four rows, `w` those of its row of b.
fn add_rows(s: Eight, v: mat4x4f, w: vec4f) -> Eight {
    return Eight(
        s.a + subgroupBroadcast(w, 0u) * v, s.b + subgroupBroadcast(w, 1u) * v,
        s.c + subgroupBroadcast(w, 2u) * v, s.d + subgroupBroadcast(w, 3u) * v,
        s.e + subgroupBroadcast(w, 4u) * v, s.f + subgroupBroadcast(w, 5u) * v,
        s.g + subgroupBroadcast(w, 6u) * v, s.h + subgroupBroadcast(w, 7u) * v,
    );
}

fn weight_of(o: u32, c4: u32) -> vec4f {
    // Lanes beyond the last output must fetch something, as all take part; nobody stores what comes of it.
    return weight[min(o, params.outputs - 1u) * (params.channels / 4u) + c4];
}

fn store_one(at: u32, o: u32, value: vec4f) {
    if o < params.outputs { y[at + o * params.quads] = value; }
}

fn store_pixels(at: u32, o: u32, s: Eight) {
    store_one(at, o, s.a); store_one(at, o + 1u, s.b); store_one(at, o + 2u, s.c); store_one(at, o + 3u, s.d);
    store_one(at, o + 4u, s.e); store_one(at, o + 5u, s.f); store_one(at, o + 6u, s.g); store_one(at, o + 7u, s.h);
}

// A workgroup takes 64 groups of four pixels × `blocks` times eight outputs. `blocks` is a constant of each entry point, and
// what is beyond it is no part of that kernel.
fn multiply(workgroup: u32, thread: u32, lane: u32, blocks: u32) {
    let all = params.rows * params.quads;
    let across = (all + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
    let o = workgroup / across * blocks * LANES;
    let q = workgroup % across * WORKGROUP_SIZE + thread;
    let held = min(q, all - 1u);
    let n = held / params.quads;
    let p = held % params.quads;
    var at = n * params.channels * params.quads + p;
    // llvmpipe (Mesa 22.3) builds a program anew at each dispatch whose uniforms alone decide loops; this is 0.
    let zero = thread >> 31u;
    let end = params.channels / 4u + zero;
    var t = Tile();
    for (var first = 0u; first < end; first += RUN) {
        // Sums of sums are rounded less than long sums.
        var s = Tile();
        for (var c4 = first; c4 < min(first + RUN, end); c4++) {
            let v = mat4x4f(x[at], x[at + params.quads], x[at + 2u * params.quads], x[at + 3u * params.quads]);
            at += 4u * params.quads;
            s.a = add_pixels(s.a, v, weight_of(o + lane, c4));
            s.b = add_pixels(s.b, v, weight_of(o + lane + 8u, c4));
            if blocks > 2u { s.c = add_pixels(s.c, v, weight_of(o + lane + 16u, c4)); }
            if blocks > 3u { s.d = add_pixels(s.d, v, weight_of(o + lane + 24u, c4)); }
            if blocks > 4u { s.e = add_pixels(s.e, v, weight_of(o + lane + 32u, c4)); }
        }
        t = Tile(plus(t.a, s.a), plus(t.b, s.b), plus(t.c, s.c), plus(t.d, s.d), plus(t.e, s.e));
    }
    if q >= all { return; }
    let first = n * params.outputs * params.quads + p;
    store_pixels(first, o, t.a);
    store_pixels(first, o + 8u, t.b);
    if blocks > 2u { store_pixels(first, o + 16u, t.c); }
    if blocks > 3u { store_pixels(first, o + 24u, t.d); }
    if blocks > 4u { store_pixels(first, o + 32u, t.e); }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward2(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    multiply(group.y * workgroups.x + group.x, thread, lane, 2u);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward3(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    multiply(group.y * workgroups.x + group.x, thread, lane, 3u);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward4(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    multiply(group.y * workgroups.x + group.x, thread, lane, 4u);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward5(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    multiply(group.y * workgroups.x + group.x, thread, lane, 5u);
}

// For dx: inputs and outputs are exchanged, so channels are those of dy.
@compute @workgroup_size(WORKGROUP_SIZE)
fn transpose_weight(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let o = index % params.outputs;
    let c4 = index / params.outputs;
    if 4u * c4 >= params.channels { return; }
    let first = 4u * c4 * params.outputs + o;
    transposed[o * (params.channels / 4u) + c4] = vec4f(
        flat_weight[first], flat_weight[first + params.outputs],
        flat_weight[first + 2u * params.outputs], flat_weight[first + 3u * params.outputs],
    );
}

fn store_sum(at: u32, w: u32, value: f32) {
    if w < params.wide { parts_out[at + w] = value; }
}

// The row of parts that belongs to row `r` of b; w is the lane's first row of a.
fn store_row(slice: u32, r: u32, w: u32, s: vec4f) {
    if r >= params.narrow { return; }
    let at = (slice * params.narrow + r) * params.wide;
    store_sum(at, w, s.x);
    store_sum(at, w + 8u, s.y);
    store_sum(at, w + 16u, s.z);
    store_sum(at, w + 24u, s.w);
}

fn store_rows(slice: u32, r: u32, w: u32, s: Eight) {
    store_row(slice, r, w, s.a); store_row(slice, r + 1u, w, s.b);
    store_row(slice, r + 2u, w, s.c); store_row(slice, r + 3u, w, s.d);
    store_row(slice, r + 4u, w, s.e); store_row(slice, r + 5u, w, s.f);
    store_row(slice, r + 6u, w, s.g); store_row(slice, r + 7u, w, s.h);
}

// Where the plane of row `r` of a matrix starts in an image, or that of its last one.
fn plane_of(r: u32, rows: u32) -> u32 {
    return min(r, rows - 1u) * params.quads;
}

// A subgroup takes one slice × 32 rows of a × `blocks` times eight rows of b.
fn add_up(workgroup: u32, subgroup: u32, lane: u32, blocks: u32) {
    let across = (params.wide + WIDE - 1u) / WIDE;
    let down = (params.narrow + blocks * LANES - 1u) / (blocks * LANES);
    let index = workgroup * (WORKGROUP_SIZE / LANES) + subgroup;
    let slice = index / (across * down);
    let w = index % across * WIDE + lane;
    let r = index / across % down * blocks * LANES;
    let a0 = plane_of(w, params.wide);
    let a1 = plane_of(w + 8u, params.wide);
    let a2 = plane_of(w + 16u, params.wide);
    let a3 = plane_of(w + 24u, params.wide);
    let b0 = plane_of(r + lane, params.narrow);
    let b1 = plane_of(r + lane + 8u, params.narrow);
    let b2 = plane_of(r + lane + 16u, params.narrow);
    let b3 = plane_of(r + lane + 24u, params.narrow);
    let b4 = plane_of(r + lane + 32u, params.narrow);
    let first = slice * params.slice;
    // None for subgroups beyond the last slice.
    let end = min(first + params.slice, params.rows * params.quads);
    var n = first / params.quads;
    var p = first % params.quads;
    var t = Tile();
    for (var q = first; q < end; q++) {
        let of_a = n * params.wide * params.quads + p;
        let of_b = n * params.narrow * params.quads + p;
        let v = mat4x4f(a[of_a + a0], a[of_a + a1], a[of_a + a2], a[of_a + a3]);
        t.a = add_rows(t.a, v, b[of_b + b0]);
        t.b = add_rows(t.b, v, b[of_b + b1]);
        if blocks > 2u { t.c = add_rows(t.c, v, b[of_b + b2]); }
        if blocks > 3u { t.d = add_rows(t.d, v, b[of_b + b3]); }
        if blocks > 4u { t.e = add_rows(t.e, v, b[of_b + b4]); }
        let is_last = p + 1u == params.quads;
        n += select(0u, 1u, is_last);
        p = select(p + 1u, 0u, is_last);
    }
    if slice >= params.slices { return; }
    store_rows(params.first + slice, r, w, t.a);
    store_rows(params.first + slice, r + 8u, w, t.b);
    if blocks > 2u { store_rows(params.first + slice, r + 16u, w, t.c); }
    if blocks > 3u { store_rows(params.first + slice, r + 24u, w, t.d); }
    if blocks > 4u { store_rows(params.first + slice, r + 32u, w, t.e); }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn sums2(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    add_up(group.y * workgroups.x + group.x, subgroup, lane, 2u);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn sums3(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    add_up(group.y * workgroups.x + group.x, subgroup, lane, 3u);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn sums4(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    add_up(group.y * workgroups.x + group.x, subgroup, lane, 4u);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn sums5(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    add_up(group.y * workgroups.x + group.x, subgroup, lane, 5u);
}

// Adds the slices up in their order; dweight is the matrix of sums where a is x, or its transpose.
fn total(index: u32) -> f32 {
    let count = params.wide * params.narrow;
    var sum = 0.0;
    for (var s = 0u; s < params.slices; s++) { sum += parts[s * count + index]; }
    return sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn reduce(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.wide * params.narrow { return; }
    dweight[index] = total(index);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn reduce_transposed(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.wide * params.narrow { return; }
    dweight[index % params.wide * params.narrow + index / params.wide] = total(index);
}
