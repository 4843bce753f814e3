//! conv_chain: three blocks of conv2d → relu → max_pool2d(2), one behind the other; y, dx and every dweight and dbias.
//!
//! In the register family one chain of kernels, in other families the plain ops one after the other.

use crate::contract::{Arrays, Bound, Bounds, Case, Gradient, Op, Rig, real_output, reals};
use crate::error::Result;
use crate::gpu::Tensor;
use crate::gpu::Variant;
use crate::ops::conv2d;
use crate::ops::conv2d::proof::fusible;
use crate::ops::conv2d::twin::{self as convolution, Conv2dShape};
use crate::ops::max_pool2d::proof::{self as pooling, MaxPool2dShape};
use crate::ops::register_tiled::Parameters;
use crate::ops::register_tiled::conv_block::ConvBlock;
use crate::ops::register_tiled::conv_block::proof::{plain_backward, plain_forward, pooling_of};
use crate::ops::register_tiled::conv_chain::ConvChain as Kernels;
use crate::ops::relu::proof as rectifier;
use serde_json::json;

pub struct ConvChain;

/// The names of each block's tensors and results.
const NAMES: [[&str; 4]; 3] = [
    ["weight1", "bias1", "dweight1", "dbias1"],
    ["weight2", "bias2", "dweight2", "dbias2"],
    ["weight3", "bias3", "dweight3", "dbias3"],
];

/// The shapes of a block.
type Shapes = (Conv2dShape, MaxPool2dShape);

pub(super) fn shapes(case: &Case) -> Result<Vec<Shapes>> {
    let [n, mut c, mut h, mut w] = case.dims("x")?;
    let (ph, pw) = case.pair("padding")?;
    let mut all = Vec::new();
    for [weight, bias, ..] in NAMES {
        let [o, _, kh, kw] = case.dims(weight)?;
        case.expect_reals(weight, &[o, c, kh, kw])?;
        case.expect_reals(bias, &[o])?;
        // Refused where the kernel does not fit.
        conv2d::out_size((h, w), (kh, kw), (ph, pw))?;
        let s = Conv2dShape::plain([n, c, h, w], [o, kh, kw], [ph, pw]);
        let pool = pooling_of(s)?;
        all.push((s, pool));
        (c, h, w) = (o, pool.out_h(), pool.out_w());
    }
    case.expect_reals("dy", &[n, c, h, w])?;
    Ok(all)
}

/// A block's parameters and where their gradients go.
struct Block {
    weight: Tensor,
    bias: Tensor,
    dweight: Tensor,
    dbias: Tensor,
}

fn chain(shapes: &[Shapes]) -> Option<Kernels> {
    let block = |s: Conv2dShape| ConvBlock::new(fusible(s));
    let mut chain = Kernels::from(block(shapes[0].0)?);
    shapes[1..].iter().all(|(s, _)| block(*s).is_some_and(|block| chain.push(block))).then_some(chain)
}

fn record_chain(rig: &mut Rig<'_>, chain: &Kernels, blocks: &[Block], ends: [&Tensor; 4]) -> Result<()> {
    let [x, dy, y, dx] = ends;
    let values: Vec<_> = blocks.iter().map(|b| Parameters { weight: &b.weight, bias: &b.bias }).collect();
    let gradients: Vec<_> =
        blocks.iter().map(|b| Parameters { weight: &b.dweight, bias: &b.dbias }).collect();
    let weights: Vec<_> = blocks.iter().map(|b| &b.weight).collect();
    let saved = chain.forward(&mut rig.rec, x, &values, y)?;
    chain.backward(&mut rig.rec, &saved, &weights, dy, Some(&gradients), Some(dx))
}

fn record_plain(rig: &mut Rig<'_>, shapes: &[Shapes], blocks: &[Block], ends: [&Tensor; 4]) -> Result<()> {
    let [x, dy, y, dx] = ends;
    let (mut kept, mut inputs) = (Vec::new(), vec![x.clone()]);
    for (index, (block, (s, pool))) in blocks.iter().zip(shapes).enumerate() {
        let map = [s.n, s.o, pool.out_h(), pool.out_w()];
        let output = if index + 1 == blocks.len() { y.clone() } else { rig.scratch("map", &map)? };
        kept.push(plain_forward(rig, *s, &inputs[index], (&block.weight, &block.bias), &output)?);
        inputs.push(output);
    }
    let mut d = dy.clone();
    for (index, (block, (s, _))) in blocks.iter().zip(shapes).enumerate().rev() {
        let d_input = if index == 0 { dx.clone() } else { rig.scratch("gradient", inputs[index].dims())? };
        let gradients = (&block.dweight, &block.dbias, &d_input);
        plain_backward(rig, *s, &kept[index], &block.weight, &d, gradients)?;
        d = d_input;
    }
    Ok(())
}

