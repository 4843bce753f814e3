// What the softmax of a row of logits, and its entropy, are made from: sums without a negative term.
// Requires: params, logits

// With d[k] = max_j logits[j] - logits[k] ≥ 0 the probabilities are e^-d / sum, and their entropy is log(sum) + distance.
struct RowEntropy {
    largest: f32,
    sum: f32,       // Σ e^-d
    distance: f32,  // Σ p·d
}

// Of the row whose first logit stands at `row`.
fn row_entropy(row: u32) -> RowEntropy {
    var largest = logits[row];
    for (var k = 1u; k < params.classes; k++) { largest = max(largest, logits[row + k]); }
    var sum = 0.0;
    for (var k = 0u; k < params.classes; k++) { sum += exp(logits[row + k] - largest); }
    var distance = 0.0;
    for (var k = 0u; k < params.classes; k++) {
        let below = largest - logits[row + k];
        distance += exp(-below) / sum * below;
    }
    return RowEntropy(largest, sum, distance);
}
