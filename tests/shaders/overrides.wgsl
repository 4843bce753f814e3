// args: --threads 64 --override 7=4 --override wide=true --override shift=0.25 --buffer y=zero:1K --expect y=2.25
// Override constants of every type, by name and by number, and one that is made of others.
@id(7) override lanes: u32 = 8u;
override wide: bool = false;
override shift: f32;
override least: i32 = -2;
override total: u32 = 2u * lanes;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
var<workgroup> own: array<f32, total>;
@compute @workgroup_size(lanes)
fn overrides(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
    own[lane] = select(f32(least), f32(total / lanes), wide);
    y[id.x] = own[lane] + shift;
}
