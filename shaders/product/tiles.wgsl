// Convolutions and dense layers as products of matrices over tiles in workgroup memory:
//   y (O, pixels)         = weight (O, taps) · x (taps, pixels) + bias
//   dx (C, pixels of x)   = weightᵀ (C, places) · d (places, pixels of x), a place being an output and a tap
//   dweight (O, taps, 1)  = d (O, pixels) · xᵀ (pixels, taps, 1); the last column is dbias
// The operands are fetched from tensors through tables of offsets, one entry for each place in depth: an element of the
// left one lies at row · row_stride + left_offsets[depth], one of the right one at the column's own place +
// right_offsets[depth]. So nothing is divided in the loop. Borders of zeros and the way back through pooling are made
// before, by product_border.wgsl. For GPUs whose workgroup memory is fast.
// This file is joined in front of workgroup_product.wgsl, which has the entry points.
// Twins: src/reference/conv2d.rs, src/reference/dense.rs.

struct Params {
    size: vec3u,       // what the columns count, slowest first; with windows of 2×2, these
    rows: u32,
    stride: vec2u,     // in the right operand, of the first and of the second of `size`
    row_stride: u32,   // in the left operand
    columns: u32,
    ones: u32,         // the column whose right operand is 1, if there is one
    windows: u32,      // whether columns go window by window of 2×2
    relu: u32,         // whether a ReLU stands behind
    quads: u32,        // fours of depth that a slice adds up, a multiple of QUADS
    slices: u32,       // 1, or SLICES: parts of the depth that a workgroup adds up side by side
    parts: u32,        // parts of the depth that workgroups add up, each its own result
    along_depth: u32,  // whether neighbours in depth are neighbours in the right operand, and columns are not
    reserved: u32,
}

const TEAM = 64u;                       // threads that share a tile
const SLICES = WORKGROUP_SIZE / TEAM;
const ROWS = 32u;                       // of a tile; a thread sums 4 × 8 results
const COLUMNS = 64u;
const QUADS = 4u;                       // fours of depth that are staged at once
const RESULTS = ROWS * COLUMNS / 4u;    // fours of a tile
const NONE = 0xffffffffu;               // in the tables: no element, 0

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> left: array<f32>;             // weight, or d with its border
@group(0) @binding(2) var<storage, read> right: array<f32>;            // x or d, with their borders
@group(0) @binding(3) var<storage, read> left_offsets: array<vec4u>;   // (parts · slices · quads and 2)
@group(0) @binding(4) var<storage, read> right_offsets: array<vec4u>;  // likewise
@group(0) @binding(5) var<storage, read> bias: array<f32>;             // (O)
@group(0) @binding(6) var<storage, read_write> y: array<f32>;          // (N, O, OH, OW), pooled (N, O, PH, PW); or dx
@group(0) @binding(7) var<storage, read_write> winner: array<u32>;     // (N, O, PH, PW): the corner that won
@group(0) @binding(8) var<storage, read_write> dweight: array<f32>;    // (O, taps), or sums (parts, rows, columns)
@group(0) @binding(9) var<storage, read_write> dbias: array<f32>;      // (O)

// Fours of depth, QUADS for each team: (team, quad, row) and (team, quad, column) with columns as in `slot`. The strides
// are such that eight neighbours, whichever way they are taken, lie in different banks. At the end the right tile holds
// the sums of a slice.
const LEFT_STRIDE = ROWS + 2u;
const RIGHT_STRIDE = 4u * SLOTS;
const SLOTS = COLUMNS / 4u + 2u;
var<workgroup> left_tile: array<vec4f, SLICES * QUADS * LEFT_STRIDE>;
var<workgroup> right_tile: array<vec4f, SLICES * QUADS * RIGHT_STRIDE>;

// What a team works on.
struct Tile {
    row: u32,     // its first
    column: u32,
    part: u32,
    slice: u32,
    outside: bool,
}

// A thread's results: four rows, ROWS/4 apart, of four columns here and four further on.
struct Sums {
    near: mat4x4f,
    far: mat4x4f,
}

fn tile_of(lane: u32, group: vec3u, groups: vec3u) -> Tile {
    let wide = (params.columns + COLUMNS - 1u) / COLUMNS;
    let high = (params.rows + ROWS - 1u) / ROWS;
    let team = (group.y * groups.x + group.x) * SLICES + lane / TEAM;
    let index = select(team / SLICES, team, params.slices == 1u);
    let line = index / wide;
    let part = line / high;
    let last = min(part, params.parts - 1u);
    let slice = select(team % SLICES, 0u, params.slices == 1u);
    return Tile((line - part * high) * ROWS, (index - line * wide) * COLUMNS, last, slice, part != last);
}

