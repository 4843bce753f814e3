// args: --threads 64,64 --texture now=64x64 --texture then=64x64
// Cells that live and die by their neighbours, over the edges and in again.
@group(0) @binding(0) var now: texture_2d<u32>;
@group(0) @binding(1) var then: texture_storage_2d<r32uint, write>;
@compute @workgroup_size(16, 4)
fn life(@builtin(global_invocation_id) id: vec3u) {
    let size = textureDimensions(now);
    var neighbours = 0u;
    for (var dy = 0u; dy < 3u; dy++) {
        for (var dx = 0u; dx < 3u; dx++) {
            let at = (id.xy + vec2u(dx, dy) + size - 1u) % size;
            if dx != 1u || dy != 1u { neighbours += textureLoad(now, at, 0).x & 1u; }
        }
    }
    let lives = (textureLoad(now, id.xy, 0).x & 1u) == 1u;
    textureStore(then, id.xy, vec4u(u32(neighbours == 3u || lives && neighbours == 2u), 0u, 0u, 0u));
}
