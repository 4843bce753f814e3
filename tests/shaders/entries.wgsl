// args: --entry second --workgroups 2,2,2 --buffer y=zero:256 --expect y=8u
// Two entry points, of which one is run, over three dimensions.
@group(0) @binding(0) var<storage, read_write> y: array<atomic<u32>>;
@compute @workgroup_size(1)
fn first() { atomicAdd(&y[0], 1000u); }
@compute @workgroup_size(2, 2, 2)
fn second(@builtin(local_invocation_index) i: u32, @builtin(num_workgroups) all: vec3u) {
    if i < all.x * all.y * all.z { atomicAdd(&y[i], 1u); }
}
