// The sizes of a depthwise convolution, s its stride.

struct Params {
    planes: u32,    // N·C
    channels: u32,  // C
    height: u32,    // H
    quads: u32,     // W / 4
    out_h: u32,     // OH = H / s
    out_quads: u32, // OW / 4
    taps: u32,      // 3 or 5, along a side
    pad: u32,       // rows of zeros above
}
