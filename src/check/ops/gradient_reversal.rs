//! gradient_reversal: y and dx from x and dy; with dy_label, the gradient of the source rows from the label
//! predictor, dx is where both branches meet.

use super::*;
use crate::ops::{Step, gradient_reversal as kernels};
use crate::reference::gradient_reversal as reference;

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
        rig.expose("y", kernels::forward(&x));
        let dx = rig.output("dx", &s.dims)?;
        if s.source_rows.is_none() {
            return kernels::backward(&mut rig.rec, &step, &dy, &dx);
        }
        let dy_label = rig.input("dy_label")?;
        kernels::backward_fan_in(&mut rig.rec, &step, &dy, &dy_label, &dx)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let (lambda, dy) = (f64::from(case.real("lambda")?), case.reals("dy")?);
        let dx = match s.source_rows {
            None => reference::backward(&dy, lambda),
            Some(rows) => reference::backward_fan_in(&case.reals("dy_label")?, &dy, lambda, s.row_len, rows),
        };
        Ok(reals([("y", &s.dims, reference::forward(&case.reals("x")?)), ("dx", &s.dims, dx)]))
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
}
