//! Probabilities and classes from logits: `torch.softmax(x, 1)` and `x.argmax(1)` in PyTorch.

/// x (N, K) → probabilities (N, K) and classes (N), of equal maxima the first.
pub fn forward(x: &[f64], k: usize) -> (Vec<f64>, Vec<u32>) {
    let (mut probabilities, mut classes) = (Vec::new(), Vec::new());
    for row in x.chunks_exact(k) {
        let mut best = 0;
        for class in 1..k {
            if row[class] > row[best] {
                best = class;
            }
        }
        let powers: Vec<f64> = row.iter().map(|value| (value - row[best]).exp()).collect();
        let sum: f64 = powers.iter().sum();
        probabilities.extend(powers.iter().map(|power| power / sum));
        classes.push(best as u32);
    }
    (probabilities, classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_values_by_hand() {
        // e^0, e^ln2 and e^ln5: 1, 2 and 5 of 8.
        let (probabilities, classes) = forward(&[0.0, 2_f64.ln(), 5_f64.ln(), 3.0, 1e3, 1e3], 3);
        let expected = [0.125, 0.25, 0.625, 0.0, 0.5, 0.5];
        assert!(probabilities.iter().zip(expected).all(|(p, e)| (p - e).abs() < 1e-15), "{probabilities:?}");
        assert_eq!(classes, [2, 1]);
    }
}
