// Products of matrices over tiles in f16, scaled so that gradients do not vanish in it, and added up in f32. See tiles.wgsl.
// Twins: src/ops/conv2d/twin.rs, src/ops/dense/proof.rs.

enable f16;

import "shared/tile_layout.wgsl";

var<workgroup> left_tile: array<vec4h, SLICES * QUADS * LEFT_STRIDE>;
var<workgroup> right_tile: array<vec4h, SLICES * QUADS * RIGHT_STRIDE>;
var<workgroup> results: array<vec4f, RESULTS>;    // the sums of a slice, then the results

fn staged_left(values: vec4f) -> vec4h { return vec4h(values * params.left_scale); }
fn staged_right(values: vec4f) -> vec4h { return vec4h(values * params.right_scale); }

fn held(place: u32) -> vec4f { return results[place]; }
fn hold(place: u32, sums: vec4f) { results[place] = sums; }

fn result(team: u32, k: u32) -> vec4f { return results[k] * params.unscale; }

import "shared/tile_sums.wgsl";
import "shared/tile_results.wgsl";
