// What becomes of the results of a tile: y as it is, behind a ReLU, or pooled; dx; dweight and dbias, or parts of them.
// Requires: summed, joined, share_results, result
// Twins: src/ops/conv2d/twin.rs, src/ops/dense/proof.rs.

import "shared/tiles.wgsl";

// A value of a map (images, rows, …), at the place that a column stands for.
fn store_map(row: u32, column: u32, at: vec3u, value: f32) {
    if row >= params.rows || column >= params.columns { return; }
    let line = (at.x * params.rows + row) * params.map.x + at.y * params.map_stride.x;
    y[line * params.map.y + at.z * params.map_stride.y + params.map_first] = value;
}

fn store_maps(row: u32, column: u32, values: vec4f) {
    let first = unflatten(column);
    let second = next(first);
    let third = next(second);
    store_map(row, column, first, values.x);
    store_map(row, column + 1u, second, values.y);
    store_map(row, column + 2u, third, values.z);
    store_map(row, column + 3u, next(third), values.w);
}

fn store_y(o: u32, column: u32, products: vec4f) {
    var values = products + bias[min(o, params.rows - 1u)];
    if params.relu == 1u { values = select(values, vec4f(), values <= vec4f()); }
    store_maps(o, column, values);
}

struct Won {
    value: f32,
    corner: u32,
}

fn better(best: Won, value: f32, corner: u32) -> Won {
    if value > best.value || (value != value && best.value == best.value) { return Won(value, corner); }
    return best;
}

// The largest of a window's four, the first of equal ones, a NaN before all; ReLU of it.
fn store_pooled(o: u32, column: u32, products: vec4f) {
    if o >= params.rows || column >= params.columns { return; }
    let values = products + bias[o];
    var won = Won(values.x, 0u);
    won = better(won, values.y, 1u);
    won = better(won, values.z, 2u);
    won = better(won, values.w, 3u);
    let window = unflatten(column / 4u);
    let index = ((window.x * params.rows + o) * params.size.y + window.y) * params.size.z + window.z;
    y[index] = select(won.value, 0.0, won.value <= 0.0);
    argmax[index] = won.corner;
}

fn store_sum(part: u32, o: u32, column: u32, value: f32) {
    if o >= params.rows || column >= params.columns { return; }
    dweight[(part * params.rows + o) * params.columns + column] = value;
}

fn store_sums(part: u32, o: u32, column: u32, values: vec4f) {
    store_sum(part, o, column, values.x);
    store_sum(part, o, column + 1u, values.y);
    store_sum(part, o, column + 2u, values.z);
    store_sum(part, o, column + 3u, values.w);
}

fn store_gradient(o: u32, column: u32, value: f32) {
    if o >= params.rows || column >= params.columns { return; }
    if column == params.ones {
        dbias[o] = value;
    } else {
        dweight[o * (params.columns - 1u) + column] = value;
    }
}

fn store_gradients(o: u32, column: u32, values: vec4f) {
    store_gradient(o, column, values.x);
    store_gradient(o, column + 1u, values.y);
    store_gradient(o, column + 2u, values.z);
    store_gradient(o, column + 3u, values.w);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
) {
    let sums = joined(lane, summed(lane, tile_of(lane, group, workgroups)));
    for (var team = 0u; team < SLICES / params.slices; team++) {
        share_results(lane, team, sums);
        let tile = tile_of(team * TEAM, group, workgroups);
        for (var k = lane; k < RESULTS && !tile.outside; k += WORKGROUP_SIZE) {
            let row = tile.row + k / (COLUMNS / 4u);
            store_y(row, tile.column + k % (COLUMNS / 4u) * 4u, result(team, k));
        }
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_pooled(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
) {
    let sums = joined(lane, summed(lane, tile_of(lane, group, workgroups)));
    for (var team = 0u; team < SLICES / params.slices; team++) {
        share_results(lane, team, sums);
        let tile = tile_of(team * TEAM, group, workgroups);
        for (var k = lane; k < RESULTS && !tile.outside; k += WORKGROUP_SIZE) {
            let row = tile.row + k / (COLUMNS / 4u);
            store_pooled(row, tile.column + k % (COLUMNS / 4u) * 4u, result(team, k));
        }
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
) {
    let sums = joined(lane, summed(lane, tile_of(lane, group, workgroups)));
    for (var team = 0u; team < SLICES / params.slices; team++) {
        share_results(lane, team, sums);
        let tile = tile_of(team * TEAM, group, workgroups);
        for (var k = lane; k < RESULTS && !tile.outside; k += WORKGROUP_SIZE) {
            let row = tile.row + k / (COLUMNS / 4u);
            store_maps(row, tile.column + k % (COLUMNS / 4u) * 4u, result(team, k));
        }
    }
}

// Where the depth is added up in parts: y without bias, or dweight with dbias.
@compute @workgroup_size(WORKGROUP_SIZE)
fn sums(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
) {
    let sums = joined(lane, summed(lane, tile_of(lane, group, workgroups)));
    for (var team = 0u; team < SLICES / params.slices; team++) {
        share_results(lane, team, sums);
        let tile = tile_of(team * TEAM, group, workgroups);
        for (var k = lane; k < RESULTS && !tile.outside; k += WORKGROUP_SIZE) {
            let row = tile.row + k / (COLUMNS / 4u);
            store_sums(tile.part, row, tile.column + k % (COLUMNS / 4u) * 4u, result(team, k));
        }
    }
}

// Where there is one part alone.
@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_weight(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
) {
    let sums = joined(lane, summed(lane, tile_of(lane, group, workgroups)));
    for (var team = 0u; team < SLICES / params.slices; team++) {
        share_results(lane, team, sums);
        let tile = tile_of(team * TEAM, group, workgroups);
        for (var k = lane; k < RESULTS && !tile.outside; k += WORKGROUP_SIZE) {
            let row = tile.row + k / (COLUMNS / 4u);
            store_gradients(row, tile.column + k % (COLUMNS / 4u) * 4u, result(team, k));
        }
    }
}
