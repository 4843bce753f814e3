// What the kernels that measure an adapter are told.

struct Params {
    rounds: u32,  // of a thread
    threads: u32,
    scale: f32,   // close to 1, so that sums stay finite
    shift: f32,
}