// The triple at an index, and the one behind a triple; z counts fastest.
fn unflatten(index: u32) -> vec3u {
    let line = index / params.size.z;
    let x = line / params.size.y;
    return vec3u(x, line - x * params.size.y, index - line * params.size.z);
}

fn next(at: vec3u) -> vec3u {
    if at.z + 1u < params.size.z { return vec3u(at.xy, at.z + 1u); }
    if at.y + 1u < params.size.y { return vec3u(at.x, at.y + 1u, 0u); }
    return vec3u(at.x + 1u, 0u, 0u);
}

// Where a column of the right operand lies.
fn column_start(column: u32) -> u32 {
    if column == params.ones { return 0u; }
    if params.windows == 0u {
        let at = unflatten(column);
        return at.x * params.stride.x + at.y * params.stride.y + at.z;
    }
    let window = unflatten(column / 4u);
    let row = 2u * window.y + column / 2u % 2u;
    return window.x * params.stride.x + row * params.stride.y + 2u * window.z + column % 2u;
}

// Nothing is indexed by a variable but memory: drivers that do not unroll a loop would keep such vectors in memory too,
// and fetch one value after the other.
fn left_at(start: u32, offset: u32) -> f32 {
    let absent = offset == NONE;
    return select(left[select(start + offset, 0u, absent)], 0.0, absent);
}

fn left_quad(start: u32, offsets: vec4u) -> vec4f {
    return vec4f(
        left_at(start, offsets.x), left_at(start, offsets.y), left_at(start, offsets.z), left_at(start, offsets.w),
    );
}

fn right_at(start: u32, offset: u32, is_one: bool) -> f32 {
    let absent = offset == NONE;
    return select(select(right[select(start + offset, 0u, absent)], 1.0, is_one), 0.0, absent);
}

fn right_quad(start: u32, offsets: vec4u, is_one: bool) -> vec4f {
    return vec4f(
        right_at(start, offsets.x, is_one), right_at(start, offsets.y, is_one),
        right_at(start, offsets.z, is_one), right_at(start, offsets.w, is_one),
    );
}

// Columns that a thread takes together lie apart, so that neighbouring threads read neighbouring slots.
fn slot(column: u32) -> u32 { return column % 4u * SLOTS + column / 4u; }

// Four columns at each of four places in depth.
fn columns_at(first: u32) -> mat4x4f {
    return transpose(mat4x4f(
        right_tile[first], right_tile[first + SLOTS], right_tile[first + 2u * SLOTS], right_tile[first + 3u * SLOTS],
    ));
}

fn added(sums: vec4f, row: vec4f, columns: mat4x4f) -> vec4f {
    return sums + row.x * columns[0] + row.y * columns[1] + row.z * columns[2] + row.w * columns[3];
}

// Adds the products of one of the fours in depth that a team has staged.
fn multiply(lane: u32, quad: u32, before: Sums) -> Sums {
    let staged = lane / TEAM * QUADS + quad;
    let near = columns_at(staged * RIGHT_STRIDE + lane % 8u);
    let far = columns_at(staged * RIGHT_STRIDE + lane % 8u + 8u);
    let first = staged * LEFT_STRIDE + row_of(lane);
    let row0 = left_tile[first];
    let row1 = left_tile[first + 8u];
    let row2 = left_tile[first + 16u];
    let row3 = left_tile[first + 24u];
    return Sums(
        mat4x4f(
            added(before.near[0], row0, near), added(before.near[1], row1, near),
            added(before.near[2], row2, near), added(before.near[3], row3, near),
        ),
        mat4x4f(
            added(before.far[0], row0, far), added(before.far[1], row1, far),
            added(before.far[2], row2, far), added(before.far[3], row3, far),
        ),
    );
}

// One of the four quads of the right operand that a thread fetches at once.
struct Share {
    start: u32,    // where its column lies
    is_one: bool,
    quad: u32,     // among those staged
    place: u32,    // in the tile
}

// Neighbouring threads fetch what lies side by side: a column each, `start` being its place, or a quad each of a column
// of a dense layer.
fn share_of(lane: u32, tile: Tile, index: u32, start: u32) -> Share {
    let member = lane % TEAM;
    let along = params.along_depth == 1u;
    let own = select(member, index * (TEAM / QUADS) + member / QUADS, along);
    let quad = select(index, member % QUADS, along);
    let column = min(tile.column + own, params.columns - 1u);
    let place = (lane / TEAM * QUADS + quad) * RIGHT_STRIDE + slot(own);
    return Share(select(start, column * params.stride.x, along), column == params.ones, quad, place);
}

