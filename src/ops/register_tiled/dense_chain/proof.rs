//! dense_relu_dense: two dense layers with a ReLU between them; y and all gradients from x, both weights, both biases
//! and dy.
//!
//! Plain it is the three ops one after the other, in other families fused kernels.

use super::twin::{Twin, roundings};
use crate::contract::{Array, Arrays, Bound, Bounds, Case, Gradient, Op, Rig, SEED, real_output};
use crate::error::{Error, Result};
use crate::gpu::Tensor;
use crate::gpu::Variant;
use crate::ops::dense::proof::DenseShape;
use crate::ops::gemm::{Epilogue, Gemm};
use crate::ops::register_tiled::Gradients;
use crate::ops::register_tiled::{Parameters, dense_chain};
use crate::ops::{dense, relu};

pub struct DenseReluDense;

/// The first layer and the second.
pub(super) fn shapes(case: &Case) -> Result<[DenseShape; 2]> {
    let [n, i] = case.dims("x")?;
    let [hidden, _] = case.dims("weight1")?;
    let [o, _] = case.dims("weight2")?;
    case.expect_reals("weight1", &[hidden, i])?;
    case.expect_reals("bias1", &[hidden])?;
    case.expect_reals("weight2", &[o, hidden])?;
    case.expect_reals("bias2", &[o])?;
    case.expect_reals("dy", &[n, o])?;
    Ok([DenseShape { n, i, o: hidden }, DenseShape { n, i: hidden, o }])
}

/// A layer's tensors on the device.
struct Layer {
    weight: Tensor,
    bias: Tensor,
    dweight: Tensor,
    dbias: Tensor,
}

impl Layer {
    fn gradients<'a>(&'a self, dx: &'a Tensor) -> Gradients<'a> {
        let parameters = Some(Parameters { weight: &self.dweight, bias: &self.dbias });
        Gradients { parameters, dx: Some(dx) }
    }
}

/// The tensors at both ends.
struct Ends {
    x: Tensor,
    dy: Tensor,
    y: Tensor,
    dx: Tensor,
}

fn record_fused(rig: &mut Rig<'_>, layers: &[Layer; 2], ends: &Ends) -> Result<()> {
    let Ends { x, dy, y, dx } = ends;
    let parameters = layers.each_ref().map(|l| Parameters { weight: &l.weight, bias: &l.bias });
    let gradients = layers.each_ref().map(|l| Parameters { weight: &l.dweight, bias: &l.dbias });
    let saved = dense_chain::forward(&mut rig.rec, x, &parameters, y)?;
    dense_chain::backward(&mut rig.rec, &saved, dy, Some(&gradients), Some(dx))
}

fn record_plain(rig: &mut Rig<'_>, layers: &[Layer; 2], ends: &Ends) -> Result<()> {
    let ([first, second], Ends { x, dy, y, dx }) = (layers, ends);
    let dims = [x.rows(), first.bias.rows()];
    let (before_relu, hidden) = (rig.scratch("before relu", &dims)?, rig.scratch("hidden", &dims)?);
    let d_hidden = rig.scratch("gradient behind relu", &dims)?;
    let d_before_relu = rig.scratch("gradient before relu", &dims)?;
    let rec = &mut rig.rec;
    dense::forward(rec, x, &first.weight, &first.bias, &before_relu)?;
    relu::forward(rec, &before_relu, &hidden, 0.0)?;
    dense::forward(rec, &hidden, &second.weight, &second.bias, y)?;
    dense::backward_weight(rec, &hidden, dy, &second.dweight)?;
    dense::backward_bias(rec, dy, &second.dbias)?;
    dense::backward_input(rec, dy, &second.weight, &d_hidden)?;
    relu::backward(rec, &before_relu, &d_hidden, &d_before_relu, 0.0)?;
    dense::backward_weight(rec, x, &d_before_relu, &first.dweight)?;
    dense::backward_bias(rec, &d_before_relu, &first.dbias)?;
    dense::backward_input(rec, &d_before_relu, &first.weight, dx)
}

/// Both layers as products, the first with the ReLU.
fn products(variant: Variant, shapes: [DenseShape; 2]) -> Option<[Gemm; 2]> {
    let [first, second] = shapes;
    let first = Gemm::dense(variant, first.i, first.o, Epilogue::Relu)?;
    Some([first, Gemm::dense(variant, second.i, second.o, Epilogue::Nothing)?])
}

fn record_products(rig: &mut Rig<'_>, layers: &[Layer; 2], ends: &Ends) -> Result<()> {
    let ([first, second], Ends { x, dy, y, dx }) = (layers, ends);
    let Some([product1, product2]) = products(rig.variant(), shapes(rig.case)?) else {
        return Err(Error::input(&rig.case.op, "a family of products", rig.variant()));
    };
    let dims = [x.rows(), first.bias.rows()];
    let (hidden, d_hidden) = (rig.scratch("hidden", &dims)?, rig.scratch("gradient behind relu", &dims)?);
    let rec = &mut rig.rec;
    let saved1 = product1.forward(rec, x, &first.weight, &first.bias, &hidden)?;
    let saved2 = product2.forward(rec, &hidden, &second.weight, &second.bias, y)?;
    product2.backward(rec, &saved2, &second.weight, dy, &second.gradients(&d_hidden))?;
    product1.backward(rec, &saved1, &first.weight, &d_hidden, &first.gradients(dx))
}

