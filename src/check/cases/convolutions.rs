//! The cases of convolutions.

use super::SEED;
use crate::check::{Array, Case};
use serde_json::json;

pub(super) fn conv2d() -> Vec<Case> {
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

/// x, weight and bias are whole numbers: every sum is exact, and so are ties, whose first value must win. In Winograd's
/// domain no sum is exact, so that there they are real numbers, of seeds with which no winner hangs on rounding.
pub(super) fn conv_block() -> Vec<Case> {
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

/// Real numbers, of seeds with which no winner hangs on rounding.
pub(super) fn conv_chain() -> Vec<Case> {
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
