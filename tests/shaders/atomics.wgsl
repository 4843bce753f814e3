// args: --threads 256 --buffer all=zero --expect all=255u,4294967295u,255u,0u,1u
// Each of the operations on whole numbers that is done as one.
struct All { most: atomic<u32>, least: atomic<u32>, any: atomic<u32>, every: atomic<u32>, once: atomic<u32>, signed: atomic<i32> }
@group(0) @binding(0) var<storage, read_write> all: All;
@compute @workgroup_size(64)
fn atomics(@builtin(global_invocation_id) id: vec3u) {
    atomicMax(&all.most, id.x);
    atomicMin(&all.least, 4294967295u);
    atomicOr(&all.any, id.x);
    atomicAnd(&all.every, id.x);
    let exchanged = atomicCompareExchangeWeak(&all.once, 0u, 1u);
    if exchanged.exchanged { atomicSub(&all.least, 1u); }
    atomicXor(&all.signed, i32(id.x));
}
