// From the public layout (N, C, H, W) into the textures of the tuned convolutions: four channels to a texel, a
// column's channel groups side by side, images side by side and below each other, a border of zeros around each.
// Checked with the tuned convolutions; twin: src/reference/conv2d.rs.

struct Params {
    rows: u32,          // N
    channels: u32,      // C
    height: u32,        // H
    width: u32,         // W
    groups: u32,        // channel groups of a column: C / 4, rounded up, or more
    top: u32,           // rows of zeros above an image
    left: u32,          // columns of zeros left of it
    across: u32,        // images side by side
    image_width: u32,   // texels from one to the next
    image_height: u32,  // rows from one to the one below
    reserved0: u32,
    reserved1: u32,
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;                          // (N, C, H, W)
@group(0) @binding(2) var<storage, read> y: array<f32>;                          // (N, C, H, W)
@group(0) @binding(3) var texels: texture_storage_2d<rgba32float, write>;

// Row i of channel group g of image n.
struct Place { n: u32, i: u32, g: u32, valid: bool }

fn place(thread: u32) -> Place {
    let row = thread / params.groups;
    let n = row / params.height;
    return Place(n, row % params.height, thread % params.groups, n < params.rows);
}

// The texel of a row's first column.
fn first_texel(p: Place) -> vec2u {
    let column = p.n % params.across * params.image_width + params.left * params.groups + p.g;
    return vec2u(column, p.n / params.across * params.image_height + params.top + p.i);
}

// A row's first value in the first channel of its group.
fn first_value(p: Place) -> u32 {
    return ((p.n * params.channels + 4u * p.g) * params.height + p.i) * params.width;
}

fn channels_of(p: Place) -> u32 {
    return clamp(params.channels, 4u * p.g, 4u * p.g + 4u) - 4u * p.g;
}

// A thread takes a row: to find its place takes software adapters longer than a texel.
@compute @workgroup_size(WORKGROUP_SIZE)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let p = place(id.y * groups.x * WORKGROUP_SIZE + id.x);
    if !p.valid { return; }
    let first = first_texel(p);
    let start = first_value(p);
    let plane = params.height * params.width;
    let channels = channels_of(p);
    for (var j = 0u; j < params.width; j++) {
        var value = vec4f(0.0);
        for (var c = 0u; c < channels; c++) {
            value[c] = x[start + c * plane + j];
        }
        textureStore(texels, first + vec2u(j * params.groups, 0u), value);
    }
}

// The gradient x behind a ReLU whose result is y: 0 where y is.
@compute @workgroup_size(WORKGROUP_SIZE)
fn pack_gradient(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let p = place(id.y * groups.x * WORKGROUP_SIZE + id.x);
    if !p.valid { return; }
    let first = first_texel(p);
    let start = first_value(p);
    let plane = params.height * params.width;
    let channels = channels_of(p);
    for (var j = 0u; j < params.width; j++) {
        var value = vec4f(0.0);
        for (var c = 0u; c < channels; c++) {
            let index = start + c * plane + j;
            value[c] = select(0.0, x[index], y[index] > 0.0);
        }
        textureStore(texels, first + vec2u(j * params.groups, 0u), value);
    }
}
