//! Feature vectors in the plane, by t-SNE.

use crate::rng;
use rand::RngExt as _;

/// Rounds of the optimiser, of which the first pull neighbours together, and the size of its steps: with the
/// library's smaller steps and longer beginning, figures of this size have not unfolded by then.
const ROUNDS: usize = 500;
const BEGINNING: usize = 100;
const STEP: f32 = 200.0;
/// Neighbours that a point takes account of, more or less, where there are enough.
const PERPLEXITY: f32 = 30.0;
/// Fewer points show nothing.
const FEWEST: usize = 8;

/// A place in the plane for each vector of `length` numbers, within [0, 1]²; `None` when there are too few.
pub fn embedding(vectors: &[f32], length: usize, seed: u64) -> Option<Vec<[f32; 2]>> {
    let vectors = standardized(vectors);
    let rows: Vec<&[f32]> = vectors.chunks(length.max(1)).collect();
    if rows.len() < FEWEST || vectors.iter().any(|value| !value.is_finite()) {
        return None;
    }
    // The library asks for three neighbours a unit of perplexity.
    let perplexity = PERPLEXITY.min((rows.len() as f32 - 2.0) / 3.0);
    let mut random = rng::stream(seed, "embedding");
    let start: Vec<f32> = (0..2 * rows.len()).map(|_| 1e-4 * (random.random::<f32>() - 0.5)).collect();
    let distance =
        |a: &&[f32], b: &&[f32]| a.iter().zip(b.iter()).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt();
    // On several threads the library adds up in whatever order they finish; a page shall come out the same twice.
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let alone = alone.inspect_err(|e| log::warn!("no thread for the embedding: {e}")).ok()?;
    let flat = alone.install(|| {
        let mut tsne: bhtsne::tSNE<f32, &[f32], 2> = bhtsne::tSNE::new(&rows);
        tsne.perplexity(perplexity).epochs(ROUNDS).learning_rate(STEP);
        tsne.stop_lying_epoch(BEGINNING).momentum_switch_epoch(BEGINNING);
        tsne.initial_embedding(start).exact(distance);
        tsne.embedding()
    });
    Some(within_unit(&flat))
}

/// The vectors scaled by one factor to numbers of spread 1 a row: t-SNE is blind to scale, but the library's search
/// for the neighbourhoods' widths, in f32, is not.
fn standardized(vectors: &[f32]) -> Vec<f32> {
    let count = vectors.len().max(1) as f64;
    let mean = vectors.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = vectors.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
    let factor = 1.0 / variance.sqrt().max(1e-12);
    vectors.iter().map(|&v| ((f64::from(v) - mean) * factor) as f32).collect()
}

/// Points scaled alike on both axes, so that all lie within [0, 1]².
fn within_unit(flat: &[f32]) -> Vec<[f32; 2]> {
    let axis = |axis: usize| flat.iter().skip(axis).step_by(2).copied();
    let low = [0, 1].map(|a| axis(a).fold(f32::INFINITY, f32::min));
    let high = [0, 1].map(|a| axis(a).fold(f32::NEG_INFINITY, f32::max));
    let extent = (high[0] - low[0]).max(high[1] - low[1]).max(f32::MIN_POSITIVE);
    let place = |value: f32, a: usize| 0.5 + (value - 0.5 * (low[a] + high[a])) / extent;
    flat.chunks(2).map(|point| [place(point[0], 0), place(point[1], 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two groups of points, far from each other.
    fn groups() -> Vec<f32> {
        (0..40).flat_map(|i| [(i % 2) as f32 * 50.0, (i / 2) as f32 * 0.1, 1.0]).collect()
    }

    #[test]
    fn neighbours_stay_neighbours() {
        let points = embedding(&groups(), 3, 1).expect("enough points");
        let distance = |a: usize, b: usize| (points[a][0] - points[b][0]).hypot(points[a][1] - points[b][1]);
        let mean = |parity: usize| {
            let others = (1..40).filter(|i| i % 2 == parity);
            others.clone().map(|i| distance(0, i)).sum::<f32>() / others.count() as f32
        };
        assert!(mean(0) < 0.7 * mean(1), "{} within, {} across", mean(0), mean(1));
        assert!(points.iter().flatten().all(|value| (-1e-6..=1.000_001).contains(value)));
    }

    #[test]
    fn the_seed_decides_and_few_points_are_refused() {
        for _ in 0..5 {
            assert_eq!(embedding(&groups(), 3, 1), embedding(&groups(), 3, 1));
        }
        assert_ne!(embedding(&groups(), 3, 1), embedding(&groups(), 3, 2));
        assert_eq!(embedding(&groups()[..21], 3, 1), None);
        assert_eq!(embedding(&[f32::NAN; 40], 1, 1), None);
    }
}
