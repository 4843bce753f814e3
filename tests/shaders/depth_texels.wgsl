// args: --threads 32,32 --texture depths=32x32x4 --buffer y=zero:4K
// Depths of layers, texel by texel.
@group(0) @binding(0) var depths: texture_depth_2d_array;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(8, 8)
fn depth_texels(@builtin(global_invocation_id) id: vec3u) {
    var most = 0.0;
    for (var layer = 0u; layer < textureNumLayers(depths); layer++) {
        most = max(most, textureLoad(depths, id.xy, layer, 0));
    }
    y[id.y * 32u + id.x] = most;
}
