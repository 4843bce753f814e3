// Tiles in f32. At the end the right one holds the sums of a slice, then the results. Joined with tiles.wgsl, tile_sums.wgsl
// and tile_results.wgsl.

var<workgroup> left_tile: array<vec4f, SLICES * QUADS * LEFT_STRIDE>;
var<workgroup> right_tile: array<vec4f, SLICES * QUADS * RIGHT_STRIDE>;

fn staged_left(values: vec4f) -> vec4f { return values; }
fn staged_right(values: vec4f) -> vec4f { return values; }

fn held(place: u32) -> vec4f { return right_tile[place]; }
fn hold(place: u32, sums: vec4f) { right_tile[place] = sums; }

fn result(team: u32, k: u32) -> vec4f { return right_tile[k]; }
