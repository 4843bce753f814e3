// Rows of x as depthwise convolutions read them, four neighbours at a time.
// Requires: params, x

// Sixteen neighbours in a row of x: those of group j, of the one before and of the two behind; 0 beyond the map.
struct Window { p: vec4f, c: vec4f, n: vec4f, m: vec4f }

fn window(plane: u32, row: i32, j: u32) -> Window {
    var w = Window();
    if row < 0 || row >= i32(params.height) { return w; }
    let at = (plane * params.height + u32(row)) * params.quads + j;
    if j > 0u { w.p = x[at - 1u]; }
    w.c = x[at];
    if j + 1u < params.quads { w.n = x[at + 1u]; }
    return w;
}

// The same with the second group behind.
fn wide_window(plane: u32, row: i32, j: u32) -> Window {
    var w = window(plane, row, j);
    if row < 0 || row >= i32(params.height) { return w; }
    if j + 2u < params.quads { w.m = x[(plane * params.height + u32(row)) * params.quads + j + 2u]; }
    return w;
}

// What four neighbouring positions of a kernel meet with one tap, named after its distance to theirs.
fn left2(w: Window) -> vec4f { return vec4f(w.p.zw, w.c.xy); }
fn left1(w: Window) -> vec4f { return vec4f(w.p.w, w.c.xyz); }
fn right1(w: Window) -> vec4f { return vec4f(w.c.yzw, w.n.x); }
fn right2(w: Window) -> vec4f { return vec4f(w.c.zw, w.n.xy); }

// The same with stride 2, from the first of eight columns.
fn strided_left1(w: Window) -> vec4f { return vec4f(w.p.w, w.c.yw, w.n.y); }
fn strided0(w: Window) -> vec4f { return vec4f(w.c.xz, w.n.xz); }
fn strided1(w: Window) -> vec4f { return vec4f(w.c.yw, w.n.yw); }
fn strided2(w: Window) -> vec4f { return vec4f(w.c.z, w.n.xz, w.m.x); }
fn strided3(w: Window) -> vec4f { return vec4f(w.c.w, w.n.yw, w.m.y); }
