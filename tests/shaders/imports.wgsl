// args: --threads 64 --include tests/shaders/parts --buffer y=zero:256 --expect y=0.5
// Functions of modules, by the path that they define and by their file.
#import corpus::curves
#import "shift.wgsl" as shift
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(16)
fn imports(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = curves::eased(shift::half(0.0));
}
