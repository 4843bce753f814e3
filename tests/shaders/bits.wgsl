// args: --threads 16 --buffer y=zero:256 --expect y=3u,2147483648u,31u,0u,65280u,2u,4278190080u,15360u
// Bits counted, turned round, taken out, put in and packed.
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(1)
fn bits() {
    let one = arrayLength(&y) / arrayLength(&y);
    y[0] = countOneBits(7u * one);
    y[1] = reverseBits(one);
    y[2] = countLeadingZeros(one);
    y[3] = countTrailingZeros(one);
    y[4] = insertBits(0u, 255u * one, 8u, 8u);
    y[5] = extractBits(32u * one, 4u, 4u);
    y[6] = pack4x8unorm(vec4f(0.0, 0.0, 0.0, f32(one)));
    y[7] = pack2x16float(vec2f(f32(one), 0.0));
    y[8] = firstLeadingBit(one) + firstTrailingBit(one);
}
