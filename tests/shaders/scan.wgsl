// args: --workgroups 1 --buffer x=1u,2u,3u,4u,5u+zero:492 --buffer y=zero:512 --expect y=1u,3u,6u,10u,15u,15u
// Running sums within a workgroup.
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
var<workgroup> sums: array<u32, 128>;
@compute @workgroup_size(128)
fn scan(@builtin(local_invocation_index) lane: u32) {
    sums[lane] = x[lane];
    workgroupBarrier();
    for (var by = 1u; by < 128u; by *= 2u) {
        var more = 0u;
        if lane >= by { more = sums[lane - by]; }
        workgroupBarrier();
        sums[lane] += more;
        workgroupBarrier();
    }
    y[lane] = sums[lane];
}
