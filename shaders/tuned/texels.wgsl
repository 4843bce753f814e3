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

struct Place { n: u32, i: u32, j: u32, g: u32, valid: bool }

fn place(index: u32) -> Place {
    let g = index % params.groups;
    let j = index / params.groups % params.width;
    let i = index / (params.groups * params.width) % params.height;
    let n = index / (params.groups * params.width * params.height);
    return Place(n, i, j, g, n < params.rows);
}

fn store(p: Place, value: vec4f) {
    let column = p.n % params.across * params.image_width + (params.left + p.j) * params.groups + p.g;
    let row = p.n / params.across * params.image_height + params.top + p.i;
    textureStore(texels, vec2u(column, row), value);
}

fn index_of(p: Place, c: u32) -> u32 {
    return ((p.n * params.channels + 4u * p.g + c) * params.height + p.i) * params.width + p.j;
}

fn channels_of(p: Place) -> u32 {
    return clamp(params.channels, 4u * p.g, 4u * p.g + 4u) - 4u * p.g;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let p = place(id.y * groups.x * WORKGROUP_SIZE + id.x);
    if !p.valid { return; }
    var value = vec4f(0.0);
    for (var c = 0u; c < channels_of(p); c++) {
        value[c] = x[index_of(p, c)];
    }
    store(p, value);
}

// The gradient x behind a ReLU whose result is y: 0 where y is.
@compute @workgroup_size(WORKGROUP_SIZE)
fn pack_gradient(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let p = place(id.y * groups.x * WORKGROUP_SIZE + id.x);
    if !p.valid { return; }
    var value = vec4f(0.0);
    for (var c = 0u; c < channels_of(p); c++) {
        let index = index_of(p, c);
        value[c] = select(0.0, x[index], y[index] > 0.0);
    }
    store(p, value);
}
