// Convolutions and dense layers as products of matrices whose elements are fetched from tensors where they are needed:
//   y (O, pixels)            = weight (O, taps) · x (taps, pixels) + bias
//   dx (C, pixels of x)      = weightᵀ (C, O·KH·KW) · d (O·KH·KW, pixels of x)
//   dweight (O, taps and 1)  = d (O, pixels) · xᵀ (pixels, taps and 1); the last column is dbias
// A dense layer is a convolution of 1×1 over maps of 1×1. Twins: src/ops/conv2d/twin.rs, src/ops/dense/proof.rs.

struct Params {
    map: vec3u,       // N, OH, OW
    pooled: u32,      // whether ReLU and 2×2 max-pooling stand behind
    pool: vec3u,      // N, PH, PW: the windows
    relu: u32,        // whether a ReLU stands behind
    taps: vec3u,      // C, KH, KW
    outputs: u32,     // O
    x: vec3u,         // N, H, W
    pad_h: u32,
    pad_w: u32,
    splits: u32,      // parts of the pixels that are added up apart for dweight
    split: u32,       // pixels in a part
    reserved: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // (N, C, H, W)
@group(0) @binding(2) var<storage, read> weight: array<f32>;         // (O, C, KH, KW)
@group(0) @binding(3) var<storage, read> bias: array<f32>;           // (O)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;        // (N, O, OH, OW), pooled (N, O, PH, PW)
@group(0) @binding(5) var<storage, read_write> argmax: array<u32>;   // (N, O, PH, PW): the corner that won
@group(0) @binding(6) var<storage, read> dy: array<f32>;             // like y
@group(0) @binding(7) var<storage, read> kept_y: array<f32>;         // like y
@group(0) @binding(8) var<storage, read> kept_argmax: array<u32>;    // like argmax
@group(0) @binding(9) var<storage, read_write> dx: array<f32>;       // (N, C, H, W)
@group(0) @binding(10) var<storage, read_write> sums: array<f32>;    // (splits, O, taps and 1)

// How many values a triple of that size counts.
fn count(size: vec3u) -> u32 { return size.x * size.y * size.z; }

// The triple at an index, and the one behind a triple; z counts fastest.
fn unflatten(index: u32, size: vec3u) -> vec3u {
    return vec3u(index / (size.y * size.z), index / size.z % size.y, index % size.z);
}

fn next(at: vec3u, size: vec3u) -> vec3u {
    if at.z + 1u < size.z { return vec3u(at.xy, at.z + 1u); }
    if at.y + 1u < size.y { return vec3u(at.x, at.y + 1u, 0u); }
    return vec3u(at.x + 1u, 0u, 0u);
}

// The pixel of y in a column: in order, or window by window where they are pooled.
fn pixel_of(column: u32) -> vec3u {
    if params.pooled == 0u { return unflatten(column, params.map); }
    let window = unflatten(column / 4u, params.pool);
    return vec3u(window.x, 2u * window.y + column / 2u % 2u, 2u * window.z + column % 2u);
}

fn columns_of_y() -> u32 {
    return select(count(params.map), 4u * count(params.pool), params.pooled == 1u);
}

// weight[o, c, k, l], 0 past the outputs and channels.
fn weight_at(o: u32, tap: vec3u) -> f32 {
    if o >= params.outputs || tap.x >= params.taps.x { return 0.0; }
    return weight[((o * params.taps.x + tap.x) * params.taps.y + tap.y) * params.taps.z + tap.z];
}

// What the tap meets when it is laid at a pixel of y; 0 on the padding and past the batch and the channels.
fn x_at(tap: vec3u, pixel: vec3u) -> f32 {
    // Above and left of the map these wrap round to large numbers.
    let row = pixel.y + tap.y - params.pad_h;
    let column = pixel.z + tap.z - params.pad_w;
    if pixel.x >= params.x.x || tap.x >= params.taps.x || row >= params.x.y || column >= params.x.z { return 0.0; }
    return x[((pixel.x * params.taps.x + tap.x) * params.x.y + row) * params.x.z + column];
}

// The gradient in front of ReLU and pooling at a pixel of y; 0 outside of the map and past batch and outputs.
fn d_at(o: u32, pixel: vec3u) -> f32 {
    if o >= params.outputs || any(pixel >= params.map) { return 0.0; }
    if params.pooled == 0u {
        let index = ((pixel.x * params.outputs + o) * params.map.y + pixel.y) * params.map.z + pixel.z;
        let value = dy[index];
        if params.relu == 1u && kept_y[index] <= 0.0 { return 0.0; }
        return value;
    }
    let window = vec3u(pixel.x, pixel.y / 2u, pixel.z / 2u);
    if any(window >= params.pool) { return 0.0; }
    let index = ((window.x * params.outputs + o) * params.pool.y + window.y) * params.pool.z + window.z;
    if kept_y[index] <= 0.0 || kept_argmax[index] != pixel.y % 2u * 2u + pixel.z % 2u { return 0.0; }
    return dy[index];
}

// The pixel of y at which a tap meets a pixel of x; it may wrap round where there is none.
fn met_by(tap: vec3u, pixel: vec3u) -> vec3u {
    return vec3u(pixel.x, pixel.y + params.pad_h - tap.y, pixel.z + params.pad_w - tap.z);
}

// d at a place (o, k, l), as a pixel of x sees it.
fn d_met(place: vec3u, pixel: vec3u) -> f32 {
    return d_at(place.x, met_by(place, pixel));
}

// x under a tap as dweight multiplies it; 1 in the column behind the taps, which makes it dbias.
fn x_or_one(tap: vec3u, pixel: vec3u) -> f32 {
    if tap.x == params.taps.x && tap.y == 0u && tap.z == 0u { return 1.0; }
    return x_at(tap, pixel);
}

// Four values of y side by side (a window where they are pooled), for one output.
fn store_y(o: u32, column: u32, products: vec4f) {
    if o >= params.outputs { return; }
    var values = products + bias[o];
    if params.relu == 1u { values = select(values, vec4f(), values <= vec4f()); }
    for (var k = 0u; k < 4u && column + k < columns_of_y(); k++) {
        let pixel = pixel_of(column + k);
        y[((pixel.x * params.outputs + o) * params.map.y + pixel.y) * params.map.z + pixel.z] = values[k];
    }
}

// The largest of a window's four, the first of equal ones, a NaN before all; ReLU of it.
fn store_pooled(o: u32, column: u32, products: vec4f) {
    if o >= params.outputs || column >= columns_of_y() { return; }
    let values = products + bias[o];
    var best = values.x;
    var corner = 0u;
    for (var k = 1u; k < 4u; k++) {
        if values[k] > best || (values[k] != values[k] && best == best) {
            best = values[k];
            corner = k;
        }
    }
    let window = unflatten(column / 4u, params.pool);
    let index = ((window.x * params.outputs + o) * params.pool.y + window.y) * params.pool.z + window.z;
    y[index] = select(best, 0.0, best <= 0.0);
    argmax[index] = corner;
}

// Four values of dx side by side, for one channel.
fn store_dx(c: u32, column: u32, values: vec4f) {
    for (var k = 0u; k < 4u && c < params.taps.x && column + k < count(params.x); k++) {
        let pixel = unflatten(column + k, params.x);
        dx[((pixel.x * params.taps.x + c) * params.x.y + pixel.y) * params.x.z + pixel.z] = values[k];
    }
}

// Four sums of a part side by side, for one output.
fn store_sums(part: u32, o: u32, column: u32, values: vec4f) {
    let columns = count(params.taps) + 1u;
    for (var k = 0u; k < 4u && o < params.outputs && column + k < columns; k++) {
        sums[(part * params.outputs + o) * columns + column + k] = values[k];
    }
}
