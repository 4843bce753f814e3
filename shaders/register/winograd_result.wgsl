// The way out of Winograd's domain, F(4×4, 5×5); see winograd_transform.wgsl.
// `pooled`: Z = Aᵀ M A of each tile, plus bias, with ReLU and 2×2 max-pooling behind it; it stores the pooled map alone,
// and which value it was; so does `pooled_texels`, into a texture that the next convolution reads.
// Twins: src/ops/conv2d/twin.rs, relu/proof.rs, max_pool2d/proof.rs. Source: Lavin & Gray, arXiv 1509.09308.

import "register/shared/map_params.wgsl";
import "register/shared/winograd_spectrum.wgsl";

struct Params {
    maps: u32,          // tiles of all images
    tiles_h: u32,       // of an image
    tiles_w: u32,
    groups: u32,        // channel groups of the spectrum
    column: u32,        // blocks of tiles below each other in the spectrum
    @align(16) map: MapParams,
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var spectrum: texture_storage_2d<rgba32float, read>;  // of O channels
@group(0) @binding(2) var<storage, read> bias: array<f32>;                  // (O)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;               // (N, O, OH/2, OW/2)
@group(0) @binding(4) var argmax: texture_storage_2d<rg32uint, write>;      // a byte a channel: 2·row + column
@group(0) @binding(5) var y_texels: texture_storage_2d<rgba32float, write>; // (N, OH/2, OW/2, O/4) with its border

import "register/shared/winograd_windows.wgsl";

// Points 8 · row to 8 · row + 7 of tile t.
fn load_row(t: u32, g: u32, row: u32) -> Eight {
    let at = spectrum_texel(params.column, params.groups, t, 8u * row, g);
    return Eight(
        textureLoad(spectrum, at), textureLoad(spectrum, at + vec2u(TILES, 0u)), textureLoad(spectrum, at + vec2u(2u * TILES, 0u)),
        textureLoad(spectrum, at + vec2u(3u * TILES, 0u)), textureLoad(spectrum, at + vec2u(4u * TILES, 0u)),
        textureLoad(spectrum, at + vec2u(5u * TILES, 0u)), textureLoad(spectrum, at + vec2u(6u * TILES, 0u)),
        textureLoad(spectrum, at + vec2u(7u * TILES, 0u)),
    );
}

// Columns to rows.
fn transposed(a: Four, b: Four, c: Four, d: Four) -> Tile {
    return Tile(
        Four(a.c0, b.c0, c.c0, d.c0), Four(a.c1, b.c1, c.c1, d.c1), Four(a.c2, b.c2, c.c2, d.c2), Four(a.c3, b.c3, c.c3, d.c3),
    );
}

// The sums of tile t for the four channels of a group, without bias.
fn tile(t: u32, g: u32) -> Tile {
    let r0 = values(load_row(t, g, 0u));
    let r1 = values(load_row(t, g, 1u));
    let r2 = values(load_row(t, g, 2u));
    let r3 = values(load_row(t, g, 3u));
    let r4 = values(load_row(t, g, 4u));
    let r5 = values(load_row(t, g, 5u));
    let r6 = values(load_row(t, g, 6u));
    let r7 = values(load_row(t, g, 7u));
    return transposed(
        values(Eight(r0.c0, r1.c0, r2.c0, r3.c0, r4.c0, r5.c0, r6.c0, r7.c0)),
        values(Eight(r0.c1, r1.c1, r2.c1, r3.c1, r4.c1, r5.c1, r6.c1, r7.c1)),
        values(Eight(r0.c2, r1.c2, r2.c2, r3.c2, r4.c2, r5.c2, r6.c2, r7.c2)),
        values(Eight(r0.c3, r1.c3, r2.c3, r3.c3, r4.c3, r5.c3, r6.c3, r7.c3)),
    );
}

// What a thread computes: the windows of two channel groups of tile t.
struct Work { t: u32, o: u32 }

fn work(index: u32) -> Work {
    return Work(index % params.maps, index / params.maps * 8u);
}

fn result(w: Work) -> Result {
    return result_of(w.t, w.o, windows(tile(w.t, w.o / 4u), bias_of(w.o)), windows(tile(w.t, w.o / 4u + 1u), bias_of(w.o + 4u)));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let w = work(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if w.o >= params.map.outputs { return; }
    store_result(result(w));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled_texels(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let w = work(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if w.o >= params.map.outputs { return; }
    store_result_texels(result(w));
}
