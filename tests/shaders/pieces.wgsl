// args: --shader tests/shaders/parts/types.wgsl --threads 4 --buffer pairs=1,2,3,4+zero:16 --buffer y=zero:16 --expect y=3,7
// What a file before it declares.
@group(0) @binding(0) var<storage, read> pairs: array<Pair>;
@group(0) @binding(1) var<storage, read_write> y: array<Number>;
@compute @workgroup_size(4)
fn pieces(@builtin(global_invocation_id) id: vec3u) { y[id.x] = sum(pairs[id.x]); }
