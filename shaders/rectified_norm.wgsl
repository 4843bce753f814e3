// Batch normalisation over rows and pixels of each channel, and the rectified linear unit behind it: four values at a time.
//   y = rectified(z), z = (x - mean) · scale + bias, scale = weight / √(var + eps)
//   dx = scale · (d - Σd / NHW - x̂ · Σ(d·x̂) / NHW), d = dy where the unit passes it, x̂ = (x - mean) / √(var + eps)
// Twin: src/ops/rectified_norm/proof.rs. Source: torch.nn.functional.batch_norm, relu, relu6.
//
// Planes hold whole groups of four: what reads a scalar at a time takes ten times as long on software adapters. Threads take
// up to 16 groups of a plane at a time, as to find a place takes them longer than a group. `statistics` goes over the values
// once: it sums up their distances from the mean of the channel's first ones, and the squares of these, which cancel by no
// more than that mean's own distance from the mean of all. Threads' sums are added up in their order.
// On GPUs the threads of a workgroup, a team, go over a channel's planes in some rows side by side, so that neighbours read
// neighbours, and add up their sums in the order of a tree.
//
// Texels: x, dy

import "shared/rectifier.wgsl";

struct Params {
    rows: u32,       // N
    channels: u32,   // C
    quads: u32,      // H·W / 4
    rectifier: u32,  // none, RELU or RELU6
    eps: f32,
    momentum: f32,   // share of the new batch in the running statistics
    segment: u32,    // groups of four that a thread takes of a plane; for sums also how many make the first mean
    segments: u32,   // that make a plane: quads / segment, rounded up; 1 for sums of teams
    planes: u32,     // forward, backward_input: planes that a thread takes
    slices: u32,     // sums: parts of the rows that are added up apart
    slice: u32,      // sums: rows in one, rounded up
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;                  // (N, C, H·W/4)
@group(0) @binding(2) var<storage, read> weight: array<f32>;               // (C)
@group(0) @binding(3) var<storage, read> bias: array<f32>;                 // (C)
@group(0) @binding(4) var<storage, read_write> running_mean: array<f32>;   // (C)
@group(0) @binding(5) var<storage, read_write> running_var: array<f32>;    // (C), unbiased
@group(0) @binding(6) var<storage, read_write> table_out: array<vec4f>;    // (C): mean, scale, bias, 1 / √(var + eps)
@group(0) @binding(7) var<storage, read> table: array<vec4f>;              // the same, read back
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;            // as x
@group(0) @binding(9) var<storage, read> dy: array<vec4f>;                 // as x
@group(0) @binding(10) var<storage, read_write> dweight: array<f32>;       // (C)
@group(0) @binding(11) var<storage, read_write> dbias: array<f32>;         // (C)
@group(0) @binding(12) var<storage, read_write> shares_out: array<vec4f>;  // (C): of x - mean, and of 1, in dx / scale
@group(0) @binding(13) var<storage, read> shares: array<vec4f>;            // the same, read back
@group(0) @binding(14) var<storage, read_write> dx: array<vec4f>;          // as x
@group(0) @binding(15) var<storage, read_write> parts_out: array<vec2f>;   // (slices, C, segments)
@group(0) @binding(16) var<storage, read> parts: array<vec2f>;             // the same, read back

// What a thread sums up: groups first to end of the planes of channel c, in some rows.
struct Share { c: u32, first: u32, end: u32, row: u32, behind: u32 }

fn share_of(thread: u32) -> Share {
    let first = thread % params.segments * params.segment;
    let c = thread / params.segments % params.channels;
    let row = thread / params.segments / params.channels * params.slice;
    return Share(
        c, first, min(first + params.segment, params.quads), row, min(row + params.slice, params.rows),
    );
}

// Whether there is such a thread: those behind the last slice have no rows.
fn is_inside(thread: u32) -> bool {
    return thread < params.slices * params.channels * params.segments;
}

// Where a team's values lie.
struct TeamShare { c: u32, row: u32, values: u32 }

fn team_share_of(team: u32) -> TeamShare {
    let row = team / params.channels * params.slice;
    let rows = min(row + params.slice, params.rows) - min(row, params.rows);
    return TeamShare(team % params.channels, row, rows * params.quads);
}

fn place_in(s: TeamShare, index: u32) -> u32 {
    let row = index / params.quads;
    return ((s.row + row) * params.channels + s.c) * params.quads + index - row * params.quads;
}

var<workgroup> team_sums: array<vec2f, WORKGROUP_SIZE>;

// What a team's threads have summed up, for its first one.
fn added_up(lane: u32, own: vec2f) -> vec2f {
    team_sums[lane] = own;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { team_sums[lane] += team_sums[lane + half]; }
    }
    return team_sums[lane];
}

