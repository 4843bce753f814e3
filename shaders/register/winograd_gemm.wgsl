// The sums of Winograd's domain, one matrix product at each of its 64 points p; see winograd_transform.wgsl.
// `sum_channels`: product[p,o,t] = Σ_c left[p,c,t] · weight[p,c,o]  – forward, and with the weight rotated 180°, backward
// `sum_tiles`:    dweight[p,c,o] = Σ_t left[p,c,t] · right[p,o,t]
// A thread computes 16 tiles × 16 channels, or 16 × 16 channels. Twin: src/ops/conv2d/twin.rs.

import "register/shared/winograd_spectrum.wgsl";
import "register/shared/winograd_maps.wgsl";

struct Params {
    maps: u32,       // tiles of all images
    in_groups: u32,  // channel groups of left
    out_groups: u32, // channel groups of product, right and dweight
    in_column: u32,  // blocks of tiles below each other in left
    out_column: u32, // the same in product and right
}

const WORKGROUP_SIZE = 64u;
const LANES = 8u; // points that sum_tiles takes one after the other

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var left: texture_storage_2d<rgba32float, read>;      // a spectrum of C channels
@group(0) @binding(2) var right: texture_storage_2d<rgba32float, read>;     // a spectrum of O channels
@group(0) @binding(3) var weight: texture_storage_2d<rgba32float, read>;    // four outputs to a texel
@group(0) @binding(4) var product: texture_storage_2d<rgba32float, write>;  // a spectrum of O channels
@group(0) @binding(5) var dweight: texture_storage_2d<rgba32float, write>;  // four outputs to a texel

fn load_eight(at: vec2u) -> Eight {
    return Eight(
        textureLoad(left, at), textureLoad(left, at + vec2u(1u, 0u)), textureLoad(left, at + vec2u(2u, 0u)),
        textureLoad(left, at + vec2u(3u, 0u)), textureLoad(left, at + vec2u(4u, 0u)), textureLoad(left, at + vec2u(5u, 0u)),
        textureLoad(left, at + vec2u(6u, 0u)), textureLoad(left, at + vec2u(7u, 0u)),
    );
}

fn block(at: vec2u) -> mat4x4f {
    return mat4x4f(
        textureLoad(weight, at), textureLoad(weight, at + vec2u(POINTS, 0u)), textureLoad(weight, at + vec2u(2u * POINTS, 0u)),
        textureLoad(weight, at + vec2u(3u * POINTS, 0u)),
    );
}

fn add(t: Eight, w: mat4x4f, v: Eight) -> Eight {
    return Eight(
        t.c0 + w * v.c0, t.c1 + w * v.c1, t.c2 + w * v.c2, t.c3 + w * v.c3, t.c4 + w * v.c4, t.c5 + w * v.c5,
        t.c6 + w * v.c6, t.c7 + w * v.c7,
    );
}

fn store_eight(at: vec2u, v: Eight) {
    textureStore(product, at, v.c0);
    textureStore(product, at + vec2u(1u, 0u), v.c1);
    textureStore(product, at + vec2u(2u, 0u), v.c2);
    textureStore(product, at + vec2u(3u, 0u), v.c3);
    textureStore(product, at + vec2u(4u, 0u), v.c4);
    textureStore(product, at + vec2u(5u, 0u), v.c5);
    textureStore(product, at + vec2u(6u, 0u), v.c6);
    textureStore(product, at + vec2u(7u, 0u), v.c7);
}

