// Random views of a batch's images: moved, and each channel rotated 180° round, stretched and shifted in value.
//   y[n,c,i,j] = ±contrast · x[n,c, clamp(i + di), clamp(j + dj)] + brightness
// What is drawn follows from the step's seed, the image and the channel by a counter-based generator; nothing is stored.
// Twin: src/ops/augment/proof.rs. Sources: torchvision's RandomAffine (translate, edges repeated), RandomInvert and
// ColorJitter; the hash is PCG RXS-M-XS 32.

struct Params {
    rows: u32,        // N
    channels: u32,    // C
    height: u32,      // H
    width: u32,       // W
    shift: u32,       // most pixels to either side
    invert: f32,      // probability
    contrast: f32,    // most that 1 is changed by
    brightness: f32,  // most that is added
}

import "shared/step.wgsl";

const WORKGROUP_SIZE = 64u;
// Tells these draws from the masks of dropout, which count layers.
const SALT = 0x80000000u;
// Numbers set aside for an image, and the first that belong to a channel.
const DRAWS = 1024u;
const OF_CHANNEL = 4u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> x: array<f32>;        // (N, C, H, W)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (N, C, H, W)

fn pcg(value: u32) -> u32 {
    let state = value * 747796405u + 2891336453u;
    let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}

// From 0 to below 1.
fn draw(image: u32, index: u32) -> f32 {
    let random = pcg((image * DRAWS + index) ^ pcg(step.seed ^ SALT));
    return f32(random >> 8u) / 16777216.0;
}

// A whole number from −shift to shift.
fn offset(image: u32, index: u32) -> i32 {
    return i32(draw(image, index) * f32(2u * params.shift + 1u)) - i32(params.shift);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn views(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let row = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if row >= params.rows * params.channels * params.height { return; }
    let plane = row / params.height;
    let image = plane / params.channels;
    let own = OF_CHANNEL * (1u + plane % params.channels);
    let sign = select(1.0, -1.0, draw(image, own) < params.invert);
    let contrast = sign * (1.0 + params.contrast * (2.0 * draw(image, own + 1u) - 1.0));
    let brightness = params.brightness * (2.0 * draw(image, own + 2u) - 1.0);
    let i = clamp(i32(row % params.height) + offset(image, 0u), 0, i32(params.height) - 1);
    let dj = offset(image, 1u);
    let first = (plane * params.height + u32(i)) * params.width;
    for (var j = 0u; j < params.width; j++) {
        let column = clamp(i32(j) + dj, 0, i32(params.width) - 1);
        y[row * params.width + j] = contrast * x[first + u32(column)] + brightness;
    }
}
