// Max-pooling; windows may overlap, and what lies beyond the maps is in none of them.
//   y[n,c,i,j] = max over the window at (i·stride_h-pad_h, j·stride_w-pad_w); the first maximum wins, a NaN wins over all before it
//   dx[n,c,a,b] = Σ dy of the windows whose maximum is (a, b)
// Twin: src/ops/max_pool2d/proof.rs. Source: torch.nn.functional.max_pool2d.

struct Params {
    planes: u32,    // N·C
    height: u32,    // H
    width: u32,     // W
    kernel_h: u32,  // KH
    kernel_w: u32,  // KW
    stride_h: u32,
    stride_w: u32,
    pad_h: u32,     // rows beyond the maps above and below, at most KH / 2
    pad_w: u32,     // columns left and right, at most KW / 2
    out_h: u32,     // OH = (H + 2·pad_h - KH) / stride_h + 1
    out_w: u32,     // OW = (W + 2·pad_w - KW) / stride_w + 1
}

import "shared/windows.wgsl";

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;                  // (N, C, H, W)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;            // (N, C, OH, OW)
@group(0) @binding(3) var<storage, read_write> argmax_out: array<u32>;   // (N, C, OH, OW): index in its plane of x
@group(0) @binding(4) var<storage, read> argmax: array<u32>;             // the same, read back
@group(0) @binding(5) var<storage, read> dy: array<f32>;                 // (N, C, OH, OW)
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;           // (N, C, H, W)

// The bits are looked at because drivers may assume that NaN does not occur in comparisons.
fn is_nan(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.planes * params.out_h * params.out_w { return; }
    let j = index % params.out_w;
    let i = index / params.out_w % params.out_h;
    let plane = index / (params.out_w * params.out_h) * params.height * params.width;

    let rows = within(i * params.stride_h, params.kernel_h, params.pad_h, params.height);
    let columns = within(j * params.stride_w, params.kernel_w, params.pad_w, params.width);
    var best = rows.x * params.width + columns.x;
    var best_value = x[plane + best];
    for (var k = rows.x; k < rows.y; k++) {
        for (var l = columns.x; l < columns.y; l++) {
            let candidate = k * params.width + l;
            let value = x[plane + candidate];
            if value > best_value || is_nan(value) {
                best = candidate;
                best_value = value;
            }
        }
    }
    y[index] = best_value;
    argmax_out[index] = best;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.planes * params.height * params.width { return; }
    let position = index % (params.height * params.width);
    let plane = index / (params.height * params.width) * params.out_h * params.out_w;
    let is = windows_over(position / params.width + params.pad_h, params.kernel_h, params.stride_h, params.out_h);
    let js = windows_over(position % params.width + params.pad_w, params.kernel_w, params.stride_w, params.out_w);
    var sum = 0.0;
    for (var i = is.x; i < is.y; i++) {
        for (var j = js.x; j < js.y; j++) {
            let window = plane + i * params.out_w + j;
            if argmax[window] == position { sum += dy[window]; }
        }
    }
    dx[index] = sum;
}
