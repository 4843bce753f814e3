// args: --threads 32,32 --buffer x=1,2,3+zero:4084 --buffer y=zero:4K --expect y=1,0
// A matrix of 32 rows and 32 columns, turned over its diagonal.
@group(0) @binding(0) var<storage, read> x: array<array<f32, 32>, 32>;
@group(0) @binding(1) var<storage, read_write> y: array<array<f32, 32>, 32>;
var<workgroup> tile: array<array<f32, 9>, 8>;
@compute @workgroup_size(8, 8)
fn transpose_tiles(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) at: vec3u) {
    let there = group.xy * 8u + at.xy;
    tile[at.y][at.x] = x[there.y][there.x];
    workgroupBarrier();
    let here = group.yx * 8u + at.xy;
    y[here.y][here.x] = tile[at.x][at.y];
}
