//! The proxy A-distance: how well a linear classifier that has learned from some features tells the domains of
//! others apart (Ben-David et al. 2007; Ganin et al. 2016, section 5.1.5).

use super::logistic::{DomainClassifier, Row};

/// 2 · (1 - 2 ε) for the classifier's error ε: 0 where the domains cannot be told apart, 2 where they always can.
/// `source` and `target` are features, (images, `length`); as many rows of each are used as both have, spread evenly over all, as
/// images of a data set may stand by class, and the first ones would be of a few classes alone. Every other row is learned from,
/// the rest are judged by. `None` with fewer than two rows a domain, or with numbers that are not finite.
pub fn proxy_a_distance(source: &[f32], target: &[f32], length: usize) -> Option<f64> {
    let rows = |domain: &[f32]| domain.len() / length.max(1);
    let count = rows(source).min(rows(target));
    if count < 2 || source.iter().chain(target).any(|value| !value.is_finite()) {
        return None;
    }
    let half = |parity: usize| -> Vec<Row<'_>> {
        let of =
            |domain, number| spread(domain, length, count).skip(parity).step_by(2).map(move |x| (x, number));
        of(source, 0.0).chain(of(target, 1.0)).collect()
    };
    let (training, test) = (half(0), half(1));
    let classifier = DomainClassifier::fit(&training, length);
    let wrong = test.iter().filter(|(x, domain)| (classifier.score(x) > 0.0) != (*domain > 0.5)).count();
    let error = wrong as f64 / test.len() as f64;
    Some((2.0 * (1.0 - 2.0 * error)).max(0.0))
}

/// `count` rows of `domain`, which are (images, `length`), spread evenly: all of them, in order, if there are no more.
fn spread(domain: &[f32], length: usize, count: usize) -> impl Iterator<Item = &[f32]> {
    let all = domain.len() / length.max(1);
    (0..count).map(move |place| {
        let first = place * all / count * length;
        &domain[first..first + length]
    })
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
    fn what_was_learned_from_is_not_judged_by() {
        // Rows 0 and 2 put the source below the target, rows 1 and 3 the other way round: all judged wrongly.
        assert_eq!(proxy_a_distance(&[0.0, 3.0, 0.1, 3.1], &[2.0, 0.5, 2.1, 0.6], 1), Some(0.0));
        assert_eq!(proxy_a_distance(&[0.0, 0.5, 0.1, 0.6], &[2.0, 3.0, 2.1, 3.1], 1), Some(2.0));
    }

    #[test]
    fn of_a_larger_domain_rows_of_all_classes_are_compared() {
        // Images by class, the second one of which lies elsewhere; the domains are alike.
        let by_class = |seed: u64, each: usize| -> Vec<f32> {
            let mut random = rng::stream(seed, "by class");
            let row = |index: usize| [random.random::<f32>(), if index < each { 0.0 } else { 5.0 }];
            (0..2 * each).flat_map(row).collect()
        };
        let distance = proxy_a_distance(&by_class(1, 400), &by_class(2, 100), 2).expect("a distance");
        assert!(distance < 0.4, "{distance}");
        // Twice as many rows, each given twice, tell the same as once.
        let (source, target) = (cloud(1, 0.0), cloud(2, 0.5));
        let twice: Vec<f32> = source.chunks(5).flat_map(|row| [row, row].concat()).collect();
        assert_eq!(proxy_a_distance(&twice, &target, 5), proxy_a_distance(&source, &target, 5));
    }

    #[test]
    fn too_few_rows_and_lost_numbers_have_no_distance() {
        assert_eq!(proxy_a_distance(&[1.0], &[2.0, 3.0], 1), None);
        assert_eq!(proxy_a_distance(&[f32::NAN, 1.0], &[2.0, 3.0], 1), None);
    }
}
