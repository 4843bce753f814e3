//! conv2d: y, dx, dweight and dbias from x, weight, bias and dy.

use super::families::{self, Tensors};
use super::twin::{self, Conv2dShape};
use crate::contract::{Arrays, Bounds, Case, Gradient, Op, PARAMETRIC, Rig, SEED, bilinear_bounds, reals};
use crate::error::{Error, Result};
use crate::ops::conv2d::{self as host, Geometry};
use crate::ops::register_tiled::Convolution;
use crate::shape::MapShape;
use serde_json::json;

pub struct Conv2d;

/// The shapes of x, weight, bias and padding, of stride 1 and one group.
pub(crate) fn convolution(case: &Case) -> Result<Conv2dShape> {
    let [n, c, h, w] = case.dims("x")?;
    let [o, _, kh, kw] = case.dims("weight")?;
    case.expect_reals("weight", &[o, c, kh, kw])?;
    case.expect_reals("bias", &[o])?;
    let (ph, pw) = case.pair("padding")?;
    host::out_size((h, w), (kh, kw), (ph, pw))?;
    Ok(Conv2dShape::plain([n, c, h, w], [o, kh, kw], [ph, pw]))
}

/// One number, [height, width] or [top, bottom, left, right], as ((top, left), (bottom, right)).
fn padding(case: &Case) -> Result<((usize, usize), (usize, usize))> {
    if let Some([top, bottom, left, right]) = case.sizes("padding") {
        return Ok(((top, left), (bottom, right)));
    }
    let padding = case.pair("padding")?;
    Ok((padding, padding))
}

fn shape(case: &Case) -> Result<(Conv2dShape, Geometry)> {
    let [n, c, h, w] = case.dims("x")?;
    let [o, of_group, kh, kw] = case.dims("weight")?;
    let (before, behind) = padding(case)?;
    let groups = if case.attributes.contains_key("groups") { case.size("groups")? } else { 1 };
    if groups == 0 || c != of_group * groups || o % groups != 0 {
        let expected = format!("a divisor of {o} outputs that makes groups of {of_group} channels");
        return Err(Error::input(case.attribute_of("groups"), expected, groups));
    }
    let geometry = Geometry { stride: case.pair("stride")?, before, behind, groups };
    host::out_size((h, w), (kh, kw), geometry)?;
    let plain = Conv2dShape::plain([n, c, h, w], [o, kh, kw], [before.0, before.1]);
    let (bottom, right) = behind;
    let s = Conv2dShape { bottom, right, stride: geometry.stride, groups, ..plain };
    case.expect_reals("dy", &[s.n, s.o, s.out_h(), s.out_w()])?;
    if has_bias(case)? {
        case.expect_reals("bias", &[o])?;
    }
    Ok((s, geometry))
}

fn has_bias(case: &Case) -> Result<bool> {
    case.flag("bias", true)
}

/// The convolution as fused kernels see it.
pub(crate) fn fusible(s: Conv2dShape) -> Convolution {
    let x = MapShape::new(s.c, s.h, s.w);
    Convolution { x, outputs: s.o, kernel: (s.kh, s.kw), padding: (s.ph, s.pw) }
}

