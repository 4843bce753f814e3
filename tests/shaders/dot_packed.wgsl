// args: --threads 64 --buffer x=67305985u+zero:252 --buffer y=zero:256 --expect y=30u,0u
// Products of four bytes at once, added up.
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(64)
fn dot_packed(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = dot4U8Packed(x[id.x], x[id.x]);
}
