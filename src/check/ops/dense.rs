//! dense: y, dx, dweight and dbias from x, weight, bias and dy.

use super::*;
use crate::ops::dense as kernels;
use crate::ops::product::{Behind, Product};
use crate::ops::tuned::Gradients;
use crate::ops::tuned::{Parameters, dense_chain};
use crate::reference::dense::{self as reference, DenseShape};

pub struct Dense;

fn shape(case: &Case) -> Result<DenseShape> {
    let [n, i] = case.dims("x")?;
    let [o, _] = case.dims("weight")?;
    case.expect_reals("weight", &[o, i])?;
    case.expect_reals("bias", &[o])?;
    case.expect_reals("dy", &[n, o])?;
    Ok(DenseShape { n, i, o })
}

impl Op for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "weight", "bias", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        shape(rig.case)?;
        let (x, weight) = (rig.input("x")?, rig.input("weight")?);
        let (bias, dy) = (rig.input("bias")?, rig.input("dy")?);
        let y = rig.output("y", dy.dims())?;
        let dx = rig.output("dx", x.dims())?;
        let dweight = rig.output("dweight", weight.dims())?;
        let dbias = rig.output("dbias", bias.dims())?;
        if let Some(product) = Product::dense(rig.variant(), weight.map().len(), bias.len(), Behind::Nothing)
        {
            let saved = product.forward(&mut rig.rec, &x, &weight, &bias, &y)?;
            let gradients = Gradients { dweight: &dweight, dbias: &dbias, dx: Some(&dx) };
            return product.backward(&mut rig.rec, &saved, &weight, &dy, &gradients);
        }
        if rig.variant() == Variant::Register {
            let parameters = [Parameters { weight: &weight, bias: &bias }];
            let gradients = [Parameters { weight: &dweight, bias: &dbias }];
            let saved = dense_chain::forward(&mut rig.rec, &x, &parameters, &y)?;
            return dense_chain::backward(&mut rig.rec, &saved, &dy, &gradients, Some(&dx));
        }
        let rec = &mut rig.rec;
        kernels::forward(rec, &x, &weight, &bias, &y)?;
        kernels::backward_input(rec, &dy, &weight, &dx)?;
        kernels::backward_weight(rec, &x, &dy, &dweight)?;
        kernels::backward_bias(rec, &dy, &dbias)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let (x, weight) = (case.reals("x")?, case.reals("weight")?);
        let (bias, dy) = (case.reals("bias")?, case.reals("dy")?);
        Ok(reals([
            ("y", &[s.n, s.o], reference::forward(&x, &weight, &bias, s)),
            ("dx", &[s.n, s.i], reference::backward_input(&dy, &weight, s)),
            ("dweight", &[s.o, s.i], reference::backward_weight(&x, &dy, s)),
            ("dbias", &[s.o], reference::backward_bias(&dy, s)),
        ]))
    }

    /// One rounding for each product that is added up and one more for the product itself.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let s = shape(case)?;
        let sums = [("y", s.i + 1), ("dx", s.o), ("dweight", s.n), ("dbias", s.n)];
        bilinear_bounds(self, case, sums.map(|(name, terms)| (name, terms + 1)))
    }

    fn gradients(&self) -> &'static [Gradient] {
        PARAMETRIC
    }
}
