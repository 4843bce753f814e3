// The plane in which the features vary most, found anew for every picture: a few rounds of power iteration from the
// plane before, so that the picture turns smoothly. Everything is read where the trainer left it.

struct Shape {
    rows: u32,      // N
    features: u32,  // F
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> features: array<f32>;         // (N, F), the trainer's own buffer
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;       // (F)
@group(0) @binding(3) var<storage, read_write> axes: array<vec2f>;     // (F): both axes
@group(0) @binding(4) var<storage, read_write> points: array<vec2f>;   // (N): places in the plane

var<workgroup> partial: array<vec4f, WORKGROUP_SIZE>;

fn sum(lane: u32, share: vec4f) -> vec4f {
    partial[lane] = share;
    for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half { partial[lane] += partial[lane + half]; }
    }
    workgroupBarrier();
    let total = partial[0];
    workgroupBarrier();
    return total;
}

// One thread a feature.
@compute @workgroup_size(WORKGROUP_SIZE)
fn centre(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= shape.features { return; }
    var total = 0.0;
    for (var n = 0u; n < shape.rows; n++) { total += features[n * shape.features + id.x]; }
    mean[id.x] = total / f32(shape.rows);
}

// One workgroup a row: points = (features − mean) · axes
@compute @workgroup_size(WORKGROUP_SIZE)
fn project(@builtin(workgroup_id) row: vec3u, @builtin(local_invocation_index) lane: u32) {
    var share = vec2f(0.0);
    for (var f = lane; f < shape.features; f += WORKGROUP_SIZE) {
        share += (features[row.x * shape.features + f] - mean[f]) * axes[f];
    }
    let total = sum(lane, vec4f(share, 0.0, 0.0));
    if lane == 0u { points[row.x] = total.xy; }
}

// One thread a feature: axes = (features − mean)ᵀ · points
@compute @workgroup_size(WORKGROUP_SIZE)
fn turn(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= shape.features { return; }
    var axis = vec2f(0.0);
    for (var n = 0u; n < shape.rows; n++) {
        axis += (features[n * shape.features + id.x] - mean[id.x]) * points[n];
    }
    axes[id.x] = axis;
}

// One workgroup: the axes at right angles and of length 1.
@compute @workgroup_size(WORKGROUP_SIZE)
fn straighten(@builtin(local_invocation_index) lane: u32) {
    var share = vec4f(0.0);
    for (var f = lane; f < shape.features; f += WORKGROUP_SIZE) {
        let axis = axes[f];
        share += vec4f(axis.x * axis.x, axis.x * axis.y, axis.y * axis.y, 0.0);
    }
    let products = sum(lane, share);
    let square = max(products.x, 1e-20);
    let lean = products.y / square;
    let rest = max(products.z - lean * products.y, 1e-20);
    for (var f = lane; f < shape.features; f += WORKGROUP_SIZE) {
        let axis = axes[f];
        axes[f] = vec2f(axis.x / sqrt(square), (axis.y - lean * axis.x) / sqrt(rest));
    }
}

// One workgroup: the points in standard deviations.
@compute @workgroup_size(WORKGROUP_SIZE)
fn scale(@builtin(local_invocation_index) lane: u32) {
    var share = vec4f(0.0);
    for (var n = lane; n < shape.rows; n += WORKGROUP_SIZE) {
        share += vec4f(points[n] * points[n], 0.0, 0.0);
    }
    let deviation = sqrt(sum(lane, share).xy / f32(shape.rows));
    for (var n = lane; n < shape.rows; n += WORKGROUP_SIZE) {
        points[n] = points[n] / max(deviation, vec2f(1e-10));
    }
}
