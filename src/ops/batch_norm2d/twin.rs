//! Batch normalisation of feature maps: `torch.nn.functional.batch_norm`; Ioffe and Szegedy 2015, algorithm 1.
//!
//! `y = weight[c] · (x − mean[c]) / √(var[c] + eps) + bias[c]`
//!
//! In training, mean and var are those of the batch over (N, H, W) and gradients flow through both; in
//! evaluation, `forward` is given the running ones.

/// The shape of x, y and their gradients: (N, C, H, W). Statistics, weight and bias are (C).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchNorm2dShape {
    /// N, rows of the batch.
    pub n: usize,
    /// C, channels.
    pub c: usize,
    /// H, height.
    pub h: usize,
    /// W, width.
    pub w: usize,
}

impl BatchNorm2dShape {
    /// N·H·W, the number of values that share one mean.
    fn count(&self) -> f64 {
        (self.n * self.h * self.w) as f64
    }

    /// The channel of value `i` of (N, C, H, W).
    fn channel(&self, i: usize) -> usize {
        i / (self.h * self.w) % self.c
    }
}

/// x (N, C, H, W) → the batch's mean (C) and biased variance (C), both divided by N·H·W.
pub fn statistics(x: &[f64], s: BatchNorm2dShape) -> (Vec<f64>, Vec<f64>) {
    let (mut mean, mut var) = (vec![0.0; s.c], vec![0.0; s.c]);
    for (i, x) in x.iter().enumerate() {
        mean[s.channel(i)] += x / s.count();
    }
    for (i, x) in x.iter().enumerate() {
        let c = s.channel(i);
        var[c] += (x - mean[c]).powi(2) / s.count();
    }
    (mean, var)
}

/// Running mean and variance (C), the batch's mean and biased variance (C) → the new running ones (C), as
/// PyTorch's: `running' = (1 − momentum) · running + momentum · batch`, where the variance taken in is the
/// unbiased one, `var · NHW / (NHW − 1)`. There must be more than one value per channel.
pub fn update_running(
    running_mean: &[f64],
    running_var: &[f64],
    mean: &[f64],
    var: &[f64],
    momentum: f64,
    s: BatchNorm2dShape,
) -> (Vec<f64>, Vec<f64>) {
    debug_assert!(s.count() > 1.0, "one value has no unbiased variance");
    let (mut new_mean, mut new_var) = (Vec::new(), Vec::new());
    for c in 0..s.c {
        let unbiased = var[c] * s.count() / (s.count() - 1.0);
        new_mean.push((1.0 - momentum) * running_mean[c] + momentum * mean[c]);
        new_var.push((1.0 - momentum) * running_var[c] + momentum * unbiased);
    }
    (new_mean, new_var)
}

/// x (N, C, H, W), mean, var, weight and bias (C) → y (N, C, H, W).
pub fn forward(
    x: &[f64],
    mean: &[f64],
    var: &[f64],
    weight: &[f64],
    bias: &[f64],
    eps: f64,
    s: BatchNorm2dShape,
) -> Vec<f64> {
    let mut y = Vec::new();
    for (i, x) in x.iter().enumerate() {
        let c = s.channel(i);
        y.push(weight[c] * (x - mean[c]) / (var[c] + eps).sqrt() + bias[c]);
    }
    y
}

/// x and dy (N, C, H, W), the batch's mean and biased variance (C), weight (C) → dx (N, C, H, W), where mean
/// and var depend on x:
/// `dx = weight / √(var + eps) · (dy − Σdy / NHW − x̂ · Σ(dy·x̂) / NHW)`, `x̂ = (x − mean) / √(var + eps)`.
pub fn backward_input(
    x: &[f64],
    dy: &[f64],
    mean: &[f64],
    var: &[f64],
    weight: &[f64],
    eps: f64,
    s: BatchNorm2dShape,
) -> Vec<f64> {
    let sum_dy = backward_bias(dy, s);
    let sum_dy_x_hat = backward_weight(x, dy, mean, var, eps, s);
    let mut dx = Vec::new();
    for i in 0..x.len() {
        let c = s.channel(i);
        let deviation = (var[c] + eps).sqrt();
        let x_hat = (x[i] - mean[c]) / deviation;
        let centred = dy[i] - sum_dy[c] / s.count() - x_hat * sum_dy_x_hat[c] / s.count();
        dx.push(weight[c] / deviation * centred);
    }
    dx
}

/// dy (N, C, H, W), var and weight (C) → dx (N, C, H, W) where mean and var do not depend on x:
/// `dx = weight / √(var + eps) · dy`.
pub fn backward_input_frozen(
    dy: &[f64],
    var: &[f64],
    weight: &[f64],
    eps: f64,
    s: BatchNorm2dShape,
) -> Vec<f64> {
    let scaled = |(i, dy): (usize, &f64)| weight[s.channel(i)] / (var[s.channel(i)] + eps).sqrt() * dy;
    dy.iter().enumerate().map(scaled).collect()
}