impl Op for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["stride", "padding", "groups", "bias"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "weight", "bias", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let (s, geometry) = shape(rig.case)?;
        let (x, weight, dy) = (rig.input("x")?, rig.input("weight")?, rig.input("dy")?);
        let y = rig.output("y", dy.dims())?;
        let dx = rig.output("dx", x.dims())?;
        let dweight = rig.output("dweight", weight.dims())?;
        let bias = match has_bias(rig.case)? {
            true => Some((rig.input("bias")?, rig.output("dbias", &[s.o])?)),
            false => None,
        };
        let t = Tensors { x, weight, dy, y, dx, dweight, bias };
        if families::record(rig, s, geometry, &t)? {
            return Ok(());
        }
        let (rec, (bias, dbias)) = (&mut rig.rec, t.bias.as_ref().map(|(b, db)| (b, db)).unzip());
        host::forward(rec, &t.x, &t.weight, bias, &t.y, geometry)?;
        host::backward_input(rec, &t.dy, &t.weight, &t.dx, geometry)?;
        host::backward_parameters(rec, &t.x, &t.dy, &t.dweight, dbias, geometry)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let (s, _) = shape(case)?;
        let (x, weight, dy) = (case.reals("x")?, case.reals("weight")?, case.reals("dy")?);
        let bias = if has_bias(case)? { case.reals("bias")? } else { vec![0.0; s.o] };
        let mut outputs = reals([
            ("y", &[s.n, s.o, s.out_h(), s.out_w()], twin::forward(&x, &weight, &bias, s)),
            ("dx", &[s.n, s.c, s.h, s.w], twin::backward_input(&dy, &weight, s)),
            ("dweight", &[s.o, s.group_channels(), s.kh, s.kw], twin::backward_weight(&x, &dy, s)),
        ]);
        if has_bias(case)? {
            outputs.extend(reals([("dbias", &[s.o], twin::backward_bias(&dy, s))]));
        }
        Ok(outputs)
    }

    /// One rounding for each product that is added up and one more for the product itself.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let (s, _) = shape(case)?;
        let taps = s.kh * s.kw;
        let pixels = s.n * s.out_h() * s.out_w();
        let sums = [("y", s.group_channels() * taps + 1), ("dx", s.o / s.groups * taps), ("dweight", pixels)];
        let mut bounds = bilinear_bounds(self, case, sums.map(|(name, terms)| (name, terms + 1)))?;
        if has_bias(case)? {
            bounds.extend(bilinear_bounds(self, case, [("dbias", pixels + 1)])?);
        }
        Ok(bounds)
    }

    fn gradients(&self) -> &'static [Gradient] {
        PARAMETRIC
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, [n, c, h, w]: [usize; 4], [o, kh, kw]: [usize; 3], [ph, pw]: [usize; 2]| {
        let (out_h, out_w) = (h + 2 * ph - kh + 1, w + 2 * pw - kw + 1);
        Case::new("conv2d", name, SEED)
            .attribute("stride", 1)
            .attribute("padding", json!([ph, pw]))
            .normal("x", &[n, c, h, w], 1.0)
            .normal("weight", &[o, c, kh, kw], 0.2)
            .normal("bias", &[o], 1.0)
            .normal("dy", &[n, o, out_h, out_w], 1.0)
    };
    let mut all = vec![
        case("single value", [1, 1, 1, 1], [1, 1, 1], [0, 0]),
        case("ragged", [3, 5, 17, 15], [7, 3, 3], [1, 1]),
        case("oblong kernel", [2, 3, 9, 13], [5, 2, 4], [0, 0]),
        case("kernel as large as the image", [5, 2, 4, 7], [3, 4, 7], [0, 0]),
        case("oblong padding", [4, 2, 6, 5], [9, 3, 2], [0, 2]),
        case("padding as wide as the kernel", [2, 3, 4, 5], [2, 3, 2], [3, 2]),
        case("padding beyond the kernel", [1, 2, 3, 4], [3, 2, 3], [4, 5]),
        case("many outputs", [1, 17, 5, 3], [65, 1, 1], [0, 0]),
        case("many rows", [65, 1, 3, 2], [2, 2, 2], [1, 0]),
        case("more pixels than llvmpipe lets a thread look at", [1, 1, 260, 256], [1, 3, 3], [1, 1]),
        case("partial sums wider than a texture", [2, 512, 2, 3], [160, 1, 2], [0, 0]),
        case("feature_extractor.conv1", [2, 3, 28, 28], [32, 5, 5], [0, 0]),
        case("feature_extractor.conv2", [2, 32, 12, 12], [48, 5, 5], [0, 0]),
    ];
    all.extend(strided());
    all
}