// Both sums of a channel.
fn total(c: u32) -> vec2f {
    var sum = vec2f(0.0);
    // llvmpipe (Mesa 22.3) builds a program anew at each dispatch whose uniforms alone decide loops; this is 0.
    let zero = c >> 31u;
    for (var slice = 0u; slice < params.slices + zero; slice++) {
        let first = (slice * params.channels + c) * params.segments;
        var of_slice = vec2f(0.0);
        for (var s = 0u; s < params.segments + zero; s++) { of_slice += parts[first + s]; }
        sum += of_slice;
    }
    return sum;
}

fn entry(c: u32, mean: f32, variance: f32) -> vec4f {
    let inverse = 1.0 / sqrt(variance + params.eps);
    return vec4f(mean, weight[c] * inverse, bias[c], inverse);
}

// The mean of the channel's first values: no further from that of all than a fraction of their deviation, as a rule.
fn pivot_of(c: u32) -> f32 {
    var sum = vec4f(0.0);
    let zero = c >> 31u;
    for (var q = 0u; q < params.segment + zero; q++) { sum += x[c * params.quads + q]; }
    return dot(sum, vec4f(1.0)) / f32(4u * params.segment);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn distances(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if !is_inside(index) { return; }
    let s = share_of(index);
    let pivot = pivot_of(s.c);
    var all_sums = vec4f(0.0);
    var all_squares = vec4f(0.0);
    for (var n = s.row; n < s.behind; n++) {
        let plane = (n * params.channels + s.c) * params.quads;
        // Sums of sums are rounded less than long sums.
        var sums = vec4f(0.0);
        var squares = vec4f(0.0);
        for (var q = s.first; q < s.end; q++) {
            let distance = x[plane + q] - pivot;
            sums += distance;
            squares += distance * distance;
        }
        all_sums += sums;
        all_squares += squares;
    }
    let ones = vec4f(1.0);
    parts_out[index] = vec2f(dot(all_sums, ones), dot(all_squares, ones));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn team_distances(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
) {
    let team = group.y * workgroups.x + group.x;
    if !is_inside(team) { return; }
    let s = team_share_of(team);
    let pivot = pivot_of(s.c);
    var sums = vec4f(0.0);
    var squares = vec4f(0.0);
    for (var index = lane; index < s.values; index += WORKGROUP_SIZE) {
        let distance = x[place_in(s, index)] - pivot;
        sums += distance;
        squares += distance * distance;
    }
    let all = added_up(lane, vec2f(dot(sums, vec4f(1.0)), dot(squares, vec4f(1.0))));
    if lane == 0u { parts_out[team] = all; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn statistics(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let c = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if c >= params.channels { return; }
    let all = total(c);
    let count = f32(4u * params.rows * params.quads);
    let off = all.x / count;
    let mean = pivot_of(c) + off;
    // Rounding may leave less than nothing.
    let centred = max(all.y - all.x * off, 0.0);
    table_out[c] = entry(c, mean, centred / count);
    running_mean[c] += params.momentum * (mean - running_mean[c]);
    running_var[c] += params.momentum * (centred / (count - 1.0) - running_var[c]);
}

// The table of running statistics.
@compute @workgroup_size(WORKGROUP_SIZE)
fn running(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let c = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if c >= params.channels { return; }
    table_out[c] = entry(c, running_mean[c], running_var[c]);
}

fn each_rectified(z: vec4f) -> vec4f {
    return vec4f(
        rectified(z.x, params.rectifier), rectified(z.y, params.rectifier),
        rectified(z.z, params.rectifier), rectified(z.w, params.rectifier),
    );
}

// The planes that a thread of the kernels below goes through, and its groups in each.
struct Planes { plane: u32, behind: u32, first: u32, end: u32 }

fn planes_of(thread: u32) -> Planes {
    let plane = thread / params.segments * params.planes;
    let first = thread % params.segments * params.segment;
    return Planes(
        plane, min(plane + params.planes, params.rows * params.channels),
        first, min(first + params.segment, params.quads),
    );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let all = planes_of(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    for (var plane = all.plane; plane < all.behind; plane++) {
        let t = table[plane % params.channels];
        for (var q = all.first; q < all.end; q++) {
            let at = plane * params.quads + q;
            y[at] = each_rectified((x[at] - t.x) * t.y + t.z);
        }
    }
}

// What of dy gets through the unit behind the values `centred` + mean.
fn each_passed(centred: vec4f, t: vec4f, d: vec4f) -> vec4f {
    let z = centred * t.y + t.z;
    return vec4f(
        passed(z.x, d.x, params.rectifier), passed(z.y, d.y, params.rectifier),
        passed(z.z, d.z, params.rectifier), passed(z.w, d.w, params.rectifier),
    );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn products(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if !is_inside(index) { return; }
    let s = share_of(index);
    let t = table[s.c];
    var all_products = vec4f(0.0);
    var all_sums = vec4f(0.0);
    for (var n = s.row; n < s.behind; n++) {
        let plane = (n * params.channels + s.c) * params.quads;
        var weighted = vec4f(0.0);
        var sums = vec4f(0.0);
        for (var q = s.first; q < s.end; q++) {
            let centred = x[plane + q] - t.x;
            let d = each_passed(centred, t, dy[plane + q]);
            weighted += d * centred;
            sums += d;
        }
        all_products += weighted;
        all_sums += sums;
    }
    let ones = vec4f(1.0);
    parts_out[index] = vec2f(dot(all_products, ones) * t.w, dot(all_sums, ones));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn team_products(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
) {
    let team = group.y * workgroups.x + group.x;
    if !is_inside(team) { return; }
    let s = team_share_of(team);
    let t = table[s.c];
    var weighted = vec4f(0.0);
    var sums = vec4f(0.0);
    for (var index = lane; index < s.values; index += WORKGROUP_SIZE) {
        let place = place_in(s, index);
        let centred = x[place] - t.x;
        let d = each_passed(centred, t, dy[place]);
        weighted += d * centred;
        sums += d;
    }
    let all = added_up(lane, vec2f(dot(weighted, vec4f(1.0)) * t.w, dot(sums, vec4f(1.0))));
    if lane == 0u { parts_out[team] = all; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_parameters(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let c = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if c >= params.channels { return; }
    let all = total(c);
    let count = f32(4u * params.rows * params.quads);
    dweight[c] = all.x;
    dbias[c] = all.y;
    shares_out[c] = vec4f(all.x * table[c].w / count, all.y / count, 0.0, 0.0);
}

// The batch's own mean and variance depend on x, hence the two shares.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let all = planes_of(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    for (var plane = all.plane; plane < all.behind; plane++) {
        let t = table[plane % params.channels];
        let s = shares[plane % params.channels];
        for (var q = all.first; q < all.end; q++) {
            let at = plane * params.quads + q;
            let centred = x[at] - t.x;
            dx[at] = t.y * (each_passed(centred, t, dy[at]) - s.y - centred * s.x);
        }
    }
}

// Of statistics that do not depend on x.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input_frozen(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
) {
    let all = planes_of(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    for (var plane = all.plane; plane < all.behind; plane++) {
        let t = table[plane % params.channels];
        for (var q = all.first; q < all.end; q++) {
            let at = plane * params.quads + q;
            dx[at] = t.y * each_passed(x[at] - t.x, t, dy[at]);
        }
    }
}
