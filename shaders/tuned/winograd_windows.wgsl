// The four pooling windows of a 4×4 tile of a map; joined, with pooled_map.wgsl, in front of the shaders that leave Winograd's
// domain for one.

// Four rows of four values each.
struct Tile { r0: Four, r1: Four, r2: Four, r3: Four }

// Columns to rows.
fn turned(a: Four, b: Four, c: Four, d: Four) -> Tile {
    return Tile(
        Four(a.c0, b.c0, c.c0, d.c0), Four(a.c1, b.c1, c.c1, d.c1), Four(a.c2, b.c2, c.c2, d.c2), Four(a.c3, b.c3, c.c3, d.c3),
    );
}

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

// Two channel groups of tile t, from channel o on.
struct Result { t: u32, o: u32, a: Windows, b: Windows }

fn store_result(r: Result) {
    let p = place(r.t);
    let i = 2u * p.i;
    let j = 2u * p.j;
    store(Window(p.n, i, j, r.o, r.a.a, r.b.a));
    store(Window(p.n, i, j + 1u, r.o, r.a.b, r.b.b));
    store(Window(p.n, i + 1u, j, r.o, r.a.c, r.b.c));
    store(Window(p.n, i + 1u, j + 1u, r.o, r.a.d, r.b.d));
}

fn store_result_texels(r: Result) {
    let p = place(r.t);
    let i = 2u * p.i;
    let j = 2u * p.j;
    store_texels(Window(p.n, i, j, r.o, r.a.a, r.b.a));
    store_texels(Window(p.n, i, j + 1u, r.o, r.a.b, r.b.b));
    store_texels(Window(p.n, i + 1u, j, r.o, r.a.c, r.b.c));
    store_texels(Window(p.n, i + 1u, j + 1u, r.o, r.a.d, r.b.d));
}
