// An image as the network takes it, from a texture of any size or from values.
//   values:   y[n,c,i,j] = x[n,c,i,j] · scale[c] + shift[c]
//   texture:  y[row,c,i,j] = pixel[c] · scale[c] + shift[c], where pixel is the mean of the texture over a rectangle
// Cells cover all of the texture, or a crop of it. The rectangle is the part that a pixel's cell stands for, and at least one
// texel wide and high: a smaller picture averages all texels, a larger one interpolates linearly. Beyond the edge of the crop
// its outermost texels go on. What an sRGB format decodes is encoded again: networks learn from encoded values. What is
// transparent shows the ground, and so does a pixel beyond the cells.
// Twin: src/ops/image_input/twin.rs.

struct Params {
    rows: u32,        // N
    channels: u32,    // C: for a texture 1 or 3
    height: u32,      // H
    width: u32,       // W
    grey: u32,        // whether the texture's first component stands for all
    linear: u32,      // whether its values are linear light
    row: u32,         // the row of y that a texture becomes
    is_laid: u32,     // whether the texture is laid on the ground by its alpha
    crop: vec4f,      // left, top, width and height of what the cells cover, in texels; all of the texture if it has no width
    ground: vec4f,    // the colour beneath, encoded
    corner: vec2i,    // the pixel of the first cell: column and row
    cells: vec2u,     // columns and rows of cells
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

fn extent(cell: i32, cells: u32, start: f32, texels: f32) -> Extent {
    let size = texels / f32(cells);
    let centre = (f32(cell) + 0.5) * size;
    let half = max(size, 1.0) / 2.0;
    return Extent(start + (centre - half), start + (centre + half));
}

// How much of texel t lies within the extent.
fn share(t: i32, e: Extent) -> f32 {
    return max(min(e.high, f32(t + 1)) - max(e.low, f32(t)), 0.0);
}

fn encoded(light: vec3f) -> vec3f {
    let curve = 1.055 * pow(max(light, vec3f(0.0)), vec3f(1.0 / 2.4)) - 0.055;
    return select(curve, 12.92 * light, light <= vec3f(0.0031308));
}

// The texel at `place`, or the outermost from `first` to `last`.
fn texel(place: vec2i, first: vec2i, last: vec2i) -> vec3f {
    let value = textureLoad(image, clamp(place, first, last), 0);
    let colour = select(value.rgb, value.rrr, params.grey != 0u);
    let seen = select(colour, encoded(colour), params.linear != 0u);
    return select(seen, mix(params.ground.rgb, seen, clamp(value.a, 0.0, 1.0)), params.is_laid != 0u);
}

// The mean over the texels that a cell stands for.
fn mean(cell: vec2i) -> vec3f {
    let size = textureDimensions(image);
    let whole = vec4f(0.0, 0.0, vec2f(size));
    let crop = select(params.crop, whole, params.crop.z == 0.0);
    let rows = extent(cell.y, params.cells.y, crop.y, crop.w);
    let columns = extent(cell.x, params.cells.x, crop.x, crop.z);
    let end = vec2i(ceil(crop.xy + crop.zw));
    let last = clamp(end, vec2i(1), vec2i(size)) - 1;
    let first = clamp(vec2i(floor(crop.xy)), vec2i(0), last);
    var sum = vec3f(0.0);
    var area = 0.0;
    for (var i = i32(floor(rows.low)); f32(i) < rows.high; i++) {
        var line = vec3f(0.0);
        var length = 0.0;
        for (var j = i32(floor(columns.low)); f32(j) < columns.high; j++) {
            let part = share(j, columns);
            line += part * texel(vec2i(j, i), first, last);
            length += part;
        }
        let part = share(i, rows);
        sum += part * line;
        area += part * length;
    }
    return sum / area;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn texture(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let plane = params.height * params.width;
    if index >= plane { return; }
    let cell = vec2i(i32(index % params.width), i32(index / params.width)) - params.corner;
    var pixel = params.ground.rgb;
    if all(cell >= vec2i(0)) && all(cell < vec2i(params.cells)) {
        pixel = mean(cell);
    }
    let first = params.row * params.channels * plane;
    if params.channels == 1u {
        // Luma of ITU-R BT.709; of a grey image the grey itself.
        y[first + index] = normalized(dot(pixel, vec3f(0.2126, 0.7152, 0.0722)), 0u);
        return;
    }
    for (var c = 0u; c < params.channels; c++) {
        y[first + c * plane + index] = normalized(pixel[c], c);
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn values(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let plane = params.height * params.width;
    if index >= params.rows * params.channels * plane { return; }
    y[index] = normalized(x[index], index / plane % params.channels);
}