/// Strides, groups, sides of their own and no bias: the convolutions of residual and of depthwise networks.
fn strided() -> Vec<Case> {
    let case = |name, x: [usize; 4], weight: [usize; 4], stride: [usize; 2], padding: [usize; 4], groups| {
        let ([n, c, h, w], [o, _, kh, kw], [top, bottom, left, right]) = (x, weight, padding);
        let plain = Conv2dShape::plain([n, c, h, w], [o, kh, kw], [top, left]);
        let s = Conv2dShape { bottom, right, stride: (stride[0], stride[1]), groups, ..plain };
        Case::new("conv2d", name, SEED)
            .attribute("stride", json!(stride))
            .attribute("padding", json!(padding))
            .attribute("groups", groups)
            .attribute("bias", false)
            .normal("x", &x, 1.0)
            .normal("weight", &weight, 0.2)
            .normal("dy", &[n, o, s.out_h(), s.out_w()], 1.0)
    };
    let with_bias = |case: Case, outputs| case.attribute("bias", true).normal("bias", &[outputs], 1.0);
    vec![
        case("stride 2", [2, 3, 17, 15], [8, 3, 3, 3], [2, 2], [1; 4], 1),
        case("stride beyond the kernel", [2, 4, 9, 11], [5, 4, 1, 2], [3, 4], [0; 4], 1),
        with_bias(case("oblong stride", [3, 2, 8, 13], [3, 2, 2, 5], [1, 3], [2, 2, 1, 1], 1), 3),
        case("padding as TensorFlow's same", [2, 3, 16, 16], [6, 3, 3, 3], [2, 2], [0, 1, 0, 1], 1),
        case("depthwise", [2, 12, 9, 7], [12, 1, 3, 3], [1, 1], [1; 4], 12),
        with_bias(case("depthwise, stride 2", [3, 5, 13, 10], [5, 1, 5, 5], [2, 2], [2; 4], 5), 5),
        case("depthwise, groups of four", [3, 5, 9, 12], [5, 1, 3, 3], [1, 1], [1; 4], 5),
        case("depthwise of 5×5, groups of four", [2, 3, 6, 8], [3, 1, 5, 5], [1, 1], [2; 4], 3),
        case("depthwise, halved", [2, 5, 10, 16], [5, 1, 3, 3], [2, 2], [0, 1, 0, 1], 5),
        case("depthwise of 5×5, halved", [3, 4, 12, 24], [4, 1, 5, 5], [2, 2], [1, 2, 1, 2], 4),
        case("depthwise, one group", [1, 2, 1, 4], [2, 1, 5, 5], [1, 1], [2; 4], 2),
        case("without bias", [3, 20, 7, 12], [9, 20, 3, 3], [1, 1], [1; 4], 1),
        case("without bias, many channels", [2, 136, 4, 4], [530, 136, 1, 1], [1, 1], [0; 4], 1),
        case("one tap", [3, 20, 2, 6], [12, 20, 1, 1], [1, 1], [0; 4], 1),
        case("one tap, one group of four", [1, 4, 2, 2], [4, 4, 1, 1], [1, 1], [0; 4], 1),
        case("one tap, many channels", [5, 136, 4, 4], [532, 136, 1, 1], [1, 1], [0; 4], 1),
        case("one tap, few outputs", [3, 144, 8, 10], [24, 144, 1, 1], [1, 1], [0; 4], 1),
        case("one tap, few channels", [5, 16, 18, 14], [96, 16, 1, 1], [1, 1], [0; 4], 1),
        case("one tap, tiles of thirty-two", [2, 64, 4, 6], [32, 64, 1, 1], [1, 1], [0; 4], 1),
        case("one tap, tiles of forty", [2, 80, 4, 8], [40, 80, 1, 1], [1, 1], [0; 4], 1),
        case("stem", [3, 3, 10, 16], [16, 3, 3, 3], [2, 2], [0, 1, 0, 1], 1),
        case("stem of one channel", [2, 1, 4, 24], [8, 1, 3, 3], [2, 2], [0, 1, 0, 1], 1),
        case("one tap, stride 2", [2, 8, 9, 12], [12, 8, 1, 1], [2, 2], [0; 4], 1),
        case("stride 2, in parts", [5, 12, 64, 64], [4, 12, 7, 7], [2, 2], [3; 4], 1),
        case("stride 2, in ragged parts", [5, 12, 60, 62], [4, 12, 7, 7], [2, 2], [3; 4], 1),
        case("one tap, planes of no whole groups", [3, 8, 3, 5], [12, 8, 1, 1], [1, 1], [0; 4], 1),
        case("planes of no whole groups", [2, 8, 3, 3], [16, 8, 3, 3], [1, 1], [1; 4], 1),
        case("oblong stride without bias", [3, 5, 8, 13], [8, 5, 2, 5], [1, 3], [2, 0, 1, 1], 1),
        case("groups", [2, 6, 7, 9], [9, 2, 3, 2], [2, 1], [1, 0, 0, 2], 3),
        case("rows that no position reaches", [1, 2, 10, 10], [2, 2, 3, 3], [4, 4], [0; 4], 1),
    ]
}
