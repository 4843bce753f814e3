//! dense_relu_dense: two dense layers with a ReLU between them; y and all gradients from x, both weights, both biases
//! and dy.
//!
//! Tuned the dense kernels do the ReLU's work, plain it is the three ops one after the other.

mod twin;

use super::*;
use crate::check::contract::real_output;
use crate::gpu::Tensor;
use crate::ops::tuned::dense_tile;
use crate::ops::{dense, relu};
use crate::reference::dense::DenseShape;
use twin::Twin;

pub struct DenseReluDense;

/// The first layer and the second.
fn shapes(case: &Case) -> Result<[DenseShape; 2]> {
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

/// Whether the variant computes both layers in tiles.
fn tiled(layers: [DenseShape; 2], variant: Variant) -> bool {
    variant == Variant::Tuned && layers.iter().all(|layer| dense_tile::fits(layer.i))
}

/// A layer's tensors on the device.
struct Layer {
    weight: Tensor,
    bias: Tensor,
    dweight: Tensor,
    dbias: Tensor,
}

/// The tensors at both ends.
struct Ends {
    x: Tensor,
    dy: Tensor,
    y: Tensor,
    dx: Tensor,
}

fn record_tiled(rig: &mut Rig<'_>, layers: &[Layer; 2], ends: &Ends) -> Result<()> {
    let ([first, second], Ends { x, dy, y, dx }) = (layers, ends);
    let dims = [x.rows(), first.bias.rows()];
    let (hidden, d_hidden) = (rig.scratch("hidden", &dims)?, rig.scratch("gradient before relu", &dims)?);
    let rec = &mut rig.rec;
    dense_tile::forward(rec, x, &first.weight, &first.bias, &hidden, true)?;
    dense_tile::forward(rec, &hidden, &second.weight, &second.bias, y, false)?;
    dense_tile::backward_parameters(rec, &hidden, dy, &second.dweight, &second.dbias)?;
    dense_tile::backward_input(rec, &hidden, dy, &second.weight, &d_hidden, true)?;
    dense_tile::backward_parameters(rec, x, &d_hidden, &first.dweight, &first.dbias)?;
    dense_tile::backward_input(rec, x, &d_hidden, &first.weight, dx, false)
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
        let shapes = shapes(rig.case)?;
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
        let record = if tiled(shapes, rig.variant()) { record_tiled } else { record_plain };
        record(rig, &layers, &ends)
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
        let (hidden, d_hidden) = (twin::roundings(twin.first), twin.second.o + 1);
        let roundings = [
            ("y", hidden + twin::roundings(twin.second)),
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

    fn work(&self, case: &Case, variant: Variant) -> Result<Vec<Work>> {
        let layers = shapes(case)?;
        let [first, second] = layers;
        // x, weight, bias and y of a layer, and the multiplications and additions of a pass.
        let sizes = |s: DenseShape| (s.n * s.i, s.o * s.i, s.o, s.n * s.o, 2 * s.n * s.i * s.o);
        let (x, weight1, bias1, hidden, flops1) = sizes(first);
        let (_, weight2, bias2, y, flops2) = sizes(second);
        if tiled(layers, variant) {
            use dense_tile::{BACKWARD_INPUT, BACKWARD_PARAMETERS, FORWARD};
            return Ok(vec![
                Work::new(&FORWARD, flops1 + hidden, x + weight1 + bias1 + hidden),
                Work::new(&FORWARD, flops2, hidden + weight2 + bias2 + y),
                Work::new(&BACKWARD_PARAMETERS, flops2 + y, hidden + y + weight2 + bias2),
                Work::new(&BACKWARD_INPUT, flops2 + hidden, y + weight2 + 2 * hidden),
                Work::new(&BACKWARD_PARAMETERS, flops1 + hidden, x + hidden + weight1 + bias1),
                Work::new(&BACKWARD_INPUT, flops1, hidden + weight1 + x),
            ]);
        }
        Ok(vec![
            Work::new(&dense::FORWARD, flops1, x + weight1 + bias1 + hidden),
            Work::new(&relu::FORWARD, hidden, 2 * hidden),
            Work::new(&dense::FORWARD, flops2, hidden + weight2 + bias2 + y),
            Work::new(&dense::BACKWARD_WEIGHT, flops2, hidden + y + weight2),
            Work::new(&dense::BACKWARD_BIAS, y, y + bias2),
            Work::new(&dense::BACKWARD_INPUT, flops2, y + weight2 + hidden),
            Work::new(&relu::BACKWARD, hidden, 3 * hidden),
            Work::new(&dense::BACKWARD_WEIGHT, flops1, x + hidden + weight1),
            Work::new(&dense::BACKWARD_BIAS, hidden, hidden + bias1),
            Work::new(&dense::BACKWARD_INPUT, flops1, hidden + weight1 + x),
        ])
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
}
