//! How parameters start.

use crate::rng;
use rand_distr::{Distribution, Normal, Uniform};
use serde::{Deserialize, Serialize};

/// The distribution of the weights at the start; biases start at 0, batch norm at weight 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Initialization {
    /// Normal with variance 2 / fan-in (He et al. 2015; `torch.nn.init.kaiming_normal_`).
    #[default]
    HeNormal,
    /// Uniform with variance 2 / (fan-in + fan-out) (Glorot & Bengio 2010; `torch.nn.init.xavier_uniform_`).
    XavierUniform,
    /// Uniform between -1/√fan-in and 1/√fan-in, as PyTorch's `Linear` and `Conv2d` start
    /// (`torch.nn.init.kaiming_uniform_` with `a = √5`).
    UniformFanIn,
}

impl Initialization {
    /// The first values of the weight called `name`, of shape (O, …).
    pub(super) fn weight(self, seed: u64, name: &str, dims: &[usize]) -> Vec<f32> {
        let mut rng = rng::stream(seed, name);
        let count = dims.iter().product();
        let receptive: usize = dims.iter().skip(2).product();
        let fan_in = (dims[1] * receptive) as f32;
        let fan_out = (dims[0] * receptive) as f32;
        let mut draw = |distribution: &dyn Fn(&mut rng::Rng) -> f32| {
            (0..count).map(|_| distribution(&mut rng)).collect()
        };
        let mut uniform = |bound: f32| {
            Uniform::new_inclusive(-bound, bound)
                .map_or_else(|_| vec![0.0; count], |d| draw(&|r| d.sample(r)))
        };
        match self {
            Self::HeNormal => {
                let spread = (2.0 / fan_in).sqrt();
                // A standard deviation above 0 is always accepted, as fan-in is at least 1.
                Normal::new(0.0, spread).map_or_else(|_| vec![0.0; count], |d| draw(&|r| d.sample(r)))
            }
            Self::XavierUniform => uniform((6.0 / (fan_in + fan_out)).sqrt()),
            Self::UniformFanIn => uniform(fan_in.sqrt().recip()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Initialization::{self, HeNormal, UniformFanIn, XavierUniform};

    /// The mean of the squares of many weights of fan-in 90 and fan-out 180, and the largest.
    fn drawn(initialization: Initialization) -> (f64, f32) {
        let weights = initialization.weight(3, "conv", &[20, 10, 3, 3]);
        let squares: f64 = weights.iter().map(|&weight| f64::from(weight) * f64::from(weight)).sum();
        (
            squares / weights.len() as f64,
            weights.iter().fold(0.0, |largest, weight| weight.abs().max(largest)),
        )
    }

    #[test]
    fn weights_spread_as_fan_in_and_fan_out_say() {
        for (initialization, variance) in
            [(HeNormal, 2.0 / 90.0), (XavierUniform, 2.0 / 270.0), (UniformFanIn, 1.0 / 270.0)]
        {
            let (found, _) = drawn(initialization);
            assert!((found / variance - 1.0).abs() < 0.1, "{initialization:?}: {found}, expected {variance}");
        }
    }

    #[test]
    fn uniform_weights_keep_within_their_bounds() {
        for (initialization, bound) in
            [(XavierUniform, (6.0_f32 / 270.0).sqrt()), (UniformFanIn, 90.0_f32.sqrt().recip())]
        {
            let (_, largest) = drawn(initialization);
            assert!(
                (0.99 * bound..=bound).contains(&largest),
                "{initialization:?}: {largest}, expected {bound}"
            );
        }
    }
}