fn fetched(share: Share, offsets: vec4u) -> vec4f {
    return right_quad(share.start, offsets, share.is_one);
}

fn row_start(row: u32) -> u32 {
    return min(row, params.rows - 1u) * params.row_stride;
}

// What a thread's tile comes to. Rows and columns past the ends are computed from the last ones and not stored. What the
// next step needs is fetched while the values of this one are multiplied: first the offsets, then the values.
fn summed(lane: u32, tile: Tile) -> Sums {
    let quad = lane % QUADS;
    let row = lane % TEAM / QUADS;
    let start0 = row_start(tile.row + row);
    let start1 = row_start(tile.row + row + ROWS / 2u);
    let left_place = (lane / TEAM * QUADS + quad) * LEFT_STRIDE + row;
    let start = column_start(min(tile.column + lane % TEAM, params.columns - 1u));
    let share0 = share_of(lane, tile, 0u, start);
    let share1 = share_of(lane, tile, 1u, start);
    let share2 = share_of(lane, tile, 2u, start);
    let share3 = share_of(lane, tile, 3u, start);
    let first = (tile.part * params.slices + tile.slice) * params.quads;
    var left0 = left_quad(start0, left_offsets[first + quad]);
    var left1 = left_quad(start1, left_offsets[first + quad]);
    var right0 = fetched(share0, right_offsets[first + share0.quad]);
    var right1 = fetched(share1, right_offsets[first + share1.quad]);
    var right2 = fetched(share2, right_offsets[first + share2.quad]);
    var right3 = fetched(share3, right_offsets[first + share3.quad]);
    var sums: Sums;
    for (var done = 0u; done < params.quads; done += QUADS) {
        workgroupBarrier();
        left_tile[left_place] = left0;
        left_tile[left_place + ROWS / 2u] = left1;
        right_tile[share0.place] = right0;
        right_tile[share1.place] = right1;
        right_tile[share2.place] = right2;
        right_tile[share3.place] = right3;
        workgroupBarrier();
        let next = first + done + QUADS;
        let of_left = left_offsets[next + quad];
        let of_right0 = right_offsets[next + share0.quad];
        let of_right1 = right_offsets[next + share1.quad];
        let of_right2 = right_offsets[next + share2.quad];
        let of_right3 = right_offsets[next + share3.quad];
        sums = multiply(lane, 0u, sums);
        sums = multiply(lane, 1u, sums);
        left0 = left_quad(start0, of_left);
        left1 = left_quad(start1, of_left);
        right0 = fetched(share0, of_right0);
        right1 = fetched(share1, of_right1);
        right2 = fetched(share2, of_right2);
        right3 = fetched(share3, of_right3);
        sums = multiply(lane, 2u, sums);
        sums = multiply(lane, 3u, sums);
    }
    return sums;
}

fn row_of(lane: u32) -> u32 { return lane % TEAM / 8u; }

// Where a thread's first four values lie in a tile of results, (ROWS, COLUMNS / 4) in the memory of the right tile.
fn result_of(lane: u32) -> u32 { return row_of(lane) * (COLUMNS / 4u) + lane % 8u; }

fn put(lane: u32, sums: Sums) {
    let place = result_of(lane);
    right_tile[place] = sums.near[0];
    right_tile[place + 8u] = sums.far[0];
    right_tile[place + 128u] = sums.near[1];
    right_tile[place + 136u] = sums.far[1];
    right_tile[place + 256u] = sums.near[2];
    right_tile[place + 264u] = sums.far[2];
    right_tile[place + 384u] = sums.near[3];
    right_tile[place + 392u] = sums.far[3];
}

fn plus_what_was_put(lane: u32, sums: Sums) -> Sums {
    let place = result_of(lane);
    return Sums(
        sums.near + mat4x4f(
            right_tile[place], right_tile[place + 128u], right_tile[place + 256u], right_tile[place + 384u],
        ),
        sums.far + mat4x4f(
            right_tile[place + 8u], right_tile[place + 136u], right_tile[place + 264u], right_tile[place + 392u],
        ),
    );
}

// In the first slice, the sums of both.
fn joined(lane: u32, own: Sums) -> Sums {
    if params.slices == 1u { return own; }
    var sums = own;
    workgroupBarrier();
    if lane >= TEAM { put(lane, own); }
    workgroupBarrier();
    if lane < TEAM { sums = plus_what_was_put(lane, own); }
    return sums;
}

// Lays the results of a team out for all to store: spelled out for each thread's own, the code would be so long that
// fetching it took longer than running it.
fn share_results(lane: u32, team: u32, sums: Sums) {
    workgroupBarrier();
    if lane / TEAM == team { put(lane, sums); }
    workgroupBarrier();
}
