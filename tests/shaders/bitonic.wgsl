// args: --workgroups 1 --buffer x=5u,3u,9u,1u+zero:240 --expect x=0u,0u,0u,0u
// Sorts 64 numbers in workgroup memory.
@group(0) @binding(0) var<storage, read_write> x: array<u32, 64>;
var<workgroup> own: array<u32, 64>;
@compute @workgroup_size(64)
fn sort(@builtin(local_invocation_index) lane: u32) {
    own[lane] = x[lane];
    for (var size = 2u; size <= 64u; size *= 2u) {
        for (var by = size / 2u; by > 0u; by /= 2u) {
            workgroupBarrier();
            let other = lane ^ by;
            let is_up = (lane & size) == 0u;
            let mine = own[lane];
            let theirs = own[other];
            workgroupBarrier();
            let wants_less = (lane < other) == is_up;
            own[lane] = select(max(mine, theirs), min(mine, theirs), wants_less);
        }
    }
    workgroupBarrier();
    x[lane] = own[lane];
}
