// Images moved by a given length, each as a whole: in a direction of its own that is drawn anew, or along a given one.
//   y[n] = x[n] + length · d[n] / ‖d[n]‖;  where d[n] is 0, so is the move
// Every value of a drawn direction is four bytes of a hash added up, near a normal distribution: all directions are alike
// likely, as near as matters, and twins draw the very same. What is drawn follows from the step's seed and the value's place
// in x by a counter-based generator; nothing is stored.
// Twin: src/ops/perturb/proof.rs. Source: Miyato et al. 2018, algorithm 1; the hash is PCG RXS-M-XS 32.

struct Params {
    values: u32,     // C·H·W, those of an image
    first_row: u32,  // images of x in front of those that are moved
    length: f32,
}

import "shared/step.wgsl";
import "shared/pcg.wgsl";

const WORKGROUP_SIZE = 64u;
// Tells these draws from the masks of dropout, which count layers, and from those of views.
const SALT = 0x40000000u;
// What is smaller devices may take for 0.
const SMALLEST = 1.17549435e-38;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> x: array<f32>;          // (N, C, H, W)
@group(0) @binding(3) var<storage, read> direction: array<f32>;  // (T, C, H, W)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;    // (T, C, H, W)

var<workgroup> partial: array<f32, WORKGROUP_SIZE>;

// Four bytes added up, less their mean: a whole number from -510 to 510.
fn drawn(place: u32) -> f32 {
    let bytes = pcg(place ^ pcg(step.seed ^ SALT));
    let pairs = (bytes & 0x00ff00ffu) + ((bytes >> 8u) & 0x00ff00ffu);
    return f32(i32((pairs & 0xffffu) + (pairs >> 16u)) - 510);
}

// The sum of all lanes' shares, in every lane.
fn sum_of(lane: u32, share: f32) -> f32 {
    partial[lane] = share;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { partial[lane] += partial[lane + half]; }
    }
    workgroupBarrier();
    let sum = partial[0];
    workgroupBarrier();
    return sum;
}

// The largest of all lanes' values, in every lane.
fn largest_of(lane: u32, value: f32) -> f32 {
    partial[lane] = value;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { partial[lane] = max(partial[lane], partial[lane + half]); }
    }
    workgroupBarrier();
    let largest = partial[0];
    workgroupBarrier();
    return largest;
}

// A workgroup an image.
@compute @workgroup_size(WORKGROUP_SIZE)
fn at_random(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let result = group.x * params.values;
    let source = params.first_row * params.values + result;
    var squares = 0.0;
    for (var i = lane; i < params.values; i += WORKGROUP_SIZE) {
        let value = drawn(source + i);
        squares += value * value;
    }
    // A sum of whole numbers: where it is below 1, all are 0.
    let scale = params.length / sqrt(max(sum_of(lane, squares), 1.0));
    for (var i = lane; i < params.values; i += WORKGROUP_SIZE) {
        y[result + i] = x[source + i] + scale * drawn(source + i);
    }
}

// A workgroup an image. Directions may be so short that their squares are 0: they are divided by their largest value first.
@compute @workgroup_size(WORKGROUP_SIZE)
fn along(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let result = group.x * params.values;
    let source = params.first_row * params.values + result;
    var size = 0.0;
    for (var i = lane; i < params.values; i += WORKGROUP_SIZE) { size = max(size, abs(direction[result + i])); }
    let largest = largest_of(lane, size);
    let stays = largest < SMALLEST;
    let unit = select(largest, 1.0, stays);
    var squares = 0.0;
    for (var i = lane; i < params.values; i += WORKGROUP_SIZE) {
        let value = direction[result + i] / unit;
        squares += value * value;
    }
    // What is no number makes the sum none, and so reaches the loss.
    let square = sum_of(lane, squares);
    let scale = select(params.length / sqrt(select(square, 1.0, stays)), 0.0, stays);
    for (var i = lane; i < params.values; i += WORKGROUP_SIZE) {
        y[result + i] = x[source + i] + scale * (direction[result + i] / unit);
    }
}
