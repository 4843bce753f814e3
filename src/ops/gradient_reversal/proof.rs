//! The gradient reversal layer: Ganin et al., "Domain-Adversarial Training of Neural Networks", JMLR 17 (2016),
//! equations 16 and 17, with λ in the layer.
//!
//! Forward `R(x) = x`; backward `dR/dx = −λ·I`.
//!
//! Proof of gradient_reversal: y and dx from x and dy; with dy_label, the gradient of the source rows from the label
//! predictor, dx is where both branches meet.

use crate::contract::{
    Arrays, Bound, Bounds, Case, Gradient, OF_INPUT, Op, Rig, SEED, absolute, product, reals,
};
use crate::error::Result;
use crate::ops::{Step, gradient_reversal as host};

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

pub struct GradientReversal;

struct Shape {
    dims: Vec<usize>,
    row_len: usize,
    /// Rows of dy_label, if there is one.
    source_rows: Option<usize>,
}

fn shape(case: &Case) -> Result<Shape> {
    let dims = case.array("x")?.dims.clone();
    case.expect_reals("x", &dims)?;
    case.expect_reals("dy", &dims)?;
    let mut shape = Shape { row_len: product(&dims) / dims.first().unwrap_or(&1), source_rows: None, dims };
    if let Some(label) = case.inputs.get("dy_label") {
        let mut dims = shape.dims.clone();
        let rows = label.dims.first().copied().unwrap_or(1).min(dims[0]);
        dims[0] = rows;
        case.expect_reals("dy_label", &dims)?;
        shape.source_rows = Some(rows);
    }
    Ok(shape)
}

impl Op for GradientReversal {
    fn name(&self) -> &'static str {
        "gradient_reversal"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["lambda"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "dy", "dy_label"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let s = shape(rig.case)?;
        let step = rig.step(Step { lambda: rig.case.real("lambda")?, ..Default::default() })?;
        let (x, dy) = (rig.input("x")?, rig.input("dy")?);
        rig.expose("y", host::forward(&x));
        let dx = rig.output("dx", &s.dims)?;
        if s.source_rows.is_none() {
            return host::backward(&mut rig.rec, &step, &dy, &dx);
        }
        let dy_label = rig.input("dy_label")?;
        host::backward_fan_in(&mut rig.rec, &step, &dy, &dy_label, &dx)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let (lambda, dy) = (f64::from(case.real("lambda")?), case.reals("dy")?);
        let dx = match s.source_rows {
            None => backward(&dy, lambda),
            Some(rows) => backward_fan_in(&case.reals("dy_label")?, &dy, lambda, s.row_len, rows),
        };
        Ok(reals([("y", &s.dims, forward(&case.reals("x")?)), ("dx", &s.dims, dx)]))
    }

    /// A product, and where the branches meet an addition. y is x itself.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let absolute = absolute(case);
        let lambda = f64::from(case.real("lambda")?).abs();
        let mut terms: Vec<f64> = absolute.reals("dy")?.iter().map(|dy| lambda * dy).collect();
        if shape(case)?.source_rows.is_some() {
            for (sum, label) in terms.iter_mut().zip(absolute.reals("dy_label")?) {
                *sum += label;
            }
        }
        Ok([("y", Bound::exact(terms.len())), ("dx", Bound::rounding(&terms, 2))].into())
    }

    fn gradients(&self) -> &'static [Gradient] {
        OF_INPUT
    }

    /// Going back, the layer pretends that its output had been weighted with −λ·dy.
    fn upstream(&self, case: &Case) -> Result<Vec<f64>> {
        let lambda = f64::from(case.real("lambda")?);
        let mut upstream: Vec<f64> = case.reals("dy")?.iter().map(|dy| -lambda * dy).collect();
        if case.inputs.contains_key("dy_label") {
            for (sum, label) in upstream.iter_mut().zip(case.reals("dy_label")?) {
                *sum += label;
            }
        }
        Ok(upstream)
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, dims: &[usize], lambda: f64| {
        Case::new("gradient_reversal", name, SEED)
            .attribute("lambda", lambda)
            .normal("x", dims, 1.0)
            .normal("dy", dims, 1.0)
    };
    vec![
        case("lambda 0", &[15, 17], 0.0),
        case("lambda 0.37", &[17, 65], 0.37),
        case("lambda 1, maps", &[3, 5, 7, 2], 1.0),
        case("fan-in", &[17, 65], 0.37).normal("dy_label", &[5, 65], 1.0),
        case("fan-in with lambda 0", &[4, 15], 0.0).normal("dy_label", &[3, 15], 1.0),
        case("fan-in of source rows only", &[15, 7], 2.5).normal("dy_label", &[15, 7], 1.0),
        case("fan-in of maps", &[5, 3, 4, 4], 1.0).normal("dy_label", &[2, 3, 4, 4], 1.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_gradient, normal};

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
