//! conv_block: conv2d → relu → max_pool2d(2); y, dx, dweight and dbias from x, weight, bias and dy.
//!
//! Plain it is the three ops one after the other, in other families one block of fused kernels.

use super::twin::Twin;
use crate::contract::{Array, Arrays, Bound, Bounds, Case, Gradient, Op, PARAMETRIC, Rig, SEED, real_output};
use crate::error::Result;
use crate::gpu::Tensor;
use crate::gpu::Variant;
use crate::ops::conv2d::proof::{convolution, fusible};
use crate::ops::conv2d::twin::Conv2dShape;
use crate::ops::gemm::{Epilogue, Gemm};
use crate::ops::max_pool2d::proof::{self as pooling, MaxPool2dShape};
use crate::ops::register_tiled::Parameters;
use crate::ops::register_tiled::conv_block as fused;
use crate::ops::register_tiled::conv_chain::ConvChain;
use crate::ops::register_tiled::{Gradients, WINDOW};
use crate::ops::{conv2d, max_pool2d, relu};
use serde_json::json;

pub struct ConvBlock;

/// The convolution and the pooling of its map.
pub(super) fn shape(case: &Case) -> Result<(Conv2dShape, MaxPool2dShape)> {
    let s = convolution(case)?;
    let pool = pooling_of(s)?;
    case.expect_reals("dy", &[s.n, s.o, pool.out_h(), pool.out_w()])?;
    Ok((s, pool))
}

/// The pooling of a convolution's map.
pub(crate) fn pooling_of(s: Conv2dShape) -> Result<MaxPool2dShape> {
    let (h, w) = (s.out_h(), s.out_w());
    // Refused where no window fits.
    WINDOW.out_size((h, w))?;
    let ((kh, kw), (sh, sw)) = (WINDOW.kernel, WINDOW.stride);
    Ok(MaxPool2dShape { n: s.n, c: s.o, h, w, kh, kw, sh, sw, ph: 0, pw: 0 })
}

/// The fused kernels where the variant has some that fit.
fn fused(s: Conv2dShape, variant: Variant) -> Option<ConvChain> {
    match variant {
        Variant::Register => fused::ConvBlock::new(fusible(s)).map(ConvChain::from),
        _ => None,
    }
}

fn record_product(rig: &mut Rig<'_>, gemm: Gemm, t: &Tensors) -> Result<()> {
    let saved = gemm.forward(&mut rig.rec, &t.x, &t.weight, &t.bias, &t.y)?;
    let parameters = Some(Parameters { weight: &t.dweight, bias: &t.dbias });
    let gradients = Gradients { parameters, dx: Some(&t.dx) };
    gemm.backward(&mut rig.rec, &saved, &t.weight, &t.dy, &gradients)
}

/// The tensors of the op on the device.
struct Tensors {
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    dy: Tensor,
    y: Tensor,
    dx: Tensor,
    dweight: Tensor,
    dbias: Tensor,
}

fn record_fused(rig: &mut Rig<'_>, chain: &ConvChain, t: &Tensors) -> Result<()> {
    let parameters = Parameters { weight: &t.weight, bias: &t.bias };
    let saved = chain.forward(&mut rig.rec, &t.x, &[parameters], &t.y)?;
    let gradients = Parameters { weight: &t.dweight, bias: &t.dbias };
    chain.backward(&mut rig.rec, &saved, &[&t.weight], &t.dy, Some(&[gradients]), Some(&t.dx))
}

fn record_plain(rig: &mut Rig<'_>, s: Conv2dShape, t: &Tensors) -> Result<()> {
    let kept = plain_forward(rig, s, &t.x, (&t.weight, &t.bias), &t.y)?;
    plain_backward(rig, s, &kept, &t.weight, &t.dy, (&t.dweight, &t.dbias, &t.dx))
}

/// What the plain ops leave for their way back.
pub(crate) struct Kept {
    x: Tensor,
    before_relu: Tensor,
    argmax: Tensor,
}

