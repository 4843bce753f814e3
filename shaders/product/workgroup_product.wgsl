// Tiles of ROWS × COLUMNS results, one a workgroup, its operands staged in workgroup memory; each thread sums 4 × 8.
// For GPUs whose workgroup memory is fast. Joined behind operands.wgsl.

const WORKGROUP_SIZE = 64u;
const ROWS = 32u;
const COLUMNS = 64u;
const DEPTH = 16u;

var<workgroup> left: array<vec4f, DEPTH / 4u * ROWS>;      // (DEPTH/4, ROWS): four neighbours in depth
var<workgroup> right: array<vec4f, DEPTH / 4u * COLUMNS>;  // (DEPTH/4, COLUMNS), columns as in `slot`

// Where a workgroup is in the grid of tiles.
struct Tile {
    row: u32,     // of its first row
    column: u32,
    part: u32,
    outside: bool,
}

// A thread's results: four rows, ROWS/4 apart, of four columns here and four further on.
struct Sums {
    near: mat4x4f,
    far: mat4x4f,
}

fn tile_of(group: vec3u, groups: vec3u, rows: u32, columns: u32, parts: u32) -> Tile {
    let high = (rows + ROWS - 1u) / ROWS;
    let wide = (columns + COLUMNS - 1u) / COLUMNS;
    let index = group.y * groups.x + group.x;
    let part = index / (high * wide);
    return Tile(index / wide % high * ROWS, index % wide * COLUMNS, part, part >= parts);
}

// Columns that a thread takes together lie apart, so that neighbouring threads read neighbouring slots.
fn slot(column: u32) -> u32 { return column % 4u * (COLUMNS / 4u) + column / 4u; }

fn row_of(lane: u32) -> u32 { return lane / 8u; }

// The first of a thread's near columns; its far ones lie COLUMNS/2 further on.
fn column_of(lane: u32) -> u32 { return lane % 8u * 4u; }

fn columns_at(first: u32) -> mat4x4f {
    return mat4x4f(right[first], right[first + 16u], right[first + 32u], right[first + 48u]);
}

// Adds the products of what is staged.
fn multiply(lane: u32, before: Sums) -> Sums {
    var sums = before;
    for (var q = 0u; q < DEPTH / 4u; q++) {
        let near = columns_at(q * COLUMNS + lane % 8u);
        let far = columns_at(q * COLUMNS + lane % 8u + 8u);
        let first = q * ROWS + row_of(lane);
        let a0 = left[first];
        let a1 = left[first + 8u];
        let a2 = left[first + 16u];
        let a3 = left[first + 24u];
        sums.near += mat4x4f(a0 * near, a1 * near, a2 * near, a3 * near);
        sums.far += mat4x4f(a0 * far, a1 * far, a2 * far, a3 * far);
    }
    return sums;
}

// Stages weight (O, taps), or weightᵀ (C, O·KH·KW), at DEPTH places. The loops over four neighbours are left to the
// drivers to unroll: spelled out, the code is so long that software adapters compile it for minutes.
fn stage_weight(lane: u32, row: u32, depth: u32, transposed: bool) {
    let size = vec3u(select(params.taps.x, params.outputs, transposed), params.taps.yz);
    for (var k = lane; k < DEPTH / 4u * ROWS; k += WORKGROUP_SIZE) {
        let own = row + k % ROWS;
        var place = unflatten(depth + k / ROWS * 4u, size);
        var values: vec4f;
        for (var i = 0u; i < 4u; i++) {
            let o = select(own, place.x, transposed);
            values[i] = weight_at(o, vec3u(select(place.x, own, transposed), place.yz));
            place = next(place, size);
        }
        left[k] = values;
    }
}

