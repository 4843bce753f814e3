// Convolutions and dense layers as products of matrices over tiles in workgroup memory:
//   y (O, pixels)         = weight (O, taps) · x (taps, pixels) + bias
//   dx (C, pixels of x)   = weightᵀ (C, places) · d (places, pixels of x), a place being an output and a tap; with strides
//                           each phase of pixels by itself, as it meets taps of its own
//   dweight (O, taps, 1)  = d (O, pixels) · xᵀ (pixels, taps, 1); the last column is dbias
// The operands are fetched from tensors through tables of offsets, one entry for each place in depth: an element of the
// left one lies at row · row_stride + left_offsets[depth], one of the right one at the column's own place +
// right_offsets[depth]. So nothing is divided in the loop. Borders of zeros and the way back through pooling are made
// before, by gemm_border.wgsl. For GPUs whose workgroup memory is fast.
// Here: what tiles are, and how their operands are fetched. Three families say how tiles are held and added up, and import
// tile_results.wgsl, which has the entry points:
//   workgroup_gemm.wgsl    tiles of f32, added up by tile_sums.wgsl
//   half_gemm.wgsl         tiles of f16, added up in f32 by tile_sums.wgsl
//   cooperative_gemm.wgsl  tiles of f16, added up in f32 by cooperative matrices
// Twins: src/ops/conv2d/twin.rs, src/ops/dense/proof.rs.

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
    left_scale: f32,   // what operands are multiplied with so that f16 can hold them, a power of two; f32 needs none
    right_scale: f32,
    unscale: f32,      // 1 / (left_scale · right_scale)
    map: vec2u,        // height and width of the maps that results go into
    map_stride: vec2u, // from a result to the next in such a map, down and across
    map_first: u32,    // where the first lies in it
    step: u32,         // in the right operand, of the third of `size`
}

const WORKGROUP_SIZE = 128u;
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
@group(0) @binding(7) var<storage, read_write> argmax: array<u32>;     // (N, O, PH, PW): the corner that won
@group(0) @binding(8) var<storage, read_write> dweight: array<f32>;    // (O, taps), or sums (parts, rows, columns)
@group(0) @binding(9) var<storage, read_write> dbias: array<f32>;      // (O)

// What a team works on.
struct Tile {
    row: u32,     // its first
    column: u32,
    part: u32,
    slice: u32,
    outside: bool,
}

fn tile_of(lane: u32, group: vec3u, workgroups: vec3u) -> Tile {
    let wide = (params.columns + COLUMNS - 1u) / COLUMNS;
    let high = (params.rows + ROWS - 1u) / ROWS;
    let team = (group.y * workgroups.x + group.x) * SLICES + lane / TEAM;
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
        return at.x * params.stride.x + at.y * params.stride.y + at.z * params.step;
    }
    let window = unflatten(column / 4u);
    let row = 2u * window.y + column / 2u % 2u;
    return window.x * params.stride.x + row * params.stride.y + 2u * window.z + column % 2u;
}

// Nothing is indexed by a variable but memory: drivers that do not unroll a loop would keep such vectors in memory too,
// and fetch one value after the other. Offsets come from memory, so whatever they are, what is fetched lies in the operand.
fn left_at(start: u32, offset: u32) -> f32 {
    return select(left[min(start + offset, arrayLength(&left) - 1u)], 0.0, offset == NONE);
}

fn left_quad(start: u32, offsets: vec4u) -> vec4f {
    return vec4f(
        left_at(start, offsets.x), left_at(start, offsets.y), left_at(start, offsets.z), left_at(start, offsets.w),
    );
}

fn right_at(start: u32, offset: u32, is_one: bool) -> f32 {
    let value = right[min(start + offset, arrayLength(&right) - 1u)];
    return select(select(value, 1.0, is_one), 0.0, offset == NONE);
}

fn right_quad(start: u32, offsets: vec4u, is_one: bool) -> vec4f {
    return vec4f(
        right_at(start, offsets.x, is_one), right_at(start, offsets.y, is_one),
        right_at(start, offsets.z, is_one), right_at(start, offsets.w, is_one),
    );
}

fn row_start(row: u32) -> u32 {
    return min(row, params.rows - 1u) * params.row_stride;
}
