// args: --threads 16 --buffer table=1,0,0,0,2,0,0,0,3,0,0,0,4,0,0,0 --buffer y=zero:64 --expect y=4,3,2,1,4
// An array in a uniform block, whose elements lie 16 bytes apart.
@group(0) @binding(0) var<uniform> table: array<vec4f, 4>;
@group(0) @binding(1) var<storage, read_write> y: array<f32, 16>;
@compute @workgroup_size(16)
fn lookup(@builtin(local_invocation_index) i: u32) {
    y[i] = table[3u - i % 4u].x;
}
