// Inverted dropout with a counter-based random number generator: nothing is stored between the passes,
// backward draws the same mask again.
//   y = x / (1 - rate) where kept, 0 elsewhere;  dx likewise from dy
// Twin: src/ops/dropout/proof.rs. Source: torch.nn.functional.dropout; the hash is PCG RXS-M-XS 32.

struct Params {
    count: u32,  // values in x
    salt: u32,   // differs between the dropout layers of a model
    rate: f32,
}

import "shared/step.wgsl";
import "shared/pcg.wgsl";

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> x: array<f32>;        // any shape; dy on the way back
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // as x; dx on the way back

@compute @workgroup_size(WORKGROUP_SIZE)
fn apply(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    let random = pcg(index ^ pcg(step.seed ^ params.salt));
    let uniform_value = f32(random >> 8u) / 16777216.0;
    y[index] = select(0.0, x[index] / (1.0 - params.rate), uniform_value >= params.rate);
}
