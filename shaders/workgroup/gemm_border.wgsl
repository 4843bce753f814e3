// What a product of matrices reads, inside of a border of zeros, so that it need not look where a map ends:
//   bordered[n, c, h + border_h, w + border_w] = x[n, c, h, w],
// or the gradient in front of a ReLU, or of a ReLU and max-pooling of 2×2 behind it:
//   d = dy where y > 0,   d = dy at the corner of its window that won, where y > 0; else 0
// What no kernel writes is 0 from the start and stays so: the border, and rows and columns that no window holds.
// Twins: src/ops/conv2d/twin.rs, src/ops/relu/proof.rs, src/ops/max_pool2d/proof.rs.

struct Params {
    size: vec3u,      // maps (all images' channels), height, width of x
    height: u32,      // with the border
    width: u32,
    border_h: u32,
    border_w: u32,
    reserved: u32,
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // (maps, H, W), or dy
@group(0) @binding(2) var<storage, read> y: array<f32>;               // likewise
@group(0) @binding(3) var<storage, read> argmax: array<u32>;          // likewise: the corner that won
@group(0) @binding(4) var<storage, read_write> bordered: array<f32>;  // (maps, height, width)

fn outside(index: u32) -> bool {
    return index >= params.size.x * params.size.y * params.size.z;
}

// Where a value of x goes, or the first corner of its window where cells are 2 wide.
fn place_of(index: u32, cell: u32) -> u32 {
    let size = params.size;
    let line = index / size.z;
    let row = line % size.y * cell + params.border_h;
    return (line / size.y * params.height + row) * params.width + index % size.z * cell + params.border_w;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn values(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if outside(index) { return; }
    bordered[place_of(index, 1u)] = x[index];
}

// As in relu.wgsl, a NaN in y lets dy pass.
fn before(index: u32) -> f32 {
    return select(x[index], 0.0, y[index] <= 0.0);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn before_relu(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if outside(index) { return; }
    bordered[place_of(index, 1u)] = before(index);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn before_pooling(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if outside(index) { return; }
    let gradient = before(index);
    let corner = argmax[index];
    let place = place_of(index, 2u);
    bordered[place] = select(0.0, gradient, corner == 0u);
    bordered[place + 1u] = select(0.0, gradient, corner == 1u);
    bordered[place + params.width] = select(0.0, gradient, corner == 2u);
    bordered[place + params.width + 1u] = select(0.0, gradient, corner == 3u);
}
