// From the public layout (N, C, H, W) into the textures of the register-tiled convolutions: four channels to a texel, a
// column's channel groups side by side, images side by side and below each other, a border of zeros around each.
// Checked with the register-tiled convolutions; twin: src/ops/conv2d/twin.rs.

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
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;                          // (N, C, H, W)
@group(0) @binding(2) var<storage, read> y: array<f32>;                          // (N, C, H, W)
@group(0) @binding(3) var texels: texture_storage_2d<rgba32float, write>;
@group(0) @binding(4) var<storage, read> quads: array<vec4f>;                    // (N, C, H, W/4): x, where W is so divided

// A row of a channel group: the texel of its first column, its first value in the group's first channel.
struct Row { texel: vec2u, value: u32, channels: u32, valid: bool }

fn row(thread: u32) -> Row {
    let g = thread % params.groups;
    let i = thread / params.groups % params.height;
    let n = thread / params.groups / params.height;
    let texel = vec2u(
        n % params.across * params.image_width + params.left * params.groups + g,
        n / params.across * params.image_height + params.top + i,
    );
    let value = ((n * params.channels + 4u * g) * params.height + i) * params.width;
    return Row(texel, value, clamp(params.channels, 4u * g, 4u * g + 4u) - 4u * g, n < params.rows);
}

// Of channel c of a row's group in column j.
fn index_of(r: Row, c: u32, j: u32) -> u32 {
    return r.value + c * params.height * params.width + j;
}

fn store(r: Row, j: u32, value: vec4f) {
    textureStore(texels, r.texel + vec2u(j * params.groups, 0u), value);
}

// A thread takes a row: to find its place takes software adapters longer than a texel.
@compute @workgroup_size(WORKGROUP_SIZE)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let r = row(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if !r.valid { return; }
    for (var j = 0u; j < params.width; j++) {
        var value = vec4f(0.0);
        for (var c = 0u; c < r.channels; c++) { value[c] = x[index_of(r, c, j)]; }
        store(r, j, value);
    }
}

// The same of rows of whole groups of four and of whole channel groups: software adapters read four values as fast as one.
@compute @workgroup_size(WORKGROUP_SIZE)
fn pack_quads(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let r = row(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if !r.valid || r.channels == 0u { return; }
    let next = params.height * params.width / 4u;
    for (var q = 0u; q < params.width / 4u; q++) {
        let at = r.value / 4u + q;
        // A column of four channels is a pixel's texel.
        let pixels = transpose(mat4x4f(quads[at], quads[at + next], quads[at + 2u * next], quads[at + 3u * next]));
        store(r, 4u * q, pixels[0]);
        store(r, 4u * q + 1u, pixels[1]);
        store(r, 4u * q + 2u, pixels[2]);
        store(r, 4u * q + 3u, pixels[3]);
    }
}

// The gradient x behind a ReLU whose result is y: 0 where y is.
@compute @workgroup_size(WORKGROUP_SIZE)
fn pack_gradient(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let r = row(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if !r.valid { return; }
    for (var j = 0u; j < params.width; j++) {
        var value = vec4f(0.0);
        for (var c = 0u; c < r.channels; c++) {
            let index = index_of(r, c, j);
            value[c] = select(0.0, x[index], y[index] > 0.0);
        }
        store(r, j, value);
    }
}