// Sixteen tiles of one channel group.
fn store_tiles(t: u32, p: u32, group: u32, lower: Eight, upper: Eight) {
    if group >= params.out_groups { return; }
    let at = spectrum_texel(params.out_column, params.out_groups, t, p, group);
    store_eight(at, lower);
    store_eight(at + vec2u(8u, 0u), upper);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_channels(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    var index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let p = index % POINTS;
    index /= POINTS;
    let out_blocks = (params.out_groups + BLOCK - 1u) / BLOCK;
    let g = index % out_blocks * BLOCK;
    let t = index / out_blocks * TILES;
    if t >= params.maps { return; }
    let first = spectrum_texel(params.in_column, params.in_groups, t, p, 0u);
    var a0 = Eight(); var b0 = Eight(); var c0 = Eight(); var d0 = Eight();
    var a1 = Eight(); var b1 = Eight(); var c1 = Eight(); var d1 = Eight();
    for (var c = 0u; c < params.in_groups; c++) {
        let lower = load_eight(first + vec2u(0u, c));
        let upper = load_eight(first + vec2u(8u, c));
        let w = weight_texel(params.out_groups, c, 0u, g, p);
        let wa = block(w);
        a0 = add(a0, wa, lower);
        a1 = add(a1, wa, upper);
        let wb = block(w + vec2u(4u * POINTS, 0u));
        b0 = add(b0, wb, lower);
        b1 = add(b1, wb, upper);
        let wc = block(w + vec2u(8u * POINTS, 0u));
        c0 = add(c0, wc, lower);
        c1 = add(c1, wc, upper);
        let wd = block(w + vec2u(12u * POINTS, 0u));
        d0 = add(d0, wd, lower);
        d1 = add(d1, wd, upper);
    }
    store_tiles(t, p, g, a0, a1);
    store_tiles(t, p, g + 1u, b0, b1);
    store_tiles(t, p, g + 2u, c0, c1);
    store_tiles(t, p, g + 3u, d0, d1);
}

// Four tiles of a channel group; as a matrix, its columns belong to tiles.
fn four_left(at: vec2u) -> mat4x4f {
    return mat4x4f(
        textureLoad(left, at), textureLoad(left, at + vec2u(1u, 0u)), textureLoad(left, at + vec2u(2u, 0u)),
        textureLoad(left, at + vec2u(3u, 0u)),
    );
}

fn four_right(at: vec2u) -> mat4x4f {
    return mat4x4f(
        textureLoad(right, at), textureLoad(right, at + vec2u(1u, 0u)), textureLoad(right, at + vec2u(2u, 0u)),
        textureLoad(right, at + vec2u(3u, 0u)),
    );
}

// Sums of four channels for four outputs each.
fn add_tiles(t: Four, x: mat4x4f, d: mat4x4f) -> Four {
    let v = transpose(x);
    return Four(t.c0 + d * v[0], t.c1 + d * v[1], t.c2 + d * v[2], t.c3 + d * v[3]);
}

// Channels of group c, outputs of group g at point p.
fn store_four(p: u32, c: u32, g: u32, t: Four) {
    if c >= params.in_groups || g >= params.out_groups { return; }
    let at = weight_texel(params.out_groups, c, 0u, g, p);
    textureStore(dweight, at, t.c0);
    textureStore(dweight, at + vec2u(POINTS, 0u), t.c1);
    textureStore(dweight, at + vec2u(2u * POINTS, 0u), t.c2);
    textureStore(dweight, at + vec2u(3u * POINTS, 0u), t.c3);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn sum_tiles(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    var index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let in_blocks = (params.in_groups + BLOCK - 1u) / BLOCK;
    let out_blocks = (params.out_groups + BLOCK - 1u) / BLOCK;
    // All sums of a few points follow each other: software adapters then find most of what they read in their caches.
    let lane = index % LANES;
    index /= LANES;
    let c = index % in_blocks * BLOCK;
    index /= in_blocks;
    let g = index % out_blocks * BLOCK;
    let p = index / out_blocks * LANES + lane;
    if p >= POINTS { return; }
    var aa = Four(); var ab = Four(); var ac = Four(); var ad = Four();
    var ba = Four(); var bb = Four(); var bc = Four(); var bd = Four();
    var ca = Four(); var cb = Four(); var cc = Four(); var cd = Four();
    var da = Four(); var db = Four(); var dc = Four(); var dd = Four();
    for (var t = 0u; t < params.maps; t += 4u) {
        let next = vec2u(0u, 1u);
        let first = spectrum_texel(params.in_column, params.in_groups, t, p, c);
        let other = spectrum_texel(params.out_column, params.out_groups, t, p, g);
        let d0 = four_right(other);
        let d1 = four_right(other + next);
        let d2 = four_right(other + 2u * next);
        let d3 = four_right(other + 3u * next);
        let x0 = four_left(first);
        aa = add_tiles(aa, x0, d0); ab = add_tiles(ab, x0, d1); ac = add_tiles(ac, x0, d2); ad = add_tiles(ad, x0, d3);
        let x1 = four_left(first + next);
        ba = add_tiles(ba, x1, d0); bb = add_tiles(bb, x1, d1); bc = add_tiles(bc, x1, d2); bd = add_tiles(bd, x1, d3);
        let x2 = four_left(first + 2u * next);
        ca = add_tiles(ca, x2, d0); cb = add_tiles(cb, x2, d1); cc = add_tiles(cc, x2, d2); cd = add_tiles(cd, x2, d3);
        let x3 = four_left(first + 3u * next);
        da = add_tiles(da, x3, d0); db = add_tiles(db, x3, d1); dc = add_tiles(dc, x3, d2); dd = add_tiles(dd, x3, d3);
    }
    store_four(p, c, g, aa); store_four(p, c, g + 1u, ab); store_four(p, c, g + 2u, ac); store_four(p, c, g + 3u, ad);
    store_four(p, c + 1u, g, ba); store_four(p, c + 1u, g + 1u, bb); store_four(p, c + 1u, g + 2u, bc); store_four(p, c + 1u, g + 3u, bd);
    store_four(p, c + 2u, g, ca); store_four(p, c + 2u, g + 1u, cb); store_four(p, c + 2u, g + 2u, cc); store_four(p, c + 2u, g + 3u, cd);
    store_four(p, c + 3u, g, da); store_four(p, c + 3u, g + 1u, db); store_four(p, c + 3u, g + 2u, dc); store_four(p, c + 3u, g + 3u, dd);
}
