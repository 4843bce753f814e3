// Each thread sums four columns of ROWS rows. The lanes of a subgroup fetch the left operand together, one place in
// depth each, and hand it round by shuffles; there is no workgroup memory and no barrier. For GPUs whose shuffles are
// fast. A sum is taken in order of depth, so it is the same at every size of a subgroup. See operands.wgsl.

import "subgroup/shared/operands.wgsl";

const WORKGROUP_SIZE = 64u;
const ROWS = 8u;
const COLUMNS = 4u * WORKGROUP_SIZE;

// A thread's place in the grid of tiles, and its lane in the subgroup.
struct Place {
    row: u32,     // of the first of its rows
    column: u32,  // of the first of its four columns
    part: u32,
    outside: bool,
    lane: u32,
    lanes: u32,
}

// A thread's results, or one place of the left operand for each of its rows.
struct Sums {
    upper: mat4x4f,
    lower: mat4x4f,
}

struct Rows {
    upper: vec4f,
    lower: vec4f,
}

fn place_of(index: u32, group: u32, rows: u32, columns: u32, parts: u32, lane: u32, lanes: u32) -> Place {
    let high = (rows + ROWS - 1u) / ROWS;
    let wide = (columns + COLUMNS - 1u) / COLUMNS;
    let part = group / (high * wide);
    let column = group % wide * COLUMNS + index * 4u;
    return Place(group / wide % high * ROWS, column, part, part >= parts, lane, lanes);
}

// Adds the products of one place in depth, whose left operand lies in lane `giver`.
fn multiply(before: Sums, mine: Rows, giver: u32, columns: vec4f) -> Sums {
    let upper = subgroupShuffle(mine.upper, giver);
    let lower = subgroupShuffle(mine.lower, giver);
    var sums = before;
    sums.upper += mat4x4f(upper.x * columns, upper.y * columns, upper.z * columns, upper.w * columns);
    sums.lower += mat4x4f(lower.x * columns, lower.y * columns, lower.z * columns, lower.w * columns);
    return sums;
}

// One place in depth of weight (O, taps), or of weightᵀ (C, O·KH·KW), for ROWS rows. Loops over few neighbours are
// left to the drivers to unroll: spelled out, the code is so long that software adapters compile it for minutes.
fn weights(row: u32, place: vec3u, transposed: bool) -> Rows {
    var rows: Rows;
    for (var r = 0u; r < 4u; r++) {
        rows.upper[r] = one_weight(row + r, place, transposed);
        rows.lower[r] = one_weight(row + r + 4u, place, transposed);
    }
    return rows;
}

fn one_weight(own: u32, place: vec3u, transposed: bool) -> f32 {
    return weight_at(select(own, place.x, transposed), vec3u(select(place.x, own, transposed), place.yz));
}

fn gradients(o: u32, pixel: vec3u) -> Rows {
    var rows: Rows;
    for (var r = 0u; r < 4u; r++) {
        rows.upper[r] = d_at(o + r, pixel);
        rows.lower[r] = d_at(o + r + 4u, pixel);
    }
    return rows;
}

fn forward_sums(place: Place) -> Sums {
    var pixels: array<vec3u, 4>;
    for (var i = 0u; i < 4u; i++) { pixels[i] = pixel_of(place.column + i); }
    var tap = vec3u();
    var sums: Sums;
    for (var depth = 0u; depth < count(params.taps); depth += place.lanes) {
        let mine = weights(place.row, unflatten(depth + place.lane, params.taps), false);
        for (var k = 0u; k < place.lanes; k++) {
            var values: vec4f;
            for (var i = 0u; i < 4u; i++) { values[i] = x_at(tap, pixels[i]); }
            sums = multiply(sums, mine, k, values);
            tap = next(tap, params.taps);
        }
    }
    return sums;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(
    @builtin(local_invocation_index) index: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(subgroup_invocation_id) lane: u32,
    @builtin(subgroup_size) lanes: u32,
) {
    let tile = group.y * workgroups.x + group.x;
    let place = place_of(index, tile, params.outputs, columns_of_y(), 1u, lane, lanes);
    if place.outside { return; }
    var sums = forward_sums(place);
    for (var r = 0u; r < 4u; r++) {
        store_y(place.row + r, place.column, sums.upper[r]);
        store_y(place.row + 4u + r, place.column, sums.lower[r]);
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_pooled(
    @builtin(local_invocation_index) index: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(subgroup_invocation_id) lane: u32,
    @builtin(subgroup_size) lanes: u32,
) {
    let tile = group.y * workgroups.x + group.x;
    let place = place_of(index, tile, params.outputs, columns_of_y(), 1u, lane, lanes);
    if place.outside { return; }
    var sums = forward_sums(place);
    for (var r = 0u; r < 4u; r++) {
        store_pooled(place.row + r, place.column, sums.upper[r]);
        store_pooled(place.row + 4u + r, place.column, sums.lower[r]);
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(
    @builtin(local_invocation_index) index: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(subgroup_invocation_id) lane: u32,
    @builtin(subgroup_size) lanes: u32,
) {
    let tile = group.y * workgroups.x + group.x;
    let place = place_of(index, tile, params.taps.x, count(params.x), 1u, lane, lanes);
    if place.outside { return; }
    let size = vec3u(params.outputs, params.taps.yz);
    var pixels: array<vec3u, 4>;
    for (var i = 0u; i < 4u; i++) { pixels[i] = unflatten(place.column + i, params.x); }
    var at = vec3u();
    var sums: Sums;
    for (var depth = 0u; depth < count(size); depth += place.lanes) {
        let mine = weights(place.row, unflatten(depth + place.lane, size), true);
        for (var k = 0u; k < place.lanes; k++) {
            var values: vec4f;
            for (var i = 0u; i < 4u; i++) { values[i] = d_met(at, pixels[i]); }
            sums = multiply(sums, mine, k, values);
            at = next(at, size);
        }
    }
    for (var r = 0u; r < 4u; r++) {
        store_dx(place.row + r, place.column, sums.upper[r]);
        store_dx(place.row + 4u + r, place.column, sums.lower[r]);
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_weight(
    @builtin(local_invocation_index) index: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(subgroup_invocation_id) lane: u32,
    @builtin(subgroup_size) lanes: u32,
) {
    let tile = group.y * workgroups.x + group.x;
    let columns = count(params.taps) + 1u;
    let place = place_of(index, tile, params.outputs, columns, params.splits, lane, lanes);
    if place.outside { return; }
    var taps: array<vec3u, 4>;
    for (var i = 0u; i < 4u; i++) { taps[i] = unflatten(place.column + i, params.taps); }
    let begin = place.part * params.split;
    let end = min(begin + params.split, count(params.map));
    var pixel = unflatten(begin, params.map);
    var sums: Sums;
    for (var depth = begin; depth < end; depth += place.lanes) {
        var mine = gradients(place.row, unflatten(depth + place.lane, params.map));
        // The pixels behind the part are the next one's.
        if depth + place.lane >= end { mine = Rows(); }
        for (var k = 0u; k < place.lanes; k++) {
            var values: vec4f;
            for (var i = 0u; i < 4u; i++) { values[i] = x_or_one(taps[i], pixel); }
            sums = multiply(sums, mine, k, values);
            pixel = next(pixel, params.map);
        }
    }
    for (var r = 0u; r < 4u; r++) {
        store_sums(place.part, place.row + r, place.column, sums.upper[r]);
        store_sums(place.part, place.row + 4u + r, place.column, sums.lower[r]);
    }
}
