// args: --threads 1024 --buffer x=1,2,3,4+4K --expect x=2,4,6,8 --steps 5
// Doubles what it finds: a run that found another one's results would write more.
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(128)
fn double(@builtin(global_invocation_id) id: vec3u) {
    if id.x < arrayLength(&x) { x[id.x] *= 2.0; }
}
