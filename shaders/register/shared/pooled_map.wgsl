// The way out of a convolution with ReLU and 2×2 max-pooling behind it. Its importer has MapParams at `params.map`.
// Requires: params, bias, y, argmax, y_texels

// Of four channels; 0 where there is none.
fn bias_of(o: u32) -> vec4f {
    var value = vec4f(0.0);
    for (var c = 0u; c < 4u; c++) {
        if o + c < params.map.outputs { value[c] = bias[o + c]; }
    }
    return value;
}

// One value of each channel of a group and, a byte each, where it came from.
struct Pooled { y: vec4f, argmax: u32 }

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

// Four windows of a group.
struct Windows { a: Pooled, b: Pooled, c: Pooled, d: Pooled }

fn store_group(n: u32, i: u32, j: u32, o: u32, value: vec4f) {
    for (var c = 0u; c < 4u; c++) {
        if o + c < params.map.outputs {
            y[((n * params.map.outputs + o + c) * params.map.height + i) * params.map.width + j] = value[c];
        }
    }
}

// Window (i, j) of image n, the two channel groups from channel o on.
struct Window { n: u32, i: u32, j: u32, o: u32, a: Pooled, b: Pooled }

fn is_inside(w: Window) -> bool {
    return w.i < params.map.height && w.j < params.map.width && w.o < params.map.outputs;
}

// Which values of its window they are.
fn store_argmax(w: Window) {
    let column = w.n % params.map.argmax_across * params.map.argmax_width + w.j * params.map.argmax_groups + w.o / 8u;
    let row = w.n / params.map.argmax_across * params.map.argmax_height + w.i;
    textureStore(argmax, vec2u(column, row), vec4u(w.a.argmax, w.b.argmax, 0u, 0u));
}

fn store(w: Window) {
    if !is_inside(w) { return; }
    store_group(w.n, w.i, w.j, w.o, w.a.y);
    store_group(w.n, w.i, w.j, w.o + 4u, w.b.y);
    store_argmax(w);
}

fn store_texels(w: Window) {
    if !is_inside(w) { return; }
    let column = w.n % params.map.y_across * params.map.y_width + (params.map.y_left + w.j) * params.map.y_groups + w.o / 4u;
    let at = vec2u(column, w.n / params.map.y_across * params.map.y_height + params.map.y_top + w.i);
    textureStore(y_texels, at, w.a.y);
    if w.o + 4u < params.map.outputs { textureStore(y_texels, at + vec2u(1u, 0u), w.b.y); }
    store_argmax(w);
}
