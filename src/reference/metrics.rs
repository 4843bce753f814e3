//! What is counted of a batch: the sum of its losses and its hits, `(logits.argmax(1) == labels).sum()` in
//! PyTorch.

/// row_losses (N), logits (N, K), labels (N) → the sum of the losses, and the number of rows whose largest
/// logit, the first of equal ones, is that of the label.
pub fn forward(row_losses: &[f64], logits: &[f64], labels: &[u32], k: usize) -> (f64, u32) {
    let mut hits = 0;
    for (row, &label) in logits.chunks_exact(k).zip(labels) {
        let mut best = 0;
        for class in 1..k {
            if row[class] > row[best] {
                best = class;
            }
        }
        if best == label as usize {
            hits += 1;
        }
    }
    (row_losses.iter().sum(), hits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_values_by_hand() {
        let logits = [
            [-3.0, -1.0, -2.0], // class 1
            [5.0, 5.0, 1.0],    // class 0, the first of two
            [0.0, 2.0, 2.0],    // class 1, the first of two
        ]
        .concat();
        let losses = [0.5, 1.0, 2.0];
        assert_eq!(forward(&losses, &logits, &[1, 0, 1], 3), (3.5, 3));
        assert_eq!(forward(&losses, &logits, &[1, 1, 2], 3), (3.5, 1));
        assert_eq!(forward(&losses, &logits, &[2, 1, 0], 3), (3.5, 0));
    }
}