impl Op for ConvChain {
    fn name(&self) -> &'static str {
        "conv_chain"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["padding"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "weight1", "bias1", "weight2", "bias2", "weight3", "bias3", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let shapes = shapes(rig.case)?;
        let (x, dy) = (rig.input("x")?, rig.input("dy")?);
        let (y, dx) = (rig.output("y", dy.dims())?, rig.output("dx", x.dims())?);
        let mut blocks = Vec::new();
        for [weight, bias, dweight, dbias] in NAMES {
            let (weight, bias) = (rig.input(weight)?, rig.input(bias)?);
            let (dweight, dbias) = (rig.output(dweight, weight.dims())?, rig.output(dbias, bias.dims())?);
            blocks.push(Block { weight, bias, dweight, dbias });
        }
        let ends = [&x, &dy, &y, &dx];
        match chain(&shapes).filter(|_| rig.variant() == Variant::Register) {
            Some(chain) => record_chain(rig, &chain, &blocks, ends),
            None => record_plain(rig, &shapes, &blocks, ends),
        }
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let shapes = shapes(case)?;
        let mut x = case.reals("x")?;
        let mut kept = Vec::new();
        for ([weight, bias, ..], (s, pool)) in NAMES.into_iter().zip(&shapes) {
            let before_relu = convolution::forward(&x, &case.reals(weight)?, &case.reals(bias)?, *s);
            let (y, argmax) = pooling::forward(&rectifier::forward(&before_relu, 0.0), *pool);
            kept.push((std::mem::replace(&mut x, y), before_relu, argmax));
        }
        let (last, pool) = shapes[shapes.len() - 1];
        let mut all = reals([("y", &[last.n, last.o, pool.out_h(), pool.out_w()], x)]);
        let mut d = case.reals("dy")?;
        for (index, (s, pool)) in shapes.iter().enumerate().rev() {
            let ([weight, _, dweight, dbias], (x, before_relu, argmax)) = (NAMES[index], &kept[index]);
            let before = rectifier::backward(before_relu, &pooling::backward(&d, argmax, *pool), 0.0);
            all.extend(reals([
                (dweight, &[s.o, s.c, s.kh, s.kw], convolution::backward_weight(x, &before, *s)),
                (dbias, &[s.o], convolution::backward_bias(&before, *s)),
            ]));
            d = convolution::backward_input(&before, &case.reals(weight)?, *s);
        }
        let first = shapes[0].0;
        all.extend(reals([("dx", &[first.n, first.c, first.h, first.w], d)]));
        Ok(all)
    }

    /// Every result hangs on sums that are taken in Winograd's domain, whose errors add up from block to block.
    fn bounds(&self, _: &Case, outputs: &Arrays) -> Result<Bounds> {
        let names = NAMES.iter().flat_map(|[.., dweight, dbias]| [*dweight, *dbias]).chain(["y", "dx"]);
        let bound = |name| Ok((name, Bound::winograd(&real_output(outputs, name)?)));
        names.map(bound).collect()
    }

    fn gradients(&self) -> &'static [Gradient] {
        &[
            Gradient { result: "dx", input: "x", output: "y" },
            Gradient { result: "dweight1", input: "weight1", output: "y" },
            Gradient { result: "dbias1", input: "bias1", output: "y" },
            Gradient { result: "dweight2", input: "weight2", output: "y" },
            Gradient { result: "dbias2", input: "bias2", output: "y" },
            Gradient { result: "dweight3", input: "weight3", output: "y" },
            Gradient { result: "dbias3", input: "bias3", output: "y" },
        ]
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

/// Real numbers, of seeds with which no argmax hangs on rounding.
fn cases() -> Vec<Case> {
    let case = |name, seed, [n, c, h, w]: [usize; 4], outputs: [usize; 3], padding: usize| {
        let mut case = Case::new("conv_chain", name, seed)
            .attribute("padding", json!([padding, padding]))
            .normal("x", &[n, c, h, w], 1.0);
        let (mut inputs, mut size) = (c, [h, w]);
        for (index, outputs) in outputs.into_iter().enumerate() {
            case = case
                .normal(["weight1", "weight2", "weight3"][index], &[outputs, inputs, 5, 5], 0.1)
                .normal(["bias1", "bias2", "bias3"][index], &[outputs], 0.5);
            size = size.map(|size| (size + 2 * padding - 4) / 2);
            inputs = outputs;
        }
        case.normal("dy", &[n, inputs, size[0], size[1]], 1.0).not_smooth()
    };
    vec![
        case("ragged", 1, [2, 3, 17, 22], [18, 21, 17], 2),
        case("padding of zeros alone", 1, [1, 4, 36, 38], [16, 16, 19], 0),
    ]
}
