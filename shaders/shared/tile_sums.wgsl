// Tiles added up by each thread for itself: four rows of four columns here and four further on. A family's file holds the
// tiles, and says what is staged of a value and where results are held.
// Requires: left_tile, right_tile, staged_left, staged_right, hold, held

import "shared/tile_layout.wgsl";
import "shared/tile_shares.wgsl";

// A thread's results: four rows, ROWS/4 apart, of four columns here and four further on.
struct Sums {
    near: mat4x4f,
    far: mat4x4f,
}

// Four columns at each of four places in depth.
fn columns_at(first: u32) -> mat4x4f {
    return transpose(mat4x4f(
        vec4f(right_tile[first]), vec4f(right_tile[first + SLOTS]),
        vec4f(right_tile[first + 2u * SLOTS]), vec4f(right_tile[first + 3u * SLOTS]),
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
    let row0 = vec4f(left_tile[first]);
    let row1 = vec4f(left_tile[first + 8u]);
    let row2 = vec4f(left_tile[first + 16u]);
    let row3 = vec4f(left_tile[first + 24u]);
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
        left_tile[left_place] = staged_left(left0);
        left_tile[left_place + ROWS / 2u] = staged_left(left1);
        right_tile[share0.place] = staged_right(right0);
        right_tile[share1.place] = staged_right(right1);
        right_tile[share2.place] = staged_right(right2);
        right_tile[share3.place] = staged_right(right3);
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

// Where a thread's first four values lie in a tile of results, (ROWS, COLUMNS / 4).
fn result_of(lane: u32) -> u32 { return row_of(lane) * (COLUMNS / 4u) + lane % 8u; }

fn put(lane: u32, sums: Sums) {
    let place = result_of(lane);
    hold(place, sums.near[0]);
    hold(place + 8u, sums.far[0]);
    hold(place + 128u, sums.near[1]);
    hold(place + 136u, sums.far[1]);
    hold(place + 256u, sums.near[2]);
    hold(place + 264u, sums.far[2]);
    hold(place + 384u, sums.near[3]);
    hold(place + 392u, sums.far[3]);
}

fn plus_what_was_put(lane: u32, sums: Sums) -> Sums {
    let place = result_of(lane);
    return Sums(
        sums.near + mat4x4f(
            held(place), held(place + 128u), held(place + 256u), held(place + 384u),
        ),
        sums.far + mat4x4f(
            held(place + 8u), held(place + 136u), held(place + 264u), held(place + 392u),
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
