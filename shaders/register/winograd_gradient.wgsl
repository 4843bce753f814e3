// The way of the input's gradient out of Winograd's domain, F(4×4, 5×5); see winograd_transform.wgsl.
//   dx = Σ B dV Bᵀ over the 8×8 tiles that overlap: `tiles` computes them, `join` adds them up in their order.
// `join_masked` writes the gradient behind the ReLU in front, 0 where that gave 0, into a texture.
// Twin: src/ops/conv2d/twin.rs. Source: Lavin & Gray, arXiv 1509.09308.

import "register/shared/winograd_spectrum.wgsl";
import "register/shared/winograd_maps.wgsl";

struct Params {
    maps: u32,        // tiles of all images
    tiles_h: u32,     // of an image
    tiles_w: u32,
    groups: u32,      // channel groups: C / 4, rounded up
    channels: u32,    // C
    height: u32,      // H
    width: u32,       // W
    pad_h: u32,
    pad_w: u32,
    column: u32,      // blocks of tiles below each other in the spectrum
    x_across: u32,    // images side by side in x
    x_width: u32,     // texels from one to the next
    x_height: u32,    // rows from one to the one below
    d_across: u32,    // the same of d
    d_width: u32,
    d_height: u32,
    d_groups: u32,    // channel groups of a column of d
}

const WORKGROUP_SIZE = 64u;
const TILE = 4u;
const SIDE = 8u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var spectrum: texture_storage_2d<rgba32float, read>;      // of C channels
@group(0) @binding(2) var tiles_out: texture_storage_2d<rgba32float, write>;    // like spectrum: its points are pixels
@group(0) @binding(3) var overlapping: texture_storage_2d<rgba32float, read>;   // like spectrum: its points are pixels
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;                  // (N, C, H, W)
@group(0) @binding(5) var x: texture_storage_2d<rgba32float, read>;             // (N, H, W, C/4) with its border
@group(0) @binding(6) var d: texture_storage_2d<rgba32float, write>;            // (N, H, W, C/4)

// Points 8 · row to 8 · row + 7 of tile t.
fn load_row(t: u32, g: u32, row: u32) -> Eight {
    let at = spectrum_texel(params.column, params.groups, t, 8u * row, g);
    return pixels(Eight(
        textureLoad(spectrum, at), textureLoad(spectrum, at + vec2u(TILES, 0u)), textureLoad(spectrum, at + vec2u(2u * TILES, 0u)),
        textureLoad(spectrum, at + vec2u(3u * TILES, 0u)), textureLoad(spectrum, at + vec2u(4u * TILES, 0u)),
        textureLoad(spectrum, at + vec2u(5u * TILES, 0u)), textureLoad(spectrum, at + vec2u(6u * TILES, 0u)),
        textureLoad(spectrum, at + vec2u(7u * TILES, 0u)),
    ));
}

