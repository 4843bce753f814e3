// args: --workgroups 16 --buffer x=zero:16K --buffer counts=zero --expect counts=4096u,0u,0u
// Counts in workgroup memory, which are added up in the end.
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>, 256>;
var<workgroup> own: array<atomic<u32>, 256>;
@compute @workgroup_size(256)
fn histogram(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
    if id.x < arrayLength(&x) { atomicAdd(&own[x[id.x] % 256u], 1u); }
    workgroupBarrier();
    atomicAdd(&counts[lane], atomicLoad(&own[lane]));
}
