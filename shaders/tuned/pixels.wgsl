// From the public layout (N, C, H, W) into that of pixels, (N, H, W, C), channels filled up to groups of four.
// Checked with the tuned convolutions; twin: src/reference/conv2d.rs.

struct Params {
    rows: u32,      // N
    channels: u32,  // C
    area: u32,      // H · W
    groups: u32,    // C / 4, rounded up
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;                    // (N, C, H, W)
@group(0) @binding(2) var<storage, read_write> pixels: array<vec4f>;       // (N, H, W, C/4)

@compute @workgroup_size(WORKGROUP_SIZE)
fn pack(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let c = index % params.groups * 4u;
    let at = index / params.groups % params.area;
    let n = index / params.groups / params.area;
    if n >= params.rows { return; }
    var value = vec4f(0.0);
    for (var k = 0u; k < min(4u, params.channels - c); k++) {
        value[k] = x[(n * params.channels + c + k) * params.area + at];
    }
    pixels[index] = value;
}