/// x and dy (N, C, H, W), mean and var (C) → dweight (C): `Σ dy · (x − mean) / √(var + eps)`.
pub fn backward_weight(
    x: &[f64],
    dy: &[f64],
    mean: &[f64],
    var: &[f64],
    eps: f64,
    s: BatchNorm2dShape,
) -> Vec<f64> {
    let mut dweight = vec![0.0; s.c];
    for i in 0..x.len() {
        let c = s.channel(i);
        dweight[c] += dy[i] * (x[i] - mean[c]) / (var[c] + eps).sqrt();
    }
    dweight
}

/// dy (N, C, H, W) → dbias (C): `Σ dy`.
pub fn backward_bias(dy: &[f64], s: BatchNorm2dShape) -> Vec<f64> {
    let mut dbias = vec![0.0; s.c];
    for (i, dy) in dy.iter().enumerate() {
        dbias[s.channel(i)] += dy;
    }
    dbias
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_close, assert_gradient, normal};

    /// Two rows of two channels of one pixel each: channel 0 holds 1 and 5, channel 1 holds 2 and 2.
    const TINY: BatchNorm2dShape = BatchNorm2dShape { n: 2, c: 2, h: 1, w: 1 };
    const X: [f64; 4] = [1.0, 2.0, 5.0, 2.0];

    #[test]
    fn tiny_statistics_by_hand() {
        let (mean, var) = statistics(&X, TINY);
        assert_eq!((mean.clone(), var.clone()), (vec![3.0, 2.0], vec![4.0, 0.0]));
        let (mean, var) = update_running(&[1.0, 0.0], &[1.0, 4.0], &mean, &var, 0.25, TINY);
        assert_eq!((mean, var), (vec![1.5, 0.5], vec![2.75, 3.0]));
    }

    #[test]
    fn tiny_values_by_hand() {
        // √(var + eps) is 3 in channel 0 and √5 in channel 1.
        let (mean, var) = statistics(&X, TINY);
        let (weight, bias, dy) = ([6.0, 7.0], [10.0, 20.0], [1.0, 3.0, 4.0, 5.0]);
        let y = forward(&X, &mean, &var, &weight, &bias, 5.0, TINY);
        assert_close(&y, &[6.0, 20.0, 14.0, 20.0], 1e-12);
        assert_eq!(backward_bias(&dy, TINY), [5.0, 8.0]);
        let dweight = backward_weight(&X, &dy, &mean, &var, 5.0, TINY);
        assert_close(&dweight, &[2.0, 0.0], 1e-12);
        // Channel 0: 6/3 · (∓1.5 ± 2/3·2/2); channel 1: 7/√5 · ∓1.
        let dx = backward_input(&X, &dy, &mean, &var, &weight, 5.0, TINY);
        let side = 7.0 / 5f64.sqrt();
        assert_close(&dx, &[-5.0 / 3.0, -side, 5.0 / 3.0, side], 1e-12);
    }

    #[test]
    fn channels_of_more_than_one_pixel_keep_apart() {
        let s = BatchNorm2dShape { n: 2, c: 2, h: 1, w: 2 };
        let x = [1.0, 2.0, 10.0, 20.0, 3.0, 6.0, 30.0, 60.0];
        assert_eq!(statistics(&x, s), (vec![3.0, 30.0], vec![3.5, 350.0]));
        let y = forward(&x, &[0.0; 2], &[1.0; 2], &[1.0, 0.1], &[0.0, 100.0], 0.0, s);
        assert_close(&y, &[1.0, 2.0, 101.0, 102.0, 3.0, 6.0, 103.0, 106.0], 1e-12);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        for [n, c, h, w] in [[2, 1, 1, 2], [3, 5, 4, 2], [7, 3, 1, 5]] {
            let s = BatchNorm2dShape { n, c, h, w };
            let (weight, bias) = (normal(c, "weight"), normal(c, "bias"));
            let x = normal(n * c * h * w, "x");
            let dy = normal(n * c * h * w, "dy");
            let (mean, var) = statistics(&x, s);
            // A large eps shows when it stands in the wrong place.
            for eps in [1e-5, 0.3] {
                let train = |x: &[f64], weight: &[f64], bias: &[f64]| {
                    let (mean, var) = statistics(x, s);
                    forward(x, &mean, &var, weight, bias, eps, s)
                };
                let dx = backward_input(&x, &dy, &mean, &var, &weight, eps, s);
                assert_gradient(|x| train(x, &weight, &bias), &x, &dy, &dx);
                let dweight = backward_weight(&x, &dy, &mean, &var, eps, s);
                assert_gradient(|weight| train(&x, weight, &bias), &weight, &dy, &dweight);
                let dbias = backward_bias(&dy, s);
                assert_gradient(|bias| train(&x, &weight, bias), &bias, &dy, &dbias);
            }
        }
    }
}
