//! The proxy A-distance: how well a linear classifier that has learned from some features tells the domains of
//! others apart (Ben-David et al. 2007; Ganin et al. 2016, section 5.1.5).

/// Steps of gradient descent, their size and the weight decay: enough to settle on standardised features.
const STEPS: usize = 200;
const RATE: f64 = 0.5;
const MOMENTUM: f64 = 0.9;
const DECAY: f64 = 1e-3;

/// 2 · (1 - 2 ε) for the classifier's error ε: 0 where the domains cannot be told apart, 2 where they always can.
/// Every other row is learned from, the rest are judged by. `None` with fewer than two rows a domain.
pub fn proxy_a_distance(source: &[f32], target: &[f32], length: usize) -> Option<f64> {
    let rows = |domain: &[f32]| domain.chunks(length.max(1)).map(<[f32]>::to_vec).collect::<Vec<_>>();
    let (source, target) = (rows(source), rows(target));
    let count = source.len().min(target.len());
    if count < 2 || source.iter().chain(&target).flatten().any(|value| !value.is_finite()) {
        return None;
    }
    let part = |parity: usize| -> Vec<(&[f32], f64)> {
        let of = |rows: &'_ [Vec<f32>]| (parity..rows.len().min(count)).step_by(2).collect::<Vec<_>>();
        let sources = of(&source).into_iter().map(|i| (&source[i][..], 0.0));
        let targets = of(&target).into_iter().map(|i| (&target[i][..], 1.0));
        sources.chain(targets).collect()
    };
    let (training, test) = (part(0), part(1));
    let scaling = Scaling::of(&training, length);
    let (weight, bias) = logistic_regression(&scaling.apply(&training), length);
    let judged = scaling.apply(&test);
    let wrong =
        judged.iter().filter(|(x, domain)| (score(&weight, bias, x) > 0.0) != (*domain > 0.5)).count();
    let error = wrong as f64 / judged.len() as f64;
    Some((2.0 * (1.0 - 2.0 * error)).max(0.0))
}

/// Mean and spread of each feature.
struct Scaling {
    mean: Vec<f64>,
    spread: Vec<f64>,
}

impl Scaling {
    fn of(rows: &[(&[f32], f64)], length: usize) -> Self {
        let count = rows.len() as f64;
        let mean: Vec<f64> =
            (0..length).map(|i| rows.iter().map(|(x, _)| f64::from(x[i])).sum::<f64>() / count).collect();
        let variance =
            |i: usize| rows.iter().map(|(x, _)| (f64::from(x[i]) - mean[i]).powi(2)).sum::<f64>() / count;
        // A feature that never changes tells nothing; it stays at 0.
        let spread = (0..length).map(|i| Some(variance(i).sqrt()).filter(|s| *s > 1e-9).unwrap_or(1.0));
        let spread = spread.collect();
        Self { mean, spread }
    }

    /// Rows of mean 0 and spread 1, divided by the square root of their length, so that one step size fits all.
    fn apply(&self, rows: &[(&[f32], f64)]) -> Vec<(Vec<f64>, f64)> {
        let unit = 1.0 / (self.mean.len() as f64).sqrt();
        let scaled = |x: &[f32]| {
            let values = x.iter().zip(self.mean.iter().zip(&self.spread));
            values.map(|(&v, (mean, spread))| unit * (f64::from(v) - mean) / spread).collect()
        };
        rows.iter().map(|&(x, domain)| (scaled(x), domain)).collect()
    }
}

fn score(weight: &[f64], bias: f64, x: &[f64]) -> f64 {
    bias + weight.iter().zip(x).map(|(w, x)| w * x).sum::<f64>()
}

fn logistic_regression(rows: &[(Vec<f64>, f64)], length: usize) -> (Vec<f64>, f64) {
    let (mut weight, mut bias) = (vec![0.0; length], 0.0);
    let (mut velocity, mut bias_velocity) = (vec![0.0; length], 0.0);
    for _ in 0..STEPS {
        let (mut gradient, mut bias_gradient) = (vec![0.0; length], 0.0);
        for (x, domain) in rows {
            let slope = 1.0 / (1.0 + (-score(&weight, bias, x)).exp()) - domain;
            gradient.iter_mut().zip(x).for_each(|(g, x)| *g += slope * x);
            bias_gradient += slope;
        }
        let mean = 1.0 / rows.len() as f64;
        for ((w, v), g) in weight.iter_mut().zip(&mut velocity).zip(&gradient) {
            *v = MOMENTUM * *v - RATE * (mean * g + DECAY * *w);
            *w += *v;
        }
        bias_velocity = MOMENTUM * bias_velocity - RATE * mean * bias_gradient;
        bias += bias_velocity;
    }
    (weight, bias)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;
    use rand::RngExt as _;

    fn cloud(seed: u64, shift: f32) -> Vec<f32> {
        let mut random = rng::stream(seed, "cloud");
        (0..400 * 5).map(|i| random.random::<f32>() + if i % 5 == 2 { shift } else { 0.0 }).collect()
    }

    #[test]
    fn domains_far_apart_have_distance_two_and_mixed_ones_almost_none() {
        assert_eq!(proxy_a_distance(&cloud(1, 0.0), &cloud(2, 3.0), 5), Some(2.0));
        let mixed = proxy_a_distance(&cloud(1, 0.0), &cloud(2, 0.0), 5).expect("a distance");
        assert!(mixed < 0.3, "{mixed}");
    }

    #[test]
    fn half_overlapping_domains_lie_between() {
        // Uniform on [0, 1] and [0.5, 1.5]: the best threshold errs on a quarter, so 2 · (1 - 2/4) = 1.
        let distance = proxy_a_distance(&cloud(1, 0.0), &cloud(2, 0.5), 5).expect("a distance");
        assert!((distance - 1.0).abs() < 0.3, "{distance}");
    }

    #[test]
    fn too_few_rows_and_lost_numbers_have_no_distance() {
        assert_eq!(proxy_a_distance(&[1.0], &[2.0, 3.0], 1), None);
        assert_eq!(proxy_a_distance(&[f32::NAN, 1.0], &[2.0, 3.0], 1), None);
    }
}
