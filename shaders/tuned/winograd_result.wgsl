// The way out of Winograd's domain, F(4×4, 5×5); see winograd_transform.wgsl.
// `pooled`: Z = Aᵀ M A of each tile, plus bias, with ReLU and 2×2 max-pooling behind it; it stores the pooled map alone,
// and which value it was; so does `pooled_texels`, into a texture that the next convolution reads.
// Twins: src/reference/conv2d.rs, relu.rs, max_pool2d.rs. Source: Lavin & Gray, arXiv 1509.09308.

struct Params {
    maps: u32,          // tiles of all images
    tiles_h: u32,       // of an image
    tiles_w: u32,
    groups: u32,        // channel groups of the spectrum
    column: u32,        // blocks of tiles below each other in the spectrum
    reserved0: u32,
    reserved1: u32,
    reserved2: u32,
    outputs: u32,       // O
    height: u32,        // of y
    width: u32,         // of y
    winner_across: u32, // images side by side in winner
    winner_width: u32,  // texels from one to the next
    winner_height: u32, // rows from one to the one below
    winner_groups: u32, // O / 8, rounded up
    y_across: u32,      // images side by side in y_texels
    y_width: u32,       // texels from one to the next
    y_height: u32,      // rows from one to the one below
    y_groups: u32,      // channel groups of a column
    y_top: u32,         // rows of zeros above an image
    y_left: u32,        // columns of zeros left of it
    reserved_a: u32,
    reserved_b: u32,
    reserved_c: u32,
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var spectrum: texture_storage_2d<rgba32float, read>;  // of O channels
@group(0) @binding(2) var<storage, read> bias: array<f32>;                  // (O)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;               // (N, O, OH/2, OW/2)
@group(0) @binding(4) var winner: texture_storage_2d<rg32uint, write>;      // a byte a channel: 2·row + column
@group(0) @binding(5) var y_texels: texture_storage_2d<rgba32float, write>; // (N, OH/2, OW/2, O/4) with its border

struct Four { c0: vec4f, c1: vec4f, c2: vec4f, c3: vec4f }

struct Eight { c0: vec4f, c1: vec4f, c2: vec4f, c3: vec4f, c4: vec4f, c5: vec4f, c6: vec4f, c7: vec4f }

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

// Aᵀ of eight points.
fn values(m: Eight) -> Four {
    let s1 = m.c1 + m.c2;
    let t1 = m.c1 - m.c2;
    let s2 = m.c3 + m.c4;
    let t2 = m.c3 - m.c4;
    let s3 = m.c5 + m.c6;
    let t3 = m.c5 - m.c6;
    return Four(
        m.c0 + s1 + s2 + s3, t1 + 2.0 * t2 + 0.5 * t3, s1 + 4.0 * s2 + 0.25 * s3, t1 + 8.0 * t2 + 0.125 * t3 + m.c7,
    );
}

// Four rows of four values each.
struct Tile { r0: Four, r1: Four, r2: Four, r3: Four }

// Columns to rows.
fn turned(a: Four, b: Four, c: Four, d: Four) -> Tile {
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
    return turned(
        values(Eight(r0.c0, r1.c0, r2.c0, r3.c0, r4.c0, r5.c0, r6.c0, r7.c0)),
        values(Eight(r0.c1, r1.c1, r2.c1, r3.c1, r4.c1, r5.c1, r6.c1, r7.c1)),
        values(Eight(r0.c2, r1.c2, r2.c2, r3.c2, r4.c2, r5.c2, r6.c2, r7.c2)),
        values(Eight(r0.c3, r1.c3, r2.c3, r3.c3, r4.c3, r5.c3, r6.c3, r7.c3)),
    );
}

// Tile (i, j) of image n.
struct Place { n: u32, i: u32, j: u32 }

fn place(t: u32) -> Place {
    let tiles = params.tiles_h * params.tiles_w;
    return Place(t / tiles, t % tiles / params.tiles_w, t % params.tiles_w);
}

// Of four channels; 0 where there is none.
fn bias_of(o: u32) -> vec4f {
    var value = vec4f(0.0);
    for (var c = 0u; c < 4u; c++) {
        if o + c < params.outputs { value[c] = bias[o + c]; }
    }
    return value;
}

fn store(n: u32, i: u32, j: u32, o: u32, sums: vec4f) {
    if i >= params.height || j >= params.width { return; }
    var value = sums;
    for (var c = 0u; c < 4u; c++) {
        if o + c < params.outputs {
            y[((n * params.outputs + o + c) * params.height + i) * params.width + j] = value[c];
        }
    }
}

// One value of each channel of a group and, a byte each, where it came from.
struct Pooled { y: vec4f, winner: u32 }

// The largest of a window, first one first, after bias and ReLU.
fn pool(b: vec4f, v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f) -> Pooled {
    var best = v0;
    var which = vec4u(0u);
    which = select(which, vec4u(1u), v1 > best);
    best = select(best, v1, v1 > best);
    which = select(which, vec4u(2u), v2 > best);
    best = select(best, v2, v2 > best);
    which = select(which, vec4u(3u), v3 > best);
    best = select(best, v3, v3 > best);
    // Sums of products that are no numbers make the whole window no number, as with the plain kernels.
    best += 0.0 * (v0 + v1 + v2 + v3) + b;
    return Pooled(select(best, vec4f(0.0), best <= vec4f(0.0)), which.x | which.y << 8u | which.z << 16u | which.w << 24u);
}

// The four windows of a tile.
struct Windows { a: Pooled, b: Pooled, c: Pooled, d: Pooled }

fn windows(t: u32, g: u32) -> Windows {
    let z = tile(t, g);
    let b = bias_of(4u * g);
    return Windows(
        pool(b, z.r0.c0, z.r0.c1, z.r1.c0, z.r1.c1), pool(b, z.r0.c2, z.r0.c3, z.r1.c2, z.r1.c3),
        pool(b, z.r2.c0, z.r2.c1, z.r3.c0, z.r3.c1), pool(b, z.r2.c2, z.r2.c3, z.r3.c2, z.r3.c3),
    );
}

// Window (i, j) of an image, two channel groups from channel o on.
struct Window { n: u32, i: u32, j: u32, o: u32, a: Pooled, b: Pooled }

fn store_winner(w: Window) {
    let column = w.n % params.winner_across * params.winner_width + w.j * params.winner_groups + w.o / 8u;
    let row = w.n / params.winner_across * params.winner_height + w.i;
    textureStore(winner, vec2u(column, row), vec4u(w.a.winner, w.b.winner, 0u, 0u));
}

fn store_window(w: Window) {
    if w.i >= params.height || w.j >= params.width { return; }
    store(w.n, w.i, w.j, w.o, w.a.y);
    store(w.n, w.i, w.j, w.o + 4u, w.b.y);
    store_winner(w);
}

fn store_texels(w: Window) {
    if w.i >= params.height || w.j >= params.width { return; }
    let column = w.n % params.y_across * params.y_width + (params.y_left + w.j) * params.y_groups + w.o / 4u;
    let at = vec2u(column, w.n / params.y_across * params.y_height + params.y_top + w.i);
    textureStore(y_texels, at, w.a.y);
    if w.o + 4u < params.outputs { textureStore(y_texels, at + vec2u(1u, 0u), w.b.y); }
    store_winner(w);
}

// What a thread computes: the windows of two channel groups of tile t.
struct Work { t: u32, o: u32 }

fn work(index: u32) -> Work {
    return Work(index % params.maps, index / params.maps * 8u);
}

struct Result { a: Window, b: Window, c: Window, d: Window }

fn result(w: Work) -> Result {
    let a = windows(w.t, w.o / 4u);
    let b = windows(w.t, w.o / 4u + 1u);
    let p = place(w.t);
    let i = 2u * p.i;
    let j = 2u * p.j;
    return Result(
        Window(p.n, i, j, w.o, a.a, b.a), Window(p.n, i, j + 1u, w.o, a.b, b.b), Window(p.n, i + 1u, j, w.o, a.c, b.c),
        Window(p.n, i + 1u, j + 1u, w.o, a.d, b.d),
    );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let w = work(id.y * groups.x * WORKGROUP_SIZE + id.x);
    if w.o >= params.outputs { return; }
    let r = result(w);
    store_window(r.a);
    store_window(r.b);
    store_window(r.c);
    store_window(r.d);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pooled_texels(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let w = work(id.y * groups.x * WORKGROUP_SIZE + id.x);
    if w.o >= params.outputs { return; }
    let r = result(w);
    store_texels(r.a);
    store_texels(r.b);
    store_texels(r.c);
    store_texels(r.d);
}
