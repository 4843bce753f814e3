// args: --threads 256 --buffer y=zero:4K
// A texture of one dimension as a table.
@group(0) @binding(0) var ramp: texture_1d<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(64)
fn line(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = textureLoad(ramp, id.x % textureDimensions(ramp), 0);
}
