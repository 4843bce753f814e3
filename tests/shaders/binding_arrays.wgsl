// args: --workgroups 8 --texture pictures=8x8 --buffer y=zero:128
// Requires: TEXTURE_BINDING_ARRAY
// Several textures at one binding.
enable wgpu_binding_array;
@group(0) @binding(0) var pictures: binding_array<texture_2d<f32>, 4>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(1)
fn binding_arrays(@builtin(workgroup_id) id: vec3u) {
    var sum = vec4f(0.0);
    for (var i = 0u; i < 4u; i++) { sum += textureLoad(pictures[i], id.xy, 0); }
    y[id.x] = sum;
}
