// args: --workgroups 4 --buffer next=100u --buffer taken=zero:4K --expect next=228u --steps 5
// Threads that find something take the next place: a counter that has to begin anew in each run.
@group(0) @binding(0) var<storage, read_write> next: atomic<u32>;
@group(0) @binding(1) var<storage, read_write> taken: array<u32>;
@compute @workgroup_size(64)
fn bump(@builtin(global_invocation_id) id: vec3u) {
    if id.x % 2u == 0u {
        let place = atomicAdd(&next, 1u);
        if place < arrayLength(&taken) { taken[place] = id.x; }
    }
}
