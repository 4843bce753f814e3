// The four pooling windows of a 4×4 tile of a map, for the shaders that leave Winograd's domain for one.
// Requires: params, bias, y, argmax, y_texels

import "register/shared/winograd_maps.wgsl";
import "register/shared/pooled_map.wgsl";

// Four rows of four values each.
struct Tile { r0: Four, r1: Four, r2: Four, r3: Four }

// Tile (i, j) of image n.
struct Place { n: u32, i: u32, j: u32 }

fn place(t: u32) -> Place {
    let tiles = params.tiles_h * params.tiles_w;
    return Place(t / tiles, t % tiles / params.tiles_w, t % params.tiles_w);
}

// Of four channels, of which z is without the bias b.
fn windows(z: Tile, b: vec4f) -> Windows {
    return Windows(
        pool(b, z.r0.c0, z.r0.c1, z.r1.c0, z.r1.c1), pool(b, z.r0.c2, z.r0.c3, z.r1.c2, z.r1.c3),
        pool(b, z.r2.c0, z.r2.c1, z.r3.c0, z.r3.c1), pool(b, z.r2.c2, z.r2.c3, z.r3.c2, z.r3.c3),
    );
}

// The four windows of a tile, two channel groups each.
struct Result { a: Window, b: Window, c: Window, d: Window }

// Of tile t, from channel o on.
fn result_of(t: u32, o: u32, a: Windows, b: Windows) -> Result {
    let p = place(t);
    let i = 2u * p.i;
    let j = 2u * p.j;
    return Result(
        Window(p.n, i, j, o, a.a, b.a), Window(p.n, i, j + 1u, o, a.b, b.b), Window(p.n, i + 1u, j, o, a.c, b.c),
        Window(p.n, i + 1u, j + 1u, o, a.d, b.d),
    );
}

fn store_result(r: Result) {
    store(r.a);
    store(r.b);
    store(r.c);
    store(r.d);
}

fn store_result_texels(r: Result) {
    store_texels(r.a);
    store_texels(r.b);
    store_texels(r.c);
    store_texels(r.d);
}
