// Tiles in f16, scaled so that gradients do not vanish in it, and added up in f32 by matrices of 16×16 that the 32 lanes of
// a subgroup hold together. What the next step needs is fetched while the values of this one are multiplied, as in
// tile_sums.wgsl. See tiles.wgsl. Twins: src/ops/conv2d/twin.rs, src/ops/dense/proof.rs.

enable f16;
enable wgpu_cooperative_matrix;

import "shared/tiles.wgsl";

const SIDE = 16u;                  // of a matrix: a step's depth too
const LANES = 32u;                 // of a subgroup
const DEPTH_STRIDE = SIDE + 8u;    // values of a row or column in a tile: rows in turn start in different banks
const AREA = ROWS * COLUMNS;

// (team, row, depth) and (team, column, depth).
var<workgroup> left_tile: array<f16, SLICES * ROWS * DEPTH_STRIDE>;
var<workgroup> right_tile: array<f16, SLICES * COLUMNS * DEPTH_STRIDE>;
// (team, row, column), of the first team alone where it has two slices.
var<workgroup> results: array<f32, SLICES * AREA>;

alias Left = coop_mat16x16<f16, A>;
alias Right = coop_mat16x16<f16, B>;
alias Result = coop_mat16x16<f32, C>;

// Nothing that a thread would hold for itself: the results are in workgroup memory.
alias Sums = u32;

fn left_place(team: u32, row: u32, depth: u32) -> u32 { return (team * ROWS + row) * DEPTH_STRIDE + depth; }

fn right_place(team: u32, quad: u32, column: u32) -> u32 {
    return (team * COLUMNS + column) * DEPTH_STRIDE + 4u * quad;
}

import "shared/tile_shares.wgsl";

fn stage_left(place: u32, values: vec4f) {
    let scaled = vec4h(values * params.left_scale);
    left_tile[place] = scaled.x;
    left_tile[place + 1u] = scaled.y;
    left_tile[place + 2u] = scaled.z;
    left_tile[place + 3u] = scaled.w;
}

fn stage_right(place: u32, values: vec4f) {
    let scaled = vec4h(values * params.right_scale);
    right_tile[place] = scaled.x;
    right_tile[place + 1u] = scaled.y;
    right_tile[place + 2u] = scaled.z;
    right_tile[place + 3u] = scaled.w;
}

// Leaves what the tiles of a workgroup come to in `results`. Each subgroup adds up two strips of 32 × 16 results: of a tile
// of its own team, next to each other, or, where both teams are slices of one tile, the same strip of both.
fn summed(lane: u32, tile: Tile) -> Sums {
    let team = lane / TEAM;
    let quad = lane % QUADS;
    let row = lane % TEAM / QUADS;
    let start0 = row_start(tile.row + row);
    let start1 = row_start(tile.row + row + ROWS / 2u);
    let left_place0 = left_place(team, row, 4u * quad);
    let left_place1 = left_place(team, row + ROWS / 2u, 4u * quad);
    let start = column_start(min(tile.column + lane % TEAM, params.columns - 1u));
    let share0 = share_of(lane, tile, 0u, start);
    let share1 = share_of(lane, tile, 1u, start);
    let share2 = share_of(lane, tile, 2u, start);
    let share3 = share_of(lane, tile, 3u, start);
    let subgroup = lane / LANES;
    let sliced = params.slices > 1u;
    let team0 = select(team, 0u, sliced);
    let team1 = select(team, 1u, sliced);
    let strip0 = select(subgroup % 2u * 2u, subgroup, sliced);
    let strip1 = select(strip0 + 1u, strip0, sliced);
    let first = (tile.part * params.slices + tile.slice) * params.quads;
    var sums00 = Result();
    var sums01 = Result();
    var sums10 = Result();
    var sums11 = Result();
    var left0 = left_quad(start0, left_offsets[first + quad]);
    var left1 = left_quad(start1, left_offsets[first + quad]);
    var right0 = fetched(share0, right_offsets[first + share0.quad]);
    var right1 = fetched(share1, right_offsets[first + share1.quad]);
    var right2 = fetched(share2, right_offsets[first + share2.quad]);
    var right3 = fetched(share3, right_offsets[first + share3.quad]);
    for (var done = 0u; done < params.quads; done += QUADS) {
        workgroupBarrier();
        stage_left(left_place0, left0);
        stage_left(left_place1, left1);
        stage_right(share0.place, right0);
        stage_right(share1.place, right1);
        stage_right(share2.place, right2);
        stage_right(share3.place, right3);
        workgroupBarrier();
        let next = first + done + QUADS;
        let of_left = left_offsets[next + quad];
        let of_right0 = right_offsets[next + share0.quad];
        let of_right1 = right_offsets[next + share1.quad];
        let of_right2 = right_offsets[next + share2.quad];
        let of_right3 = right_offsets[next + share3.quad];
        let rows00 = coopLoadT<Left>(&left_tile[left_place(team0, 0u, 0u)], DEPTH_STRIDE);
        let rows01 = coopLoadT<Left>(&left_tile[left_place(team0, SIDE, 0u)], DEPTH_STRIDE);
        let columns0 = coopLoad<Right>(&right_tile[right_place(team0, 0u, strip0 * SIDE)], DEPTH_STRIDE);
        sums00 = coopMultiplyAdd(rows00, columns0, sums00);
        sums01 = coopMultiplyAdd(rows01, columns0, sums01);
        left0 = left_quad(start0, of_left);
        left1 = left_quad(start1, of_left);
        right0 = fetched(share0, of_right0);
        right1 = fetched(share1, of_right1);
        right2 = fetched(share2, of_right2);
        right3 = fetched(share3, of_right3);
        let rows10 = coopLoadT<Left>(&left_tile[left_place(team1, 0u, 0u)], DEPTH_STRIDE);
        let rows11 = coopLoadT<Left>(&left_tile[left_place(team1, SIDE, 0u)], DEPTH_STRIDE);
        let columns1 = coopLoad<Right>(&right_tile[right_place(team1, 0u, strip1 * SIDE)], DEPTH_STRIDE);
        sums10 = coopMultiplyAdd(rows10, columns1, sums10);
        sums11 = coopMultiplyAdd(rows11, columns1, sums11);
    }
    let area = team0 * AREA;
    if sliced {
        coopStoreT(sums00 + sums10, &results[area + strip0 * SIDE], COLUMNS);
        coopStoreT(sums01 + sums11, &results[area + SIDE * COLUMNS + strip0 * SIDE], COLUMNS);
    } else {
        coopStoreT(sums00, &results[area + strip0 * SIDE], COLUMNS);
        coopStoreT(sums01, &results[area + SIDE * COLUMNS + strip0 * SIDE], COLUMNS);
        coopStoreT(sums10, &results[area + strip1 * SIDE], COLUMNS);
        coopStoreT(sums11, &results[area + SIDE * COLUMNS + strip1 * SIDE], COLUMNS);
    }
    return 0u;
}

fn joined(lane: u32, sums: Sums) -> Sums { return sums; }

fn share_results(lane: u32, team: u32, sums: Sums) { workgroupBarrier(); }

fn result(team: u32, k: u32) -> vec4f {
    let first = team * AREA + 4u * k;
    return vec4f(results[first], results[first + 1u], results[first + 2u], results[first + 3u]) * params.unscale;
}

import "shared/tile_results.wgsl";
