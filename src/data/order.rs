//! The order in which images are visited.

use crate::rng::Rng;
use rand::seq::SliceRandom;

/// A random permutation of 0..`count`, the same for the same state of `rng`.
pub fn shuffled(count: usize, rng: &mut Rng) -> Vec<u32> {
    let mut order: Vec<u32> = (0u32..).take(count).collect();
    order.shuffle(rng);
    order
}

/// `count` numbers of images in random order, each class's as often as any other's, or once more: `classes` holds those of each
/// class, and empty classes do not count. A class's images are all visited before one of them comes again.
pub fn balanced(classes: &[Vec<u32>], count: usize, rng: &mut Rng) -> Vec<u32> {
    let classes: Vec<&Vec<u32>> = classes.iter().filter(|class| !class.is_empty()).collect();
    let mut waiting: Vec<Vec<u32>> = vec![vec![]; classes.len()];
    let mut order = Vec::with_capacity(count);
    while order.len() < count && !classes.is_empty() {
        for class in shuffled(classes.len(), rng) {
            let (class, waiting) = (classes[class as usize], &mut waiting[class as usize]);
            if waiting.is_empty() {
                waiting.clone_from(class);
                waiting.shuffle(rng);
            }
            order.extend(waiting.pop());
        }
    }
    order.truncate(count);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::stream;

    #[test]
    fn holds_every_index_once_and_follows_the_seed() {
        let draw = |seed| shuffled(1000, &mut stream(seed, "order"));
        let order = draw(3);
        assert_eq!(order, draw(3));
        assert_ne!(order, draw(4));
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<u32>>());
        assert_ne!(order, sorted);
    }

    #[test]
    fn a_balanced_order_visits_classes_alike_and_all_of_a_class_in_turn() {
        let classes = [vec![0, 1, 2, 3, 4, 5], vec![6, 7], vec![], vec![8]];
        let draw = |seed| balanced(&classes, 20, &mut stream(seed, "order"));
        let order = draw(3);
        assert!(order.len() == 20 && order == draw(3) && order != draw(4));
        let visits = |class: &[u32]| order.iter().filter(|image| class.contains(image)).count();
        let counts: Vec<usize> = classes.iter().map(|class| visits(class)).collect();
        assert!(
            [6, 7].iter().all(|n| [counts[0], counts[1], counts[3]].contains(n)) && counts[2] == 0,
            "{counts:?}"
        );
        assert!(
            order
                .iter()
                .take(18)
                .filter(|image| **image < 6)
                .collect::<std::collections::BTreeSet<_>>()
                .len()
                == 6
        );
        assert!(visits(&[6]).abs_diff(visits(&[7])) <= 1);
        assert!(balanced(&[vec![]], 3, &mut stream(3, "order")).is_empty());
    }

    #[test]
    fn nothing_and_one_are_fine() {
        assert!(shuffled(0, &mut stream(0, "order")).is_empty());
        assert_eq!(shuffled(1, &mut stream(0, "order")), [0]);
    }

    #[test]
    fn every_position_is_about_equally_likely() {
        let rng = &mut stream(1, "uniform");
        let mut first = [0u32; 4];
        for _ in 0..4000 {
            first[shuffled(4, rng)[0] as usize] += 1;
        }
        // Binomial(4000, 1/4) has σ = 27; six of them.
        assert!(first.iter().all(|n| n.abs_diff(1000) < 165), "{first:?}");
    }
}
