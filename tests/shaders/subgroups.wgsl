// args: --threads 64 --buffer y=zero:1K --expect y=1u,1u,1u,1u
// Requires: SUBGROUP
// Threads that run together hand numbers round.
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(64)
fn subgroups(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(subgroup_size) size: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let sum = subgroupAdd(1u);
    let first = subgroupBroadcastFirst(lane);
    y[id.x] = u32(sum <= size && first == 0u && subgroupMax(lane) < size);
}
