// Rows of a matrix made longer, with zeros, or shorter.
//   y[r,i] = x[r,i] where x has it, 0 elsewhere
// Checked with the convolutions that need it; twin: src/ops/conv2d/twin.rs.

struct Params {
    rows: u32,
    x_length: u32,  // values in a row of x
    y_length: u32,  // values in a row of y
    first: u32,     // the first row of y in the matrix that it is a part of
    source: u32,    // the same of x
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (…, x_length)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (…, y_length)

@compute @workgroup_size(WORKGROUP_SIZE)
fn resize(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let row = index / params.y_length;
    if row >= params.rows { return; }
    let i = index % params.y_length;
    let value = x[(params.source + row) * params.x_length + min(i, params.x_length - 1u)];
    y[params.first * params.y_length + index] = select(0.0, value, i < params.x_length);
}
