// Stores an image among those of a data set, as bytes, and its label among the labels.
//   byte[k] = round(min(max(x[k], 0), 255)),  ties to even;  what is no number becomes 0
// Twin: src/ops/store_image/proof.rs.
//
// Bytes lie four to a word, and images one right behind the other: a thread writes one word, in which the bytes of other images
// stay as they are.

struct Params {
    first: u32,   // the image's first byte
    count: u32,   // its bytes: C·H·W
    slot: u32,    // its place among the labels
    label: u32,
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // (C, H, W), from 0 to 255
@group(0) @binding(2) var<storage, read_write> images: array<u32>;    // bytes, four to a word
@group(0) @binding(3) var<storage, read_write> labels: array<u32>;    // (images of the data set)

fn byte(k: u32) -> u32 {
    let value = x[k];
    return u32(round(select(0.0, min(value, 255.0), value > 0.0)));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn store(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let at = params.first / 4u + index;
    if 4u * at >= params.first + params.count { return; }
    var word = images[at];
    for (var k = 0u; k < 4u; k++) {
        let place = 4u * at + k;
        if place >= params.first && place - params.first < params.count {
            word = (word & ~(0xffu << (8u * k))) | (byte(place - params.first) << (8u * k));
        }
    }
    images[at] = word;
    if index == 0u { labels[params.slot] = params.label; }
}
