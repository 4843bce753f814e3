// args: --threads 64 --buffer y=4294967296lu,5lu+zero:496 --expect y=8589934592lu,10lu
// Requires: SHADER_INT64
// Whole numbers of 64 bits.
@group(0) @binding(0) var<storage, read_write> y: array<u64>;
@compute @workgroup_size(64)
fn long(@builtin(global_invocation_id) id: vec3u) { y[id.x] = y[id.x] * 2lu; }
