// A step of heat that spreads, and a count of what is hot by as many workgroups as are asked for.
override RATE: f32 = 0.1;
@group(0) @binding(0) var<storage, read> before: array<f32>;
@group(0) @binding(1) var<storage, read_write> after: array<f32>;
@group(0) @binding(2) var<storage, read_write> asked: array<u32, 3>;
@group(0) @binding(3) var<storage, read_write> hot: atomic<u32>;

@compute @workgroup_size(64)
fn spread(@builtin(global_invocation_id) id: vec3u) {
    let last = arrayLength(&before) - 1u;
    if id.x > last { return; }
    let own = before[id.x];
    let around = before[max(id.x, 1u) - 1u] + before[min(id.x + 1u, last)];
    after[id.x] = own + RATE * (around - 2.0 * own);
}

@compute @workgroup_size(1)
fn ask() {
    asked[0] = 32u;
}

@compute @workgroup_size(64)
fn count(@builtin(global_invocation_id) id: vec3u) {
    if before[id.x] > 0.0 { atomicAdd(&hot, 1u); }
}
