// args: --threads 1024 --buffer x=1,2,3,4+64K --buffer y=zero:65552 --expect y=1,2,3,4
// Four numbers a thread, as they are.
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(64)
fn copy(@builtin(global_invocation_id) id: vec3u) {
    if id.x < arrayLength(&y) { y[id.x] = x[id.x]; }
}
