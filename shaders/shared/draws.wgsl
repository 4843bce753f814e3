// Random numbers of a batch's images, each from the step's seed, the image and a number of its own; nothing is stored.
// Requires: step, pcg, DRAWS, SALT

fn hash(image: u32, index: u32) -> u32 {
    return pcg((image * DRAWS + index) ^ pcg(step.seed ^ SALT));
}

// From 0 to below 1.
fn unit(random: u32) -> f32 {
    return f32(random >> 8u) / 16777216.0;
}

fn draw(image: u32, index: u32) -> f32 {
    return unit(hash(image, index));
}

// From -1 to below 1.
fn around(image: u32, index: u32) -> f32 {
    return 2.0 * draw(image, index) - 1.0;
}
