// The hash that random numbers are drawn with, each from its number alone: PCG RXS-M-XS 32 (O'Neill 2014).

fn pcg(value: u32) -> u32 {
    let state = value * 747796405u + 2891336453u;
    let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}