/// Records the three plain ops.
pub(crate) fn plain_forward(
    rig: &mut Rig<'_>,
    s: Conv2dShape,
    x: &Tensor,
    (weight, bias): (&Tensor, &Tensor),
    y: &Tensor,
) -> Result<Kept> {
    let map = [s.n, s.o, s.out_h(), s.out_w()];
    let before_relu = rig.scratch("before relu", &map)?;
    let before_pooling = rig.scratch("before pooling", &map)?;
    let argmax = rig.whole_scratch("argmax", y.dims())?;
    let rec = &mut rig.rec;
    conv2d::forward(rec, x, weight, bias, &before_relu, (s.ph, s.pw))?;
    relu::forward(rec, &before_relu, &before_pooling, 0.0)?;
    max_pool2d::forward(rec, &before_pooling, y, &argmax, WINDOW)?;
    Ok(Kept { x: x.clone(), before_relu, argmax })
}

/// Records their gradients: dweight, dbias and dx.
pub(crate) fn plain_backward(
    rig: &mut Rig<'_>,
    s: Conv2dShape,
    kept: &Kept,
    weight: &Tensor,
    dy: &Tensor,
    (dweight, dbias, dx): (&Tensor, &Tensor, &Tensor),
) -> Result<()> {
    let Kept { x, before_relu, argmax } = kept;
    let d_before_pooling = rig.scratch("gradient before pooling", before_relu.dims())?;
    let d_before_relu = rig.scratch("gradient before relu", before_relu.dims())?;
    let (rec, padding) = (&mut rig.rec, (s.ph, s.pw));
    max_pool2d::backward(rec, argmax, dy, &d_before_pooling, WINDOW)?;
    relu::backward(rec, before_relu, &d_before_pooling, &d_before_relu, 0.0)?;
    conv2d::backward_input(rec, &d_before_relu, weight, dx, padding)?;
    conv2d::backward_parameters(rec, x, &d_before_relu, dweight, dbias, padding)
}

impl Op for ConvBlock {
    fn name(&self) -> &'static str {
        "conv_block"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["padding"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "weight", "bias", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let (s, _) = shape(rig.case)?;
        let (x, weight) = (rig.input("x")?, rig.input("weight")?);
        let (bias, dy) = (rig.input("bias")?, rig.input("dy")?);
        let y = rig.output("y", dy.dims())?;
        let dx = rig.output("dx", x.dims())?;
        let dweight = rig.output("dweight", weight.dims())?;
        let dbias = rig.output("dbias", bias.dims())?;
        let tensors = Tensors { x, weight, bias, dy, y, dx, dweight, dbias };
        if let Some(gemm) = Gemm::new(rig.variant(), fusible(s), Epilogue::ReluMaxPool) {
            return record_product(rig, gemm, &tensors);
        }
        match fused(s, rig.variant()) {
            Some(chain) => record_fused(rig, &chain, &tensors),
            None => record_plain(rig, s, &tensors),
        }
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        Ok(Twin::new(case)?.outputs())
    }

    fn bounds(&self, case: &Case, outputs: &Arrays) -> Result<Bounds> {
        self.bounds_in(Variant::Register, case, outputs)
    }

