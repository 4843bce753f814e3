// Rectified linear units: none at all, max(z, 0), or min(max(z, 0), 6).

const RELU = 1u;
const RELU6 = 2u;

// Written so that NaN stays NaN: a poisoned value must reach the loss.
fn rectified(z: f32, rectifier: u32) -> f32 {
    let lower = select(z, 0.0, rectifier >= RELU && z <= 0.0);
    return select(lower, 6.0, rectifier == RELU6 && z >= 6.0);
}

// What of the gradient behind it gets through to z.
fn passed(z: f32, gradient: f32, rectifier: u32) -> f32 {
    let stops = (rectifier >= RELU && z <= 0.0) || (rectifier == RELU6 && z >= 6.0);
    return select(gradient, 0.0, stops);
}
