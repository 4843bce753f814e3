// Average pooling; windows may overlap, and padding counts as zeros or not at all.
//   y[n,c,i,j] = Σ of the window at (i·stride_h-pad_h, j·stride_w-pad_w) / its size, KH·KW or what of it lies in the map
//   dx[n,c,a,b] = Σ of dy / size over the windows that cover (a, b)
// Twin: src/ops/avg_pool2d/proof.rs. Source: torch.nn.functional.avg_pool2d.

import "shared/windows.wgsl";

struct Params {
    planes: u32,     // N·C
    height: u32,     // H
    width: u32,      // W
    kernel_h: u32,   // KH
    kernel_w: u32,   // KW
    stride_h: u32,
    stride_w: u32,
    pad_h: u32,      // rows beyond the maps above and below, at most KH / 2
    pad_w: u32,      // columns left and right, at most KW / 2
    out_h: u32,      // OH = (H + 2·pad_h - KH) / stride_h + 1
    out_w: u32,      // OW = (W + 2·pad_w - KW) / stride_w + 1
    whole: u32,      // 1 where every window counts KH·KW values, 0 where it counts those in the map
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (N, C, H, W)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // (N, C, OH, OW)
@group(0) @binding(3) var<storage, read> dy: array<f32>;        // (N, C, OH, OW)
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;  // (N, C, H, W)

// Rows (x to y) and columns (z to w) of the map in a window.
fn window(i: u32, j: u32) -> vec4u {
    return vec4u(
        within(i * params.stride_h, params.kernel_h, params.pad_h, params.height),
        within(j * params.stride_w, params.kernel_w, params.pad_w, params.width),
    );
}

fn size(w: vec4u) -> f32 {
    let counted = select((w.y - w.x) * (w.w - w.z), params.kernel_h * params.kernel_w, params.whole == 1u);
    return f32(counted);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.planes * params.out_h * params.out_w { return; }
    let plane = index / (params.out_w * params.out_h) * params.height * params.width;
    let w = window(index / params.out_w % params.out_h, index % params.out_w);
    var sum = 0.0;
    for (var k = w.x; k < w.y; k++) {
        for (var l = w.z; l < w.w; l++) { sum += x[plane + k * params.width + l]; }
    }
    y[index] = sum / size(w);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if index >= params.planes * params.height * params.width { return; }
    let plane = index / (params.height * params.width) * params.out_h * params.out_w;
    let row = index / params.width % params.height + params.pad_h;
    let is = windows_over(row, params.kernel_h, params.stride_h, params.out_h);
    let js = windows_over(index % params.width + params.pad_w, params.kernel_w, params.stride_w, params.out_w);
    var sum = 0.0;
    for (var i = is.x; i < is.y; i++) {
        for (var j = js.x; j < js.y; j++) { sum += dy[plane + i * params.out_w + j] / size(window(i, j)); }
    }
    dx[index] = sum;
}