    /// As for conv2d alone, but for the gradients that one family takes in Winograd's domain: a value whose terms there are
    /// few may lie further off where it is added up term by term. y may lie as far off as the worst value of its window. This
    /// takes for granted that rounding changes no argmax, which a test makes sure of in every own case.
    fn bounds_in(&self, variant: Variant, case: &Case, outputs: &Arrays) -> Result<Bounds> {
        let twin = Twin::new(case)?;
        let (s, pool) = (twin.s, twin.pool);
        let y = twin.map_bound(&real_output(outputs, "y")?, |map| pooling::forward(map, pool).0);
        let magnitudes = twin.gradient_magnitudes();
        let windows = s.n * pool.out_h() * pool.out_w();
        let sums = [("dx", s.o * s.kh * s.kw), ("dweight", windows), ("dbias", windows)];
        let mut bounds = Bounds::from([("y", y)]);
        for (name, terms) in sums {
            bounds.insert(name, Bound::rounding(&real_output(&magnitudes, name)?, terms + 1));
        }
        let is_winograd = || fused::ConvBlock::new(fusible(s)).is_some_and(|block| block.is_winograd());
        if variant == Variant::Register && is_winograd() {
            for (name, terms) in ["dx", "dweight"].into_iter().zip(twin.winograd_magnitudes()) {
                bounds.insert(name, Bound::winograd_terms(&real_output(outputs, name)?, &terms));
            }
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

/// x, weight and bias are whole numbers: every sum is exact, and so are ties, whose first value must win. In Winograd's
/// domain no sum is exact, so that there they are real numbers, of seeds with which no argmax hangs on rounding.
fn cases() -> Vec<Case> {
    let drawn = |name, seed, [n, c, h, w]: [usize; 4], [o, kh, kw]: [usize; 3], [ph, pw]: [usize; 2]| {
        let (out_h, out_w) = (h + 2 * ph - kh + 1, w + 2 * pw - kw + 1);
        Case::new("conv_block", name, seed)
            .attribute("padding", json!([ph, pw]))
            .normal("x", &[n, c, h, w], 1.0)
            .normal("weight", &[o, c, kh, kw], 0.2)
            .normal("bias", &[o], 1.0)
            .normal("dy", &[n, o, out_h / 2, out_w / 2], 1.0)
    };
    let shaped = |name, x, weight, padding| drawn(name, SEED, x, weight, padding);
    let case = |name, x: [usize; 4], [o, kh, kw]: [usize; 3], padding: [usize; 2]| {
        shaped(name, x, [o, kh, kw], padding)
            .signed_levels("x", &x, 4)
            .signed_levels("weight", &[o, x[1], kh, kw], 3)
            .signed_levels("bias", &[o], 9)
            .not_smooth()
    };
    let dead = |case: Case, o: usize| case.input("bias", Array::f32(&[o], vec![-40.0; o]));
    let ties = |case: Case, x: &[usize], weight: &[usize]| {
        case.signed_levels("x", x, 1).signed_levels("weight", weight, 1).signed_levels(
            "bias",
            &weight[..1],
            1,
        )
    };
    vec![
        shaped("real numbers", [2, 3, 6, 7], [4, 3, 2], [1, 0]),
        shaped("real numbers, wide", [1, 5, 5, 12], [12, 2, 4], [1, 2]),
        case("single window", [1, 1, 2, 2], [4, 1, 1], [0, 0]),
        case("width 9, odd height", [3, 5, 7, 9], [12, 3, 3], [1, 1]),
        case("width 17, odd height", [1, 4, 13, 21], [20, 5, 5], [0, 0]),
        case("width 24, widest padding", [1, 1, 5, 18], [4, 7, 7], [6, 6]),
        case("one tap", [3, 32, 5, 9], [48, 1, 1], [0, 0]),
        case("many taps", [1, 2, 9, 10], [8, 9, 11], [4, 5]),
        case("wide kernel", [3, 3, 6, 11], [12, 1, 7], [0, 3]),
        case("tall kernel", [1, 5, 9, 8], [20, 7, 1], [3, 0]),
        case("six columns of taps", [2, 3, 8, 14], [4, 2, 6], [1, 2]),
        case("padding on the sides", [2, 5, 4, 3], [4, 3, 4], [0, 3]),
        case("padding above and below", [3, 1, 3, 16], [12, 4, 2], [3, 0]),
        case("many rows", [65, 1, 4, 5], [4, 3, 3], [1, 1]),
        case("many rows, few slices", [65, 32, 2, 3], [48, 5, 4], [2, 2]),
        case("odd height", [3, 5, 7, 9], [12, 3, 3], [1, 1]),
        case("odd width", [1, 4, 8, 13], [20, 5, 5], [2, 2]),
        dead(case("dead windows", [3, 5, 7, 9], [12, 3, 3], [1, 1]), 12),
        ties(case("ties", [3, 1, 9, 17], [20, 1, 1], [0, 0]), &[3, 1, 9, 17], &[20, 1, 1, 1]),
        ties(case("ties of sums", [3, 3, 7, 10], [12, 2, 2], [1, 1]), &[3, 3, 7, 10], &[12, 3, 2, 2]),
        case("outputs not in fours", [2, 3, 6, 5], [5, 3, 3], [1, 1]),
        case("padding beyond the kernel", [2, 3, 3, 4], [4, 2, 2], [2, 3]),
        drawn("Winograd of an image, one tile", SEED, [1, 1, 6, 6], [8, 5, 5], [0, 0]).not_smooth(),
        drawn("Winograd of an image, ragged", 2, [3, 2, 9, 11], [19, 5, 5], [2, 1]).not_smooth(),
        drawn("Winograd of an image, widest padding", 2, [2, 3, 5, 4], [21, 5, 5], [4, 4]).not_smooth(),
        drawn("Winograd of an image, many rows", 10, [131, 3, 5, 6], [18, 5, 5], [1, 2]).not_smooth(),
        drawn("feature_extractor.conv1", 7, [2, 3, 28, 28], [32, 5, 5], [0, 0]).not_smooth(),
        drawn("Winograd, one tile", SEED, [1, 16, 6, 6], [16, 5, 5], [0, 0]).not_smooth(),
        drawn("Winograd, ragged", SEED, [3, 17, 9, 11], [19, 5, 5], [2, 1]).not_smooth(),
        drawn("Winograd, widest padding", SEED, [2, 18, 5, 4], [21, 5, 5], [4, 4]).not_smooth(),
        drawn("Winograd, many rows", SEED, [65, 16, 5, 6], [18, 5, 5], [1, 2]).not_smooth(),
        drawn("feature_extractor.conv2", 2, [2, 32, 12, 12], [48, 5, 5], [0, 0]).not_smooth(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::cases;

    /// It fuses multiplications and additions, and the bound of whole tensors was too tight for it at a corner's tap.
    #[test]
    fn what_an_nvidia_gpu_gave_for_one_tile_is_allowed() {
        let case = cases().find(|case| case.op == "conv_block" && case.name == "Winograd, one tile").unwrap();
        let twin = ConvBlock.twin(&case).unwrap();
        let bounds = ConvBlock.bounds(&case, &twin).unwrap();
        let expected = real_output(&twin, "dweight").unwrap()[1725];
        let error = (-1.271705985069275 - expected).abs();
        let allowed = bounds["dweight"].each[1725];
        assert!(error > 0.1 * allowed && error < 0.3 * allowed, "{error:e} of {allowed:e}");
    }

    /// It adds up term by term, which the bound of Winograd's domain did not allow for.
    #[test]
    fn what_an_nvidia_gpu_gave_for_sums_in_subgroups_is_allowed() {
        let is_it = |case: &Case| case.op == "conv_block" && case.name == "feature_extractor.conv2";
        let case = cases().find(is_it).unwrap();
        let twin = ConvBlock.twin(&case).unwrap();
        let error = (-1.419_291_019_439_697_3 - real_output(&twin, "dx").unwrap()[6191]).abs();
        let allowed = |variant| ConvBlock.bounds_in(variant, &case, &twin).unwrap()["dx"].each[6191];
        let (of_register, of_subgroup) = (allowed(Variant::Register), allowed(Variant::Subgroup));
        assert!(of_register < error && error < of_subgroup, "{error:e} of {of_register:e}, {of_subgroup:e}");
    }
}
