// Convolution of 5×5 kernels in Winograd's domain, F(4×4, 5×5) with the points 0, ±1, ±2, ±1/2 and infinity:
//   Z = Aᵀ [Σ_c (G g Gᵀ) ⊙ (Bᵀ x B)] A   for each 4×4 tile of the map, over its 8×8 tile of x
// one multiplication where the plain sum has 6.25. Gradients are the transposes of these maps, exactly.
// Here: the ways into the domain, Bᵀ x B of the input and A dZ Aᵀ of the gradient. winograd_gemm.wgsl sums over
// channels or tiles, winograd_result.wgsl leaves the domain, winograd_weight.wgsl has the weight's side.
// Twin: src/ops/conv2d/twin.rs. Source: Lavin & Gray, arXiv 1509.09308.

import "register/shared/winograd_spectrum.wgsl";
import "register/shared/winograd_maps.wgsl";

struct Params {
    maps: u32,          // tiles of all images
    tiles_h: u32,       // of an image
    tiles_w: u32,
    groups: u32,        // channel groups of the spectrum
    column: u32,        // blocks of tiles below each other in it
    image_across: u32,  // images side by side in x or d
    image_width: u32,   // texels from one to the next
    image_height: u32,  // rows from one to the one below
    image_groups: u32,  // channel groups of a column of x or d
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var x: texture_storage_2d<rgba32float, read>;          // (N, H, W, C/4) with its border
@group(0) @binding(2) var argmax: texture_storage_2d<rg32uint, read>;        // a byte a channel: 2·row + column
@group(0) @binding(3) var spectrum: texture_storage_2d<rgba32float, write>;
@group(0) @binding(4) var d: texture_storage_2d<rgba32float, read>;          // (N, OH/2, OW/2, O/4)

// Tile (i, j) of image n, the t-th of all.
struct Place { t: u32, n: u32, i: u32, j: u32 }

fn place(t: u32) -> Place {
    let tiles = params.tiles_h * params.tiles_w;
    return Place(t, t / tiles, t % tiles / params.tiles_w, t % params.tiles_w);
}

// The first texel of row `row`, column `column` of image n.
fn texel(n: u32, row: u32, column: u32) -> vec2i {
    return vec2i(vec2u(
        n % params.image_across * params.image_width + column * params.image_groups,
        n / params.image_across * params.image_height + row,
    ));
}

fn store_column(p: Place, g: u32, column: u32, v: Eight) {
    let at = spectrum_texel(params.column, params.groups, p.t, column, g);
    textureStore(spectrum, at, v.c0);
    textureStore(spectrum, at + vec2u(8u * TILES, 0u), v.c1);
    textureStore(spectrum, at + vec2u(16u * TILES, 0u), v.c2);
    textureStore(spectrum, at + vec2u(24u * TILES, 0u), v.c3);
    textureStore(spectrum, at + vec2u(32u * TILES, 0u), v.c4);
    textureStore(spectrum, at + vec2u(40u * TILES, 0u), v.c5);
    textureStore(spectrum, at + vec2u(48u * TILES, 0u), v.c6);
    textureStore(spectrum, at + vec2u(56u * TILES, 0u), v.c7);
}

// Eight pixels of a row of a tile.
fn load_points(p: Place, g: u32, row: u32) -> Eight {
    let at = texel(p.n, 4u * p.i + row, 4u * p.j) + vec2i(i32(g), 0);
    let next = vec2i(i32(params.image_groups), 0);
    return input_points(Eight(
        textureLoad(x, at), textureLoad(x, at + next), textureLoad(x, at + 2 * next), textureLoad(x, at + 3 * next),
        textureLoad(x, at + 4 * next), textureLoad(x, at + 5 * next), textureLoad(x, at + 6 * next),
        textureLoad(x, at + 7 * next),
    ));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let g = index / TILES % params.groups;
    let p = place(index / TILES / params.groups * TILES + index % TILES);
    if p.t >= params.maps { return; }
    let r0 = load_points(p, g, 0u);
    let r1 = load_points(p, g, 1u);
    let r2 = load_points(p, g, 2u);
    let r3 = load_points(p, g, 3u);
    let r4 = load_points(p, g, 4u);
    let r5 = load_points(p, g, 5u);
    let r6 = load_points(p, g, 6u);
    let r7 = load_points(p, g, 7u);
    store_column(p, g, 0u, input_points(Eight(r0.c0, r1.c0, r2.c0, r3.c0, r4.c0, r5.c0, r6.c0, r7.c0)));
    store_column(p, g, 1u, input_points(Eight(r0.c1, r1.c1, r2.c1, r3.c1, r4.c1, r5.c1, r6.c1, r7.c1)));
    store_column(p, g, 2u, input_points(Eight(r0.c2, r1.c2, r2.c2, r3.c2, r4.c2, r5.c2, r6.c2, r7.c2)));
    store_column(p, g, 3u, input_points(Eight(r0.c3, r1.c3, r2.c3, r3.c3, r4.c3, r5.c3, r6.c3, r7.c3)));
    store_column(p, g, 4u, input_points(Eight(r0.c4, r1.c4, r2.c4, r3.c4, r4.c4, r5.c4, r6.c4, r7.c4)));
    store_column(p, g, 5u, input_points(Eight(r0.c5, r1.c5, r2.c5, r3.c5, r4.c5, r5.c5, r6.c5, r7.c5)));
    store_column(p, g, 6u, input_points(Eight(r0.c6, r1.c6, r2.c6, r3.c6, r4.c6, r5.c6, r6.c6, r7.c6)));
    store_column(p, g, 7u, input_points(Eight(r0.c7, r1.c7, r2.c7, r3.c7, r4.c7, r5.c7, r6.c7, r7.c7)));
}

fn store_gradient(p: Place, g: u32, r0: Four, r1: Four, r2: Four, r3: Four) {
    let p0 = gradient_points(r0);
    let p1 = gradient_points(r1);
    let p2 = gradient_points(r2);
    let p3 = gradient_points(r3);
    store_column(p, g, 0u, gradient_points(Four(p0.c0, p1.c0, p2.c0, p3.c0)));
    store_column(p, g, 1u, gradient_points(Four(p0.c1, p1.c1, p2.c1, p3.c1)));
    store_column(p, g, 2u, gradient_points(Four(p0.c2, p1.c2, p2.c2, p3.c2)));
    store_column(p, g, 3u, gradient_points(Four(p0.c3, p1.c3, p2.c3, p3.c3)));
    store_column(p, g, 4u, gradient_points(Four(p0.c4, p1.c4, p2.c4, p3.c4)));
    store_column(p, g, 5u, gradient_points(Four(p0.c5, p1.c5, p2.c5, p3.c5)));
    store_column(p, g, 6u, gradient_points(Four(p0.c6, p1.c6, p2.c6, p3.c6)));
    store_column(p, g, 7u, gradient_points(Four(p0.c7, p1.c7, p2.c7, p3.c7)));
}

// A window's gradient at the place of its argmax.
fn window(at: vec2i, g: u32) -> Four {
    let bits = textureLoad(argmax, vec2i(at.x / 2, at.y))[g % 2u];
    let place = (vec4u(bits) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(3u);
    let value = textureLoad(d, at);
    let zero = vec4f(0.0);
    return Four(
        select(zero, value, place == vec4u(0u)), select(zero, value, place == vec4u(1u)), select(zero, value, place == vec4u(2u)),
        select(zero, value, place == vec4u(3u)),
    );
}

// d is the gradient behind 2×2 pooling: of each window only the argmax has one.
@compute @workgroup_size(WORKGROUP_SIZE)
fn gradient_pooled(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let g = index / TILES % params.groups;
    let p = place(index / TILES / params.groups * TILES + index % TILES);
    if p.t >= params.maps { return; }
    let at = texel(p.n, 2u * p.i, 2u * p.j) + vec2i(i32(g), 0);
    let right = vec2i(i32(params.image_groups), 0);
    let a = window(at, g);
    let b = window(at + right, g);
    let c = window(at + vec2i(0, 1), g);
    let e = window(at + right + vec2i(0, 1), g);
    store_gradient(
        p, g, Four(a.c0, a.c1, b.c0, b.c1), Four(a.c2, a.c3, b.c2, b.c3), Four(c.c0, c.c1, e.c0, e.c1),
        Four(c.c2, c.c3, e.c2, e.c3),
    );
}