impl Op for DenseReluDense {
    fn name(&self) -> &'static str {
        "dense_relu_dense"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "weight1", "bias1", "weight2", "bias2", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        shapes(rig.case)?;
        let mut layer = |[weight, bias, dweight, dbias]: [&'static str; 4]| -> Result<Layer> {
            let (weight, bias) = (rig.input(weight)?, rig.input(bias)?);
            let (dweight, dbias) = (rig.output(dweight, weight.dims())?, rig.output(dbias, bias.dims())?);
            Ok(Layer { weight, bias, dweight, dbias })
        };
        let layers = [
            layer(["weight1", "bias1", "dweight1", "dbias1"])?,
            layer(["weight2", "bias2", "dweight2", "dbias2"])?,
        ];
        let (x, dy) = (rig.input("x")?, rig.input("dy")?);
        let (y, dx) = (rig.output("y", dy.dims())?, rig.output("dx", x.dims())?);
        let ends = Ends { x, dy, y, dx };
        match rig.variant() {
            Variant::Plain => record_plain(rig, &layers, &ends),
            Variant::Register => record_fused(rig, &layers, &ends),
            _ => record_products(rig, &layers, &ends),
        }
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        Ok(Twin::new(case)?.outputs())
    }

    /// One rounding for each product that is added up and one for the product itself, in each of the sums that lead
    /// to a value. This takes for granted that rounding changes nothing of what ReLU lets through, which a test makes
    /// sure of in every own case.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let twin = Twin::new(case)?;
        let (n, magnitudes) = (twin.first.n, twin.magnitudes());
        let (hidden, d_hidden) = (roundings(twin.first), twin.second.o + 1);
        let roundings = [
            ("y", hidden + roundings(twin.second)),
            ("dx", d_hidden + twin.first.o + 1),
            ("dweight1", d_hidden + n + 1),
            ("dbias1", d_hidden + n + 1),
            ("dweight2", hidden + n + 1),
            ("dbias2", n + 1),
        ];
        let bound =
            |(name, roundings)| Ok((name, Bound::rounding(&real_output(&magnitudes, name)?, roundings)));
        roundings.into_iter().map(bound).collect()
    }

    fn is_chain(&self) -> bool {
        true
    }

    fn gradients(&self) -> &'static [Gradient] {
        &[
            Gradient { result: "dx", input: "x", output: "y" },
            Gradient { result: "dweight1", input: "weight1", output: "y" },
            Gradient { result: "dbias1", input: "bias1", output: "y" },
            Gradient { result: "dweight2", input: "weight2", output: "y" },
            Gradient { result: "dbias2", input: "bias2", output: "y" },
        ]
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

/// x, weight1 and bias1 are whole numbers but in one case: the sums in front of the ReLU are exact, and some are 0.
fn cases() -> Vec<Case> {
    let shaped = |name, [n, i, hidden, o]: [usize; 4]| {
        Case::new("dense_relu_dense", name, SEED)
            .normal("x", &[n, i], 1.0)
            .normal("weight1", &[hidden, i], 1.0)
            .normal("bias1", &[hidden], 1.0)
            .normal("weight2", &[o, hidden], 0.1)
            .normal("bias2", &[o], 1.0)
            .normal("dy", &[n, o], 1.0)
    };
    let case = |name, [n, i, hidden, o]: [usize; 4]| {
        shaped(name, [n, i, hidden, o])
            .signed_levels("x", &[n, i], 2)
            .signed_levels("weight1", &[hidden, i], 2)
            .signed_levels("bias1", &[hidden], 3)
            .not_smooth()
    };
    let dead = |case: Case, hidden: usize| case.input("bias1", Array::f32(&[hidden], vec![-1000.0; hidden]));
    vec![
        shaped("real numbers", [7, 12, 12, 3]),
        shaped("real numbers, one row", [1, 4, 100, 10]),
        case("smallest tiles", [1, 4, 4, 1]),
        case("one row less than a tile", [7, 12, 100, 2]),
        case("one tile of rows", [8, 768, 4, 100]),
        case("one row more than a tile", [9, 4, 12, 3]),
        case("many rows", [65, 12, 4, 10]),
        case("one output", [65, 4, 100, 1]),
        dead(case("nothing lit", [9, 12, 12, 10]), 12),
        case("odd inputs", [9, 5, 12, 10]),
        case("odd hidden", [17, 12, 6, 3]),
        case("label_predictor", [17, 768, 100, 10]),
        case("domain_classifier", [65, 768, 100, 2]),
    ]
}
