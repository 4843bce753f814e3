// args: --workgroups 4 --buffer x=7u+zero:252 --buffer y=zero:1K --expect y=7u,7u,7u
// One thread reads a number for the whole workgroup.
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
var<workgroup> shared_number: u32;
@compute @workgroup_size(64)
fn same_for_all(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
    if lane == 0u { shared_number = x[group.x]; }
    let number = workgroupUniformLoad(&shared_number);
    y[group.x * 64u + lane] = number;
}
