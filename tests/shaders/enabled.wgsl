// args: --threads 64 --buffer y=zero:1K --expect y=1u,1u
// Requires: SUBGROUP
// Subgroups as the standard has them: with a line that asks for them.
enable subgroups;
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(64)
fn enabled(@builtin(global_invocation_id) id: vec3u) { y[id.x] = u32(subgroupAll(y[id.x] == 0u)); }
