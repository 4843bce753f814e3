// Adds up the parts of dweight and dbias, in order.
//   dweight[o, t] = Σ_part sums[part, o, t],   dbias[o] = Σ_part sums[part, o, taps]
// Twin: src/reference/conv2d.rs.

struct Params {
    parts: u32,
    outputs: u32,  // O
    taps: u32,     // C · KH · KW
    reserved: u32,
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sums: array<f32>;           // (parts, O, taps and 1)
@group(0) @binding(2) var<storage, read_write> dweight: array<f32>;  // (O, taps)
@group(0) @binding(3) var<storage, read_write> dbias: array<f32>;    // (O)

@compute @workgroup_size(WORKGROUP_SIZE)
fn reduce(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
    let index = id.y * groups.x * WORKGROUP_SIZE + id.x;
    let columns = params.taps + 1u;
    let results = params.outputs * columns;
    if index >= results { return; }
    var sum = 0.0;
    for (var part = 0u; part < params.parts; part++) {
        sum += sums[part * results + index];
    }
    let o = index / columns;
    let column = index % columns;
    if column < params.taps {
        dweight[o * params.taps + column] = sum;
    } else {
        dbias[o] = sum;
    }
}
