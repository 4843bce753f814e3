// Products of matrices over tiles in f32; at the end the right one holds the sums of a slice, then the results. See tiles.wgsl.
// Twins: src/ops/conv2d/twin.rs, src/ops/dense/proof.rs.

import "shared/tile_layout.wgsl";

var<workgroup> left_tile: array<vec4f, SLICES * QUADS * LEFT_STRIDE>;
var<workgroup> right_tile: array<vec4f, SLICES * QUADS * RIGHT_STRIDE>;

fn staged_left(values: vec4f) -> vec4f { return values; }
fn staged_right(values: vec4f) -> vec4f { return values; }

fn held(place: u32) -> vec4f { return right_tile[place]; }
fn hold(place: u32, sums: vec4f) { right_tile[place] = sums; }

fn result(team: u32, k: u32) -> vec4f { return right_tile[k]; }

import "shared/tile_sums.wgsl";
import "shared/tile_results.wgsl";
