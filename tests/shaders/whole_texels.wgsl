// args: --threads 32,32 --texture signs=32x32 --texture counts=32x32 --buffer y=zero:4K
// Textures of whole numbers, with signs and without.
@group(0) @binding(0) var signs: texture_2d<i32>;
@group(0) @binding(1) var counts: texture_2d<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<i32>;
@compute @workgroup_size(8, 8)
fn whole_texels(@builtin(global_invocation_id) id: vec3u) {
    y[id.y * 32u + id.x] = textureLoad(signs, id.xy, 0).y - i32(textureLoad(counts, id.xy, 0).z);
}
