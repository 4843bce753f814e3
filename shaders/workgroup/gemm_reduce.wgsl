// Adds up the parts of a product's results, in order.
//   dweight[o, t] = Σ_part sums[part, o, t],   dbias[o] = Σ_part sums[part, o, taps]
//   y[n, o, p] = Σ_part sums[part, o, n · pixels + p] + bias[o], or ReLU of it
// Twins: src/ops/conv2d/twin.rs, src/ops/dense/proof.rs.

struct Params {
    parts: u32,
    outputs: u32,  // O
    columns: u32,  // C · KH · KW and 1, or N · pixels
    pixels: u32,   // of a map of y: OH · OW
    relu: u32,     // whether a ReLU stands behind
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;           // (parts, O, columns)
@group(0) @binding(2) var<storage, read_write> dweight: array<f32>;  // (O, taps)
@group(0) @binding(3) var<storage, read_write> dbias: array<f32>;    // (O)
@group(0) @binding(4) var<storage, read> bias: array<f32>;           // (O)
@group(0) @binding(5) var<storage, read_write> y: array<f32>;        // (N, O, OH, OW)

fn summed(index: u32) -> f32 {
    let results = params.outputs * params.columns;
    var sum = 0.0;
    var part = 0u;
    // Eight at once, so that their loads do not wait for one another.
    for (; part + 8u <= params.parts; part += 8u) {
        let first = part * results + index;
        let fifth = first + 4u * results;
        sum = sum + sums[first] + sums[first + results] + sums[first + 2u * results] + sums[first + 3u * results]
            + sums[fifth] + sums[fifth + results] + sums[fifth + 2u * results] + sums[fifth + 3u * results];
    }
    for (; part < params.parts; part++) {
        sum += sums[part * results + index];
    }
    return sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn gradients(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.outputs * params.columns { return; }
    let sum = summed(index);
    let o = index / params.columns;
    let column = index % params.columns;
    if column + 1u < params.columns {
        dweight[o * (params.columns - 1u) + column] = sum;
    } else {
        dbias[o] = sum;
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.outputs * params.columns { return; }
    let o = index / params.columns;
    let column = index % params.columns;
    let value = summed(index) + bias[o];
    let at = (column / params.pixels * params.outputs + o) * params.pixels + column % params.pixels;
    y[at] = select(value, 0.0, params.relu == 1u && value <= 0.0);
}
