// args: --threads 64 --buffer sum=zero --expect sum=16
// Requires: SHADER_FLOAT32_ATOMIC
// Real numbers added up by all threads.
@group(0) @binding(0) var<storage, read_write> sum: atomic<f32>;
@compute @workgroup_size(64)
fn float_atomics() { atomicAdd(&sum, 0.25); }
