//! conv2d: y, dx, dweight and dbias from x, weight, bias and dy.

use super::twin::{self, Conv2dShape};
use crate::contract::{Arrays, Bounds, Case, Gradient, Op, PARAMETRIC, Rig, SEED, bilinear_bounds, reals};
use crate::error::{Error, Result};
use crate::gpu::Variant;
use crate::ops::conv2d as host;
use crate::ops::product::{Behind, Product};
use crate::ops::tuned::conv2d_tiled::Conv2dTiled;
use crate::ops::tuned::{Convolution, Gradients};
use crate::shape::MapShape;
use serde_json::json;

pub struct Conv2d;

/// The shapes of x, weight, bias and padding.
pub(crate) fn convolution(case: &Case) -> Result<Conv2dShape> {
    let [n, c, h, w] = case.dims("x")?;
    let [o, _, kh, kw] = case.dims("weight")?;
    case.expect_reals("weight", &[o, c, kh, kw])?;
    case.expect_reals("bias", &[o])?;
    let (ph, pw) = case.pair("padding")?;
    host::out_size((h, w), (kh, kw), (ph, pw))?;
    Ok(Conv2dShape::plain([n, c, h, w], [o, kh, kw], [ph, pw]))
}

fn shape(case: &Case) -> Result<Conv2dShape> {
    let stride = case.pair("stride")?;
    if stride != (1, 1) {
        return Err(Error::input(case.attribute_of("stride"), "1", format!("{stride:?}")));
    }
    let s = convolution(case)?;
    case.expect_reals("dy", &[s.n, s.o, s.out_h(), s.out_w()])?;
    Ok(s)
}

/// The convolution as fused kernels see it.
pub(crate) fn fusible(s: Conv2dShape) -> Convolution {
    let x = MapShape::new(s.c, s.h, s.w);
    Convolution { x, outputs: s.o, kernel: (s.kh, s.kw), padding: (s.ph, s.pw) }
}

/// The tiled kernels where the variant has some that fit.
fn tiled(s: Conv2dShape, variant: Variant) -> Option<Conv2dTiled> {
    let convolution = fusible(s);
    match variant {
        Variant::Register => Conv2dTiled::new(convolution),
        _ => None,
    }
}

impl Op for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["stride", "padding"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "weight", "bias", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let s = shape(rig.case)?;
        let padding = (s.ph, s.pw);
        let (x, weight) = (rig.input("x")?, rig.input("weight")?);
        let (bias, dy) = (rig.input("bias")?, rig.input("dy")?);
        let y = rig.output("y", dy.dims())?;
        let dx = rig.output("dx", x.dims())?;
        let dweight = rig.output("dweight", weight.dims())?;
        let dbias = rig.output("dbias", bias.dims())?;
        let tiled = tiled(s, rig.variant());
        let product = Product::new(rig.variant(), fusible(s), Behind::Nothing);
        let rec = &mut rig.rec;
        if let Some(product) = product {
            let saved = product.forward(rec, &x, &weight, &bias, &y)?;
            let gradients = Gradients { dweight: &dweight, dbias: &dbias, dx: Some(&dx) };
            return product.backward(rec, &saved, &weight, &dy, &gradients);
        }
        if let Some(tiled) = tiled {
            let saved = tiled.forward(rec, &x, &weight, &bias, &y)?;
            let gradients = Gradients { dweight: &dweight, dbias: &dbias, dx: Some(&dx) };
            return tiled.backward(rec, &saved, &weight, &dy, &gradients);
        }
        host::forward(rec, &x, &weight, &bias, &y, padding)?;
        host::backward_input(rec, &dy, &weight, &dx, padding)?;
        host::backward_parameters(rec, &x, &dy, &dweight, &dbias, padding)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let (x, weight) = (case.reals("x")?, case.reals("weight")?);
        let (bias, dy) = (case.reals("bias")?, case.reals("dy")?);
        Ok(reals([
            ("y", &[s.n, s.o, s.out_h(), s.out_w()], twin::forward(&x, &weight, &bias, s)),
            ("dx", &[s.n, s.c, s.h, s.w], twin::backward_input(&dy, &weight, s)),
            ("dweight", &[s.o, s.c, s.kh, s.kw], twin::backward_weight(&x, &dy, s)),
            ("dbias", &[s.o], twin::backward_bias(&dy, s)),
        ]))
    }

    /// One rounding for each product that is added up and one more for the product itself.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let s = shape(case)?;
        let taps = s.kh * s.kw;
        let pixels = s.n * s.out_h() * s.out_w();
        let sums = [("y", s.c * taps + 1), ("dx", s.o * taps), ("dweight", pixels), ("dbias", pixels)];
        bilinear_bounds(self, case, sums.map(|(name, terms)| (name, terms + 1)))
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
    vec![
        case("single value", [1, 1, 1, 1], [1, 1, 1], [0, 0]),
        case("ragged", [3, 5, 17, 15], [7, 3, 3], [1, 1]),
        case("oblong kernel", [2, 3, 9, 13], [5, 2, 4], [0, 0]),
        case("kernel as large as the image", [5, 2, 4, 7], [3, 4, 7], [0, 0]),
        case("oblong padding", [4, 2, 6, 5], [9, 3, 2], [0, 2]),
        case("padding as wide as the kernel", [2, 3, 4, 5], [2, 3, 2], [3, 2]),
        case("padding beyond the kernel", [1, 2, 3, 4], [3, 2, 3], [4, 5]),
        case("many outputs", [1, 17, 5, 3], [65, 1, 1], [0, 0]),
        case("many rows", [65, 1, 3, 2], [2, 2, 2], [1, 0]),
        case("feature_extractor.conv1", [2, 3, 28, 28], [32, 5, 5], [0, 0]),
        case("feature_extractor.conv2", [2, 32, 12, 12], [48, 5, 5], [0, 0]),
    ]
}
