//! The gradient reversal layer: Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 17 (2016),
//! equations 16 and 17, with λ in the layer.
//!
//! Forward `R(x) = x`; backward `dR/dx = −λ·I`.

/// x of any shape → y, the same values.
pub fn forward(x: &[f64]) -> Vec<f64> {
    x.to_vec()
}

/// dy of any shape → dx of the same: `dx = −λ·dy`.
pub fn backward(dy: &[f64], lambda: f64) -> Vec<f64> {
    dy.iter().map(|dy| -lambda * dy).collect()
}

/// The gradient of the features, where label predictor and domain classifier meet: d_label (S, row_len) of the
/// source rows, which come first, and d_domain (N, row_len) of all rows → d_features (N, row_len):
/// `d_features = d_label (0 on target rows) − λ · d_domain`.
pub fn backward_fan_in(
    d_label: &[f64],
    d_domain: &[f64],
    lambda: f64,
    row_len: usize,
    s_rows: usize,
) -> Vec<f64> {
    let mut d_features = Vec::new();
    for n in 0..d_domain.len() / row_len {
        for i in n * row_len..(n + 1) * row_len {
            let from_label = if n < s_rows { d_label[i] } else { 0.0 };
            d_features.push(from_label - lambda * d_domain[i]);
        }
    }
    d_features
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_gradient, normal};
    use super::*;

    #[test]
    fn tiny_values_by_hand() {
        assert_eq!(forward(&[1.0, -2.0]), [1.0, -2.0]);
        assert_eq!(backward(&[1.0, -2.0], 0.5), [-0.5, 1.0]);
        // Row 0 is source, rows 1 and 2 are target.
        let d_domain = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(backward_fan_in(&[10.0, 20.0], &d_domain, 0.5, 2, 1), [9.5, 19.0, -1.5, -2.0, -2.5, -3.0]);
    }

    #[test]
    fn backward_is_minus_lambda_times_the_gradient_of_forward() {
        let (x, dy) = (normal(17, "x"), normal(17, "dy"));
        let scaled = |x: &[f64]| forward(x).iter().map(|y| -0.37 * y).collect();
        assert_gradient(scaled, &x, &dy, &backward(&dy, 0.37));
    }

    #[test]
    fn fan_in_is_the_gradient_of_label_loss_minus_lambda_domain_loss() {
        let (rows, row_len, s_rows, lambda) = (7, 5, 3, 0.37);
        let features = normal(rows * row_len, "features");
        let d_label = normal(s_rows * row_len, "d_label");
        let d_domain = normal(rows * row_len, "d_domain");
        let heads = |features: &[f64]| {
            let mut y = features[..s_rows * row_len].to_vec();
            y.extend(features.iter().map(|x| -lambda * x));
            y
        };
        let dy = [d_label.clone(), d_domain.clone()].concat();
        let d_features = backward_fan_in(&d_label, &d_domain, lambda, row_len, s_rows);
        assert_gradient(heads, &features, &dy, &d_features);
    }
}
