// An image as the network takes it, from a texture of any size or from values.
//   values:   y[n,c,i,j] = x[n,c,i,j] · scale[c] + shift[c]
//   texture:  y[0,c,i,j] = pixel[c] · scale[c] + shift[c], where pixel is the mean of the texture over a rectangle
// The rectangle is the part of the texture that (i, j) stands for when H × W cells cover all of it, and at least one
// texel wide and high: a smaller picture averages all texels, a larger one interpolates linearly. Beyond the edge the
// outermost texels go on. What an sRGB format decodes is encoded again: networks learn from encoded values.
// Twin: src/ops/image_input/proof.rs.

struct Params {
    rows: u32,        // N
    channels: u32,    // C: for a texture 1 or 3
    height: u32,      // H
    width: u32,       // W
    grey: u32,        // whether the texture's first component stands for all
    linear: u32,      // whether its values are linear light
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var image: texture_2d<f32>;                       // any size
@group(0) @binding(2) var<storage, read> scale_shift: array<f32>;       // (2, C)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;           // (N, C, H, W)
@group(0) @binding(4) var<storage, read> x: array<f32>;                 // (N, C, H, W)

fn normalized(value: f32, c: u32) -> f32 {
    return value * scale_shift[c] + scale_shift[params.channels + c];
}

// The rectangle's extent along an axis: first and last texel, both before they are held within the texture.
struct Extent {
    low: f32,
    high: f32,
}

fn extent(cell: u32, cells: u32, texels: u32) -> Extent {
    let size = f32(texels) / f32(cells);
    let centre = (f32(cell) + 0.5) * size;
    let half = max(size, 1.0) / 2.0;
    return Extent(centre - half, centre + half);
}

// How much of texel t lies within the extent.
fn share(t: i32, e: Extent) -> f32 {
    return max(min(e.high, f32(t + 1)) - max(e.low, f32(t)), 0.0);
}

fn encoded(light: vec3f) -> vec3f {
    let curve = 1.055 * pow(max(light, vec3f(0.0)), vec3f(1.0 / 2.4)) - 0.055;
    return select(curve, 12.92 * light, light <= vec3f(0.0031308));
}

fn texel(i: i32, j: i32, size: vec2i) -> vec3f {
    let value = textureLoad(image, clamp(vec2i(j, i), vec2i(0), size - 1), 0).rgb;
    let colour = select(value, value.rrr, params.grey != 0u);
    return select(colour, encoded(colour), params.linear != 0u);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn texture(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let plane = params.height * params.width;
    if index >= plane { return; }
    let size = textureDimensions(image);
    let rows = extent(index / params.width, params.height, size.y);
    let columns = extent(index % params.width, params.width, size.x);
    var sum = vec3f(0.0);
    var area = 0.0;
    for (var i = i32(floor(rows.low)); f32(i) < rows.high; i++) {
        var line = vec3f(0.0);
        var length = 0.0;
        for (var j = i32(floor(columns.low)); f32(j) < columns.high; j++) {
            let part = share(j, columns);
            line += part * texel(i, j, vec2i(size));
            length += part;
        }
        let part = share(i, rows);
        sum += part * line;
        area += part * length;
    }
    let pixel = sum / area;
    if params.channels == 1u {
        // Luma of ITU-R BT.709; of a grey image the grey itself.
        y[index] = normalized(dot(pixel, vec3f(0.2126, 0.7152, 0.0722)), 0u);
        return;
    }
    for (var c = 0u; c < params.channels; c++) {
        y[c * plane + index] = normalized(pixel[c], c);
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn values(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let plane = params.height * params.width;
    if index >= params.rows * params.channels * plane { return; }
    y[index] = normalized(x[index], index / plane % params.channels);
}
