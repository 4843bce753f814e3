// Global average pooling: the mean of each channel's plane.
//   y[n,c] = Σ_{h,w} x[n,c,h,w] / (H·W);  dx[n,c,h,w] = dy[n,c] / (H·W)
// Twin: src/ops/global_avg_pool2d/proof.rs. Source: torch.nn.functional.adaptive_avg_pool2d with an output of 1×1.

struct Params {
    planes: u32,  // N · C
    plane: u32,   // H · W
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (N, C, H, W)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // (N, C)
@group(0) @binding(3) var<storage, read> dy: array<f32>;        // (N, C)
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;  // (N, C, H, W)

var<workgroup> partial: array<f32, WORKGROUP_SIZE>;

// One workgroup a plane: every thread sums its share, then the shares are added pairwise.
@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) workgroups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = group.y * workgroups.x + group.x;
    if index >= params.planes { return; }
    var sum = 0.0;
    for (var p = lane; p < params.plane; p += WORKGROUP_SIZE) { sum += x[index * params.plane + p]; }
    partial[lane] = sum;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { partial[lane] += partial[lane + half]; }
    }
    if lane == 0u { y[index] = partial[0] / f32(params.plane); }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.planes * params.plane { return; }
    dx[index] = dy[index / params.plane] / f32(params.plane);
}
