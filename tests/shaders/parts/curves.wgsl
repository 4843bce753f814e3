#define_import_path corpus::curves

/// From 0 to 1, level at both ends.
fn eased(x: f32) -> f32 {
    return x * x * (3.0 - 2.0 * x);
}
