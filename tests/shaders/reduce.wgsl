// args: --workgroups 4 --buffer x=1,1,1,1+zero:4080 --buffer sums=zero:16 --expect sums=4,0,0,0
// Sums of 256 numbers, halved and halved again in workgroup memory.
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
var<workgroup> part: array<f32, 256>;
@compute @workgroup_size(256)
fn reduce(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
) {
    part[lane] = x[id.x];
    for (var half = 128u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half { part[lane] += part[lane + half]; }
    }
    if lane == 0u { sums[group.x] = part[0]; }
}
