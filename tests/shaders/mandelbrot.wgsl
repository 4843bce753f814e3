// args: --threads 128,128 --texture picture=128x128
// How many turns a loop takes is decided by data, and differs from thread to thread.
@group(0) @binding(0) var picture: texture_storage_2d<rgba8unorm, write>;
@compute @workgroup_size(8, 8)
fn mandelbrot(@builtin(global_invocation_id) id: vec3u) {
    let c = vec2f(id.xy) / 42.0 - vec2f(2.2, 1.5);
    var z = vec2f(0.0);
    var turns = 0u;
    while dot(z, z) < 4.0 && turns < 200u {
        z = vec2f(z.x * z.x - z.y * z.y, 2.0 * z.x * z.y) + c;
        turns++;
    }
    textureStore(picture, id.xy, vec4f(vec3f(f32(turns) / 200.0), 1.0));
}
