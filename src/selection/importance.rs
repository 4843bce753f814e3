//! Importance-weighted validation: the source's validation loss as if its images were the target's (IWCV: Sugiyama,
//! Krauledat & Müller 2007), with weights from features and a control variate (DEV: You et al. 2019).

use super::logistic::{DomainClassifier, Row};

/// w(x) = (n_s / n_t) · p(target|x) / p(source|x) of each row of `validation`, from a classifier that has learned from
/// n_s rows of `source` and n_t of `target`; all are features, (images, `length`).
pub(super) fn density_ratios(source: &[f32], target: &[f32], validation: &[f32], length: usize) -> Vec<f64> {
    let rows = |domain, number| <[f32]>::chunks_exact(domain, length).map(move |x| (x, number));
    let training: Vec<Row<'_>> = rows(source, 0.0).chain(rows(target, 1.0)).collect();
    let classifier = DomainClassifier::fit(&training, length);
    let prior = source.len() as f64 / target.len() as f64;
    validation.chunks_exact(length).map(|x| prior * classifier.score(x).exp()).collect()
}

/// The mean of w · l, plus η · (mean of w - 1): weights should have the mean 1, and with η = - Cov(w · l, w) / Var(w)
/// what they miss it by takes the most of its variance off the estimate. Weights that are all alike have η = 0.
pub(super) fn weighted_risk(weights: &[f64], losses: &[f64]) -> f64 {
    let weighted: Vec<f64> = weights.iter().zip(losses).map(|(w, l)| w * l).collect();
    let (mean_weight, mean) = (mean(weights), mean(&weighted));
    let moment = |a: &[f64], mean: f64| -> f64 {
        a.iter().zip(weights).map(|(a, w)| (a - mean) * (w - mean_weight)).sum()
    };
    let (covariance, variance) = (moment(&weighted, mean), moment(weights, mean_weight));
    let eta = if variance > 0.0 { -covariance / variance } else { 0.0 };
    mean + eta * (mean_weight - 1.0)
}

/// As many equally weighted images would say as much: (Σ w)² / Σ w² (Kish 1965).
pub(super) fn effective_images(weights: &[f64]) -> f64 {
    weights.iter().sum::<f64>().powi(2) / weights.iter().map(|w| w * w).sum::<f64>()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_risk_is_the_weighted_mean_with_its_control_variate() {
        // w · l = (1, 6), means 3.5 and 2; Cov / Var = (2 · 2.5 · 1) / (2 · 1) = 2.5; 3.5 - 2.5 · (2 - 1) = 1.
        assert_eq!(weighted_risk(&[1.0, 3.0], &[1.0, 2.0]), 1.0);
        // Weights of mean 1 need no correction: (0.5 · 4 + 1.5 · 2) / 2.
        assert_eq!(weighted_risk(&[0.5, 1.5], &[4.0, 2.0]), 2.5);
        assert_eq!(weighted_risk(&[1.0, 1.0], &[3.0, 5.0]), 4.0);
        // Where every loss is the same, so is the risk, whatever the weights.
        assert!((weighted_risk(&[0.1, 0.7, 4.0], &[2.0, 2.0, 2.0]) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn equal_weights_leave_all_images_and_one_heavy_weight_leaves_one() {
        assert_eq!(effective_images(&[0.2, 0.2, 0.2]), 3.0000000000000004);
        assert_eq!(effective_images(&[0.0, 5.0, 0.0]), 1.0);
        assert_eq!(effective_images(&[1.0, 3.0]), 1.6);
    }

    /// `zeros` rows 0 and `ones` rows 1.
    fn rows(zeros: usize, ones: usize) -> Vec<f32> {
        (0..zeros + ones).map(|i| if i < zeros { 0.0 } else { 1.0 }).collect()
    }

    #[test]
    fn ratios_are_those_of_the_shares() {
        // 0 has shares 3/4 and 1/4, 1 the other way round; the target has twice as many rows.
        let ratios = density_ratios(&rows(300, 100), &rows(200, 600), &[0.0, 1.0], 1);
        let near = |ratio: f64, by_hand: f64| (ratio / by_hand - 1.0).abs() < 0.03;
        assert!(near(ratios[0], 1.0 / 3.0) && near(ratios[1], 3.0), "{ratios:?}");
    }
}