fn store_column(at: vec2u, v: Eight) {
    textureStore(tiles_out, at, v.c0);
    textureStore(tiles_out, at + vec2u(SIDE * TILES, 0u), v.c1);
    textureStore(tiles_out, at + vec2u(2u * SIDE * TILES, 0u), v.c2);
    textureStore(tiles_out, at + vec2u(3u * SIDE * TILES, 0u), v.c3);
    textureStore(tiles_out, at + vec2u(4u * SIDE * TILES, 0u), v.c4);
    textureStore(tiles_out, at + vec2u(5u * SIDE * TILES, 0u), v.c5);
    textureStore(tiles_out, at + vec2u(6u * SIDE * TILES, 0u), v.c6);
    textureStore(tiles_out, at + vec2u(7u * SIDE * TILES, 0u), v.c7);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn tiles(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let g = index / TILES % params.groups;
    let t = index / TILES / params.groups * TILES + index % TILES;
    if t >= params.maps { return; }
    let r0 = load_row(t, g, 0u);
    let r1 = load_row(t, g, 1u);
    let r2 = load_row(t, g, 2u);
    let r3 = load_row(t, g, 3u);
    let r4 = load_row(t, g, 4u);
    let r5 = load_row(t, g, 5u);
    let r6 = load_row(t, g, 6u);
    let r7 = load_row(t, g, 7u);
    let at = spectrum_texel(params.column, params.groups, t, 0u, g);
    store_column(at, pixels(Eight(r0.c0, r1.c0, r2.c0, r3.c0, r4.c0, r5.c0, r6.c0, r7.c0)));
    store_column(at + vec2u(TILES, 0u), pixels(Eight(r0.c1, r1.c1, r2.c1, r3.c1, r4.c1, r5.c1, r6.c1, r7.c1)));
    store_column(at + vec2u(2u * TILES, 0u), pixels(Eight(r0.c2, r1.c2, r2.c2, r3.c2, r4.c2, r5.c2, r6.c2, r7.c2)));
    store_column(at + vec2u(3u * TILES, 0u), pixels(Eight(r0.c3, r1.c3, r2.c3, r3.c3, r4.c3, r5.c3, r6.c3, r7.c3)));
    store_column(at + vec2u(4u * TILES, 0u), pixels(Eight(r0.c4, r1.c4, r2.c4, r3.c4, r4.c4, r5.c4, r6.c4, r7.c4)));
    store_column(at + vec2u(5u * TILES, 0u), pixels(Eight(r0.c5, r1.c5, r2.c5, r3.c5, r4.c5, r5.c5, r6.c5, r7.c5)));
    store_column(at + vec2u(6u * TILES, 0u), pixels(Eight(r0.c6, r1.c6, r2.c6, r3.c6, r4.c6, r5.c6, r6.c6, r7.c6)));
    store_column(at + vec2u(7u * TILES, 0u), pixels(Eight(r0.c7, r1.c7, r2.c7, r3.c7, r4.c7, r5.c7, r6.c7, r7.c7)));
}

struct Place { n: u32, i: u32, j: u32 }

fn place(thread: u32) -> Place {
    let area = params.width * params.height;
    return Place(thread / area, thread % area / params.width, thread % params.width);
}

// One of the up to four tiles that overlap at a pixel: its texel for the first channel group.
struct Overlap { at: vec2u, inside: bool }

fn overlap(p: Place, down: u32, right: u32) -> Overlap {
    let i = p.i + params.pad_h;
    let j = p.j + params.pad_w;
    // Above and left of the first tile the difference wraps round to a large number.
    let tile_i = i / TILE - down;
    let tile_j = j / TILE - right;
    let inside = tile_i < params.tiles_h && tile_j < params.tiles_w;
    let t = (p.n * params.tiles_h + tile_i) * params.tiles_w + tile_j;
    let pixel = (i % TILE + TILE * down) * SIDE + j % TILE + TILE * right;
    return Overlap(spectrum_texel(params.column, params.groups, select(0u, t, inside), pixel, 0u), inside);
}

struct Overlaps { a: Overlap, b: Overlap, c: Overlap, d: Overlap }

fn overlaps(p: Place) -> Overlaps {
    return Overlaps(overlap(p, 0u, 0u), overlap(p, 0u, 1u), overlap(p, 1u, 0u), overlap(p, 1u, 1u));
}

fn value(o: Overlap, g: u32) -> vec4f {
    return select(vec4f(0.0), textureLoad(overlapping, o.at + vec2u(0u, g)), o.inside);
}

fn sum(o: Overlaps, g: u32) -> vec4f {
    return value(o.a, g) + value(o.b, g) + value(o.c, g) + value(o.d, g);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn join(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let p = place(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if p.n * params.tiles_h * params.tiles_w >= params.maps { return; }
    let o = overlaps(p);
    for (var g = 0u; g < params.groups; g++) {
        var values = sum(o, g);
        for (var k = 4u * g; k < min(params.channels, 4u * g + 4u); k++) {
            dx[((p.n * params.channels + k) * params.height + p.i) * params.width + p.j] = values[k % 4u];
        }
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn join_masked(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let p = place(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if p.n * params.tiles_h * params.tiles_w >= params.maps { return; }
    let o = overlaps(p);
    let x_at = vec2u(
        p.n % params.x_across * params.x_width + (params.pad_w + p.j) * params.groups,
        p.n / params.x_across * params.x_height + params.pad_h + p.i,
    );
    let d_at = vec2u(
        p.n % params.d_across * params.d_width + p.j * params.d_groups, p.n / params.d_across * params.d_height + p.i,
    );
    for (var g = 0u; g < params.groups; g++) {
        let passed = textureLoad(x, x_at + vec2u(g, 0u)) > vec4f(0.0);
        textureStore(d, d_at + vec2u(g, 0u), select(vec4f(0.0), sum(o, g), passed));
    }
}
