// args: --threads 64 --define FAST --define SIZE=4 --buffer y=zero:256 --expect y=44u
// Lines that directives choose.
#define ALWAYS
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(16)
fn defines(@builtin(global_invocation_id) id: vec3u) {
    var value = 0u;
#ifdef FAST
    value += 40u;
#else
    value += 1u;
#endif
#if SIZE == 4
    value += 4u;
#endif
#ifndef ALWAYS
    value += 100u;
#endif
    y[id.x] = value;
}
