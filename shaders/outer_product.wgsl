// What the domain classifier is given of a row: its features times each of its probabilities.
//   y[n, k·F + f] = p[n,k] · x[n,f];  dx[n,f] = Σ_k p[n,k] · dy[n, k·F + f]
// Twin: src/ops/outer_product/proof.rs. Source: Long et al. 2018 (CDAN), equation 6; no gradient passes into p, as in the
// authors' code.

struct Params {
    count: u32,     // results
    classes: u32,   // K
    features: u32,  // F
}

const WORKGROUP_SIZE = 256u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> p: array<f32>;         // (N, K)
@group(0) @binding(2) var<storage, read> x: array<f32>;         // (N, F)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;   // (N, K·F)
@group(0) @binding(4) var<storage, read> dy: array<f32>;        // (N, K·F)
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;  // (N, F)

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    let of_class = index / params.features;
    let row = of_class / params.classes;
    y[index] = p[of_class] * x[row * params.features + index % params.features];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.count { return; }
    let row = index / params.features;
    var sum = 0.0;
    for (var k = 0u; k < params.classes; k++) {
        let of_class = row * params.classes + k;
        sum += p[of_class] * dy[of_class * params.features + index % params.features];
    }
    dx[index] = sum;
}
