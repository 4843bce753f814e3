// The last part of the parameters of kernels that write the map of a convolution: whole, or behind ReLU and pooling.

struct MapParams {
    outputs: u32,       // O
    height: u32,        // of y
    width: u32,         // of y
    argmax_across: u32, // images side by side in argmax
    argmax_width: u32,  // texels from one to the next
    argmax_height: u32, // rows from one to the one below
    argmax_groups: u32, // O / 8, rounded up
    y_across: u32,      // images side by side in y_texels
    y_width: u32,       // texels from one to the next
    y_height: u32,      // rows from one to the one below
    y_groups: u32,      // channel groups of a column
    y_top: u32,         // rows of zeros above an image
    y_left: u32,        // columns of zeros left of it
}
