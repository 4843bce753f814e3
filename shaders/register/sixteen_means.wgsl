// What global_avg_pool2d.wgsl sums up, of planes of 16 values: a thread a plane. Sums are taken in the order of the plain
// kernel, so that results have the same bits.
//   y[n,c] = Σ_{h,w} x[n,c,h,w] / (H·W)
// Twin: src/ops/global_avg_pool2d/proof.rs. Source: torch.nn.functional.adaptive_avg_pool2d with an output of 1×1.

struct Params {
    planes: u32,  // N · C
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;      // (N, C, 4)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (N, C)

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.planes { return; }
    // Threads that halve their number add up values 8 apart, then 4, 2 and 1.
    let at = 4u * index;
    let four = (x[at] + x[at + 2u]) + (x[at + 1u] + x[at + 3u]);
    let two = four.xy + four.zw;
    y[index] = (two.x + two.y) / 16.0;
}
