// args: --threads N,N --override TILE=8 --buffer a=zero:16K --buffer b=16K --buffer c=16K --expect c=zero
// The product of two matrices by square tiles in workgroup memory, whose side is an override constant.
const N = 64u;
override TILE: u32 = 16u;
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
var<workgroup> tile_a: array<f32, TILE * TILE>;
var<workgroup> tile_b: array<f32, TILE * TILE>;
@compute @workgroup_size(TILE, TILE)
fn matmul(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) at: vec3u) {
    var sum = 0.0;
    for (var start = 0u; start < N; start += TILE) {
        tile_a[at.y * TILE + at.x] = a[id.y * N + start + at.x];
        tile_b[at.y * TILE + at.x] = b[(start + at.y) * N + id.x];
        workgroupBarrier();
        for (var k = 0u; k < TILE; k++) { sum = fma(tile_a[at.y * TILE + k], tile_b[k * TILE + at.x], sum); }
        workgroupBarrier();
    }
    c[id.y * N + id.x] = sum;
}
