// args: --threads 16,16 --texture a=16x16 --texture b=16x16 --texture c=16x16 --texture d=16x16
// Storage textures of several formats.
@group(0) @binding(0) var a: texture_storage_2d<rgba8snorm, write>;
@group(0) @binding(1) var b: texture_storage_2d<rgba32float, write>;
@group(0) @binding(2) var c: texture_storage_2d<rgba16uint, write>;
@group(0) @binding(3) var d: texture_storage_2d<r32sint, write>;
@compute @workgroup_size(8, 8)
fn formats(@builtin(global_invocation_id) id: vec3u) {
    let share = vec4f(vec2f(id.xy) / 16.0, -1.0, 1.0);
    textureStore(a, id.xy, share);
    textureStore(b, id.xy, 3.0 * share);
    textureStore(c, id.xy, vec4u(id.xy, 7u, 65535u));
    textureStore(d, id.xy, vec4i(-i32(id.x), 0, 0, 0));
}
