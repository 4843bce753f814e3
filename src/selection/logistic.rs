//! A linear classifier of domains, as the proxy A-distance and density ratios need one.

use rayon::prelude::*;

/// Steps of gradient descent, their size and the weight decay: enough to settle on standardised features.
const STEPS: usize = 200;
const RATE: f64 = 0.5;
const MOMENTUM: f64 = 0.9;
const DECAY: f64 = 1e-3;
/// Rows whose gradients are added up on one thread. Parts are then added up in their order, so that the same rows give
/// the same bits however many threads there are.
const PART: usize = 128;

/// Features and their domain: 0 for the source, 1 for the target.
pub(super) type Row<'a> = (&'a [f32], f64);

/// Logistic regression of the domain on standardised features.
pub(super) struct DomainClassifier {
    scaling: Scaling,
    weight: Vec<f64>,
    bias: f64,
}

impl DomainClassifier {
    /// Learns from `rows` of `length` features each.
    pub fn fit(rows: &[Row<'_>], length: usize) -> Self {
        let scaling = Scaling::of(rows, length);
        let scaled: Vec<f64> = rows.iter().flat_map(|(x, _)| scaling.apply(x)).collect();
        let mut classifier = Self { scaling, weight: vec![0.0; length], bias: 0.0 };
        let mut velocity = vec![0.0; length + 1];
        for _ in 0..STEPS {
            classifier.descend(&scaled, rows, &mut velocity);
        }
        classifier
    }

    /// The logit of the target's probability: above 0 for what looks like the target.
    pub fn score(&self, x: &[f32]) -> f64 {
        self.score_scaled(&self.scaling.apply(x).collect::<Vec<_>>())
    }

    fn score_scaled(&self, x: &[f64]) -> f64 {
        self.bias + dot(&self.weight, x)
    }

    /// One step of gradient descent with momentum; the bias comes last in `velocity`, and does not decay.
    fn descend(&mut self, scaled: &[f64], rows: &[Row<'_>], velocity: &mut [f64]) {
        let length = self.weight.len();
        let parts = scaled.par_chunks(PART * length).zip(rows.par_chunks(PART));
        let gradients: Vec<Vec<f64>> = parts.map(|(x, rows)| self.gradient(x, rows)).collect();
        let mean = 1.0 / rows.len() as f64;
        for (i, v) in velocity.iter_mut().enumerate() {
            let gradient = mean * gradients.iter().map(|part| part[i]).sum::<f64>();
            let (value, decay) = match self.weight.get_mut(i) {
                Some(weight) => (weight, DECAY),
                None => (&mut self.bias, 0.0),
            };
            *v = MOMENTUM * *v - RATE * (gradient + decay * *value);
            *value += *v;
        }
    }

    /// The sum over `rows` of the loss's gradient by weights and bias.
    fn gradient(&self, scaled: &[f64], rows: &[Row<'_>]) -> Vec<f64> {
        let length = self.weight.len();
        let mut gradient = vec![0.0; length + 1];
        for (x, (_, domain)) in scaled.chunks(length).zip(rows) {
            let slope = 1.0 / (1.0 + (-self.score_scaled(x)).exp()) - domain;
            gradient.iter_mut().zip(x).for_each(|(g, x)| *g += slope * x);
            gradient[length] += slope;
        }
        gradient
    }
}

/// Eight sums at a time, which processors add up side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

/// Mean, spread and range of each feature.
struct Scaling {
    mean: Vec<f64>,
    spread: Vec<f64>,
    /// The lowest and the highest value that was learned from.
    range: Vec<[f32; 2]>,
}

impl Scaling {
    fn of(rows: &[Row<'_>], length: usize) -> Self {
        let mean_of = |value: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
            let mut sums = vec![0.0; length];
            for (x, _) in rows {
                sums.iter_mut().zip(*x).enumerate().for_each(|(i, (sum, &x))| *sum += value(i, x.into()));
            }
            sums.iter().map(|sum| sum / rows.len() as f64).collect()
        };
        let mean = mean_of(&|_, x| x);
        let variance = mean_of(&|i, x| (x - mean[i]).powi(2));
        // A feature that never changes tells nothing; it stays at 0.
        let spread = variance.iter().map(|v| Some(v.sqrt()).filter(|s| *s > 1e-9).unwrap_or(1.0)).collect();
        let mut range = vec![[f32::INFINITY, f32::NEG_INFINITY]; length];
        for (x, _) in rows {
            range.iter_mut().zip(*x).for_each(|([low, high], &x)| (*low, *high) = (low.min(x), high.max(x)));
        }
        Self { mean, spread, range }
    }

    /// Features of mean 0 and spread 1, divided by the square root of their number, so that one step size fits all. What
    /// lies outside the range that was learned from counts as its edge: nothing is known of what lies there, and a feature
    /// that hardly ever changed, and so has a tiny spread, would outweigh all others.
    fn apply(&self, x: &[f32]) -> impl Iterator<Item = f64> {
        let unit = 1.0 / (self.mean.len() as f64).sqrt();
        let values = x.iter().zip(self.mean.iter().zip(&self.spread).zip(&self.range));
        values.map(move |(&v, ((mean, spread), &[low, high]))| {
            unit * (f64::from(v.max(low).min(high)) - mean) / spread
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;
    use rand::RngExt as _;

    /// Rows of three numbers, of which the second is larger by `shift` in the target.
    fn cloud(count: usize, shift: f32) -> Vec<([f32; 3], f64)> {
        let mut random = rng::stream(7, "cloud");
        let row = |i: usize| {
            let domain = (i % 2) as f32;
            let [a, b, c] = random.random::<[f32; 3]>();
            ([a, b + domain * shift, c], f64::from(domain))
        };
        (0..count).map(row).collect()
    }

    fn fit(rows: &[([f32; 3], f64)]) -> DomainClassifier {
        let rows: Vec<Row<'_>> = rows.iter().map(|(x, domain)| (&x[..], *domain)).collect();
        DomainClassifier::fit(&rows, 3)
    }

    #[test]
    fn at_the_end_the_gradient_with_decay_is_nothing() {
        let rows = cloud(500, 0.5);
        let classifier = fit(&rows);
        // The mean loss by the bias, and by the weight of the feature that tells, by central differences.
        let loss = |weight: f64, bias: f64| -> f64 {
            let each = rows.iter().map(|(x, domain)| {
                let scaled: Vec<f64> = classifier.scaling.apply(x).collect();
                let score = classifier.score_scaled(&scaled) + weight * scaled[1] + bias;
                (1.0 + score.exp()).ln() - domain * score
            });
            let decay = 0.5 * DECAY * (classifier.weight[1] + weight).powi(2);
            each.sum::<f64>() / rows.len() as f64 + decay
        };
        let slope = |w: f64, b: f64| (loss(w, b) - loss(-w, -b)) / (2.0 * (w + b));
        assert!(slope(1e-4, 0.0).abs() < 1e-3 && slope(0.0, 1e-4).abs() < 1e-6);
        assert!(classifier.weight[1] > 1.0 && classifier.weight[0].abs() < 1.0, "{:?}", classifier.weight);
    }

    #[test]
    fn a_feature_that_hardly_ever_changed_does_not_outweigh_the_others() {
        // The first feature is above 0 in one row of the target alone, and there by very little.
        let mut rows = cloud(1000, 0.5);
        rows.iter_mut().for_each(|(x, _)| x[0] = 0.0);
        rows[1].0[0] = 1e-3;
        let classifier = fit(&rows);
        let edge = classifier.score(&[1e-3, 0.5, 0.5]);
        assert!(edge - classifier.score(&[0.0, 0.5, 0.5]) > 0.1, "{edge}");
        assert_eq!(classifier.score(&[1.0, 0.5, 0.5]), edge);
        assert_eq!(classifier.score(&[-1.0, 0.5, 0.5]), classifier.score(&[0.0, 0.5, 0.5]));
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let rows = cloud(1000, 0.2);
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let classifier = pool.install(|| fit(&rows));
            classifier.weight.iter().chain([&classifier.bias]).map(|w| w.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn products_add_up_past_the_eighth() {
        let a: Vec<f64> = (1..=11).map(f64::from).collect();
        assert_eq!(dot(&a, &a), 506.0);
        assert_eq!(dot(&[], &[]), 0.0);
    }
}
