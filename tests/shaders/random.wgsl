// args: --threads 4096 --buffer y=zero:16K --seed 3
// Random numbers by hashing the thread's number.
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
fn pcg(seed: u32) -> u32 {
    let state = seed * 747796405u + 2891336453u;
    let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}
@compute @workgroup_size(256)
fn random(@builtin(global_invocation_id) id: vec3u) {
    y[id.x] = f32(pcg(id.x) >> 8u) * 0x1p-24;
}
