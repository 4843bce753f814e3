// args: --threads 16,16 --texture deep=16x16
// Requires: TEXTURE_FORMAT_16BIT_NORM
// A format that not every device has.
@group(0) @binding(0) var deep: texture_storage_2d<rgba16unorm, write>;
@compute @workgroup_size(8, 8)
fn norm16(@builtin(global_invocation_id) id: vec3u) {
    textureStore(deep, id.xy, vec4f(vec2f(id.xy) / 16.0, 0.5, 1.0));
}
