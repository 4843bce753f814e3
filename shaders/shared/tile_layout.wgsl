// Where values lie in tiles that threads add up for themselves, with tile_sums.wgsl.

import "shared/tiles.wgsl";

// Fours of depth, QUADS for each team: (team, quad, row) and (team, quad, column) with columns as in `slot`. The strides
// are such that eight neighbours, whichever way they are taken, lie in different banks.
const LEFT_STRIDE = ROWS + 2u;
const RIGHT_STRIDE = 4u * SLOTS;
const SLOTS = COLUMNS / 4u + 2u;

// Columns that a thread takes together lie apart, so that neighbouring threads read neighbouring slots.
fn slot(column: u32) -> u32 { return column % 4u * SLOTS + column / 4u; }

fn right_place(team: u32, quad: u32, column: u32) -> u32 {
    return (team * QUADS + quad) * RIGHT_STRIDE + slot(column);
}