fn forward_sums(lane: u32, tile: Tile) -> Sums {
    let pixel = pixel_of(tile.column + lane);
    var tap = vec3u();
    var sums: Sums;
    for (var depth = 0u; depth < count(params.taps); depth += DEPTH) {
        stage_weight(lane, tile.row, depth, false);
        for (var q = 0u; q < DEPTH / 4u; q++) {
            var values: vec4f;
            for (var i = 0u; i < 4u; i++) {
                values[i] = x_at(tap, pixel);
                tap = next(tap, params.taps);
            }
            right[q * COLUMNS + slot(lane)] = values;
        }
        workgroupBarrier();
        sums = multiply(lane, sums);
        workgroupBarrier();
    }
    return sums;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let tile = tile_of(group, groups, params.outputs, columns_of_y(), 1u);
    if tile.outside { return; }
    var sums = forward_sums(lane, tile);
    for (var r = 0u; r < 4u; r++) {
        let o = tile.row + row_of(lane) + r * 8u;
        store_y(o, tile.column + column_of(lane), sums.near[r]);
        store_y(o, tile.column + column_of(lane) + COLUMNS / 2u, sums.far[r]);
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward_pooled(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let tile = tile_of(group, groups, params.outputs, columns_of_y(), 1u);
    if tile.outside { return; }
    var sums = forward_sums(lane, tile);
    for (var r = 0u; r < 4u; r++) {
        let o = tile.row + row_of(lane) + r * 8u;
        store_pooled(o, tile.column + column_of(lane), sums.near[r]);
        store_pooled(o, tile.column + column_of(lane) + COLUMNS / 2u, sums.far[r]);
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_input(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let tile = tile_of(group, groups, params.taps.x, count(params.x), 1u);
    if tile.outside { return; }
    let size = vec3u(params.outputs, params.taps.yz);
    let pixel = unflatten(tile.column + lane, params.x);
    var place = vec3u();
    var sums: Sums;
    for (var depth = 0u; depth < count(size); depth += DEPTH) {
        stage_weight(lane, tile.row, depth, true);
        for (var q = 0u; q < DEPTH / 4u; q++) {
            var values: vec4f;
            for (var i = 0u; i < 4u; i++) {
                values[i] = d_met(place, pixel);
                place = next(place, size);
            }
            right[q * COLUMNS + slot(lane)] = values;
        }
        workgroupBarrier();
        sums = multiply(lane, sums);
        workgroupBarrier();
    }
    for (var r = 0u; r < 4u; r++) {
        let c = tile.row + row_of(lane) + r * 8u;
        store_dx(c, tile.column + column_of(lane), sums.near[r]);
        store_dx(c, tile.column + column_of(lane) + COLUMNS / 2u, sums.far[r]);
    }
}

// Stages d of a row at four neighbouring pixels; what lies past the part is 0.
fn stage_d(lane: u32, row: u32, depth: u32, end: u32) {
    for (var k = lane; k < DEPTH / 4u * ROWS; k += WORKGROUP_SIZE) {
        let first = depth + k / ROWS * 4u;
        var pixel = unflatten(first, params.map);
        var values: vec4f;
        for (var i = 0u; i < 4u && first + i < end; i++) {
            values[i] = d_at(row + k % ROWS, pixel);
            pixel = next(pixel, params.map);
        }
        left[k] = values;
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward_weight(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
) {
    let tile = tile_of(group, groups, params.outputs, count(params.taps) + 1u, params.splits);
    if tile.outside { return; }
    let tap = unflatten(tile.column + lane, params.taps);
    let begin = tile.part * params.split;
    let end = min(begin + params.split, count(params.map));
    var pixel = unflatten(begin, params.map);
    var sums: Sums;
    for (var depth = begin; depth < end; depth += DEPTH) {
        stage_d(lane, tile.row, depth, end);
        for (var q = 0u; q < DEPTH / 4u; q++) {
            var values: vec4f;
            for (var i = 0u; i < 4u; i++) {
                values[i] = x_or_one(tap, pixel);
                pixel = next(pixel, params.map);
            }
            right[q * COLUMNS + slot(lane)] = values;
        }
        workgroupBarrier();
        sums = multiply(lane, sums);
        workgroupBarrier();
    }
    for (var r = 0u; r < 4u; r++) {
        let o = tile.row + row_of(lane) + r * 8u;
        store_sums(tile.part, o, tile.column + column_of(lane), sums.near[r]);
        store_sums(tile.part, o, tile.column + column_of(lane) + COLUMNS / 2u, sums.far[r]);
    }
}
