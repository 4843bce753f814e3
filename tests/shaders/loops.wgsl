// args: --threads 32 --buffer y=zero:128 --expect y=37u
// Loops of all kinds: counted, with an end within, for as long as, and a choice of several.
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(32)
fn loops(@builtin(global_invocation_id) id: vec3u) {
    var sum = 0u;
    for (var i = 0u; i < 10u; i++) {
        if i == 3u { continue; }
        if i == 8u { break; }
        sum += i;
    }
    var n = 6u;
    while n > 0u { n -= 1u; sum += 1u; }
    loop {
        n += 1u;
        if n > 4u { break; }
        continuing { sum += 1u; break if sum > 1000u; }
    }
    switch n {
        case 1u, 2u: { sum += 100u; }
        case 5u: { sum += 2u; }
        default: { sum += 1000u; }
    }
    y[id.x] = sum;
}
