// A vector's multiple, added to another vector: sums of gradients over several batches.
//   y ← y + a · x
// Twin: src/ops/axpy/proof.rs. Source: BLAS saxpy; PyTorch adds up `grad` in the same way from one `backward` to the next.

struct Params {
    a: f32,
    count: u32,  // values
}

const WORKGROUP_SIZE = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // any shape
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // as x

@compute @workgroup_size(WORKGROUP_SIZE)
fn accumulate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    y[index] += params.a * x[index];
}
