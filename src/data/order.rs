//! The order in which images are visited.

use crate::rng::Rng;
use rand::seq::SliceRandom;

/// A random permutation of 0..`count`, the same for the same state of `rng`.
pub fn shuffled(count: usize, rng: &mut Rng) -> Vec<u32> {
    let mut order: Vec<u32> = (0u32..).take(count).collect();
    order.shuffle(rng);
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
