// Convolutions of any kernel and stride as products of matrices: what each tap meets becomes a plane of its own.
//   unfolded[n,(c,k,l),(i,j)] = x[n,c,i·s_h+k-pad_h,j·s_w+l-pad_w]: y = weight · unfolded, for each image
//   dx[n,c,h,w] = Σ_{k,l} unfolded[n,(c,k,l),(i,j)], those with h = i·s_h+k-pad_h and w = j·s_w+l-pad_w
// Twin: src/ops/conv2d/twin.rs. Source: torch.nn.functional.unfold, fold.
//
// Planes and rows of the weight are filled up with zeros to whole groups of four.
//
// Texels: x, unfolded

struct Params {
    rows: u32,      // N, those of a part of the batch
    first: u32,     // the first of them
    channels: u32,  // C
    height: u32,    // H
    width: u32,     // W
    kernel_h: u32,
    kernel_w: u32,
    stride_h: u32,
    stride_w: u32,
    pad_h: u32,     // rows of zeros above
    pad_w: u32,     // columns of zeros left of it
    out_h: u32,
    out_w: u32,
    planes: u32,    // C·KH·KW, rounded up to a multiple of 4
    quads: u32,     // OH·OW / 4, rounded up
}

const WORKGROUP_SIZE = 64u;
// Groups of four that a thread takes: enough that to find their place takes little beside them.
const RUN = 16u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;                       // (all rows, C, H, W)
@group(0) @binding(2) var<storage, read_write> unfolded_out: array<vec4f>;    // (N, planes, quads)
@group(0) @binding(3) var<storage, read> unfolded: array<f32>;                // the same, read value by value
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;                // (all rows, C, H, W)

// The value of channel plane `plane` that a tap meets at row `i` and column `j`, of the padded map; 0 outside of the map.
fn value_at(plane: u32, i: u32, j: u32) -> f32 {
    // Rows and columns of the padding wrap round to beyond the map.
    let h = i - params.pad_h;
    let w = j - params.pad_w;
    let is_inside = h < params.height && w < params.width;
    let at = (plane * params.height + min(h, params.height - 1u)) * params.width + min(w, params.width - 1u);
    return select(0.0, x[at], is_inside);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn unfold(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let runs = (params.quads + RUN - 1u) / RUN;
    let row = index / runs;
    let n = row / params.planes;
    if n >= params.rows { return; }
    let tap = row % params.planes;
    let taps = params.kernel_h * params.kernel_w;
    let c = tap / taps;
    let plane = (params.first + n) * params.channels + min(c, params.channels - 1u);
    let k = tap % taps / params.kernel_w;
    let l = tap % params.kernel_w;
    let first = index % runs * RUN;
    var i = 4u * first / params.out_w;
    var j = 4u * first % params.out_w;
    for (var q = first; q < min(first + RUN, params.quads); q++) {
        var values = vec4f(0.0);
        for (var t = 0u; t < 4u; t++) {
            let value = value_at(plane, i * params.stride_h + k, j * params.stride_w + l);
            values[t] = select(0.0, value, c < params.channels && i < params.out_h);
            let is_last = j + 1u == params.out_w;
            i += select(0u, 1u, is_last);
            j = select(j + 1u, 0u, is_last);
        }
        unfolded_out[row * params.quads + q] = values;
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn fold(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let w = index % params.width + params.pad_w;
    let h = index / params.width % params.height + params.pad_h;
    let plane = index / params.width / params.height;
    let n = plane / params.channels;
    if n >= params.rows { return; }
    let c = plane % params.channels;
    var sum = 0.0;
    // Taps before that would meet the value from between two positions.
    for (var k = h % params.stride_h; k < params.kernel_h; k += params.stride_h) {
        for (var l = w % params.stride_w; l < params.kernel_w; l += params.stride_w) {
            if k > h || l > w { continue; }
            let i = (h - k) / params.stride_h;
            let j = (w - l) / params.stride_w;
            if i >= params.out_h || j >= params.out_w { continue; }
            let tap = (c * params.kernel_h + k) * params.kernel_w + l;
            sum += unfolded[(n * params.planes + tap) * 4u * params.quads + i * params.out_w + j];
        }
    }
    dx[params.first * params.channels * params.height * params.width + index] = sum;
}
