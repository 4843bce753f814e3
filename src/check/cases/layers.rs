//! The cases of the other layers.

use super::SEED;
use crate::check::{Array, Case};
use rand::RngExt;
use serde_json::json;

pub(super) fn dense() -> Vec<Case> {
    let case = |name, [n, i, o]: [usize; 3]| {
        Case::new("dense", name, SEED)
            .normal("x", &[n, i], 1.0)
            .normal("weight", &[o, i], 0.1)
            .normal("bias", &[o], 1.0)
            .normal("dy", &[n, o], 1.0)
    };
    vec![
        case("single value", [1, 1, 1]),
        case("ragged", [15, 65, 17]),
        case("one row", [1, 33, 65]),
        case("one input", [65, 1, 15]),
        case("one output", [17, 31, 1]),
        case("smallest tiles", [1, 4, 4]),
        case("one row less than a tile", [7, 12, 12]),
        case("one tile of rows", [8, 768, 4]),
        case("one row more than a tile", [9, 4, 100]),
        case("many rows in tiles", [65, 12, 12]),
        case("one output in tiles", [7, 12, 1]),
        case("two outputs in tiles", [65, 100, 2]),
        case("three outputs in tiles", [9, 4, 3]),
        case("one output more than a tile", [8, 768, 9]),
        case("one output less than two tiles", [1, 12, 15]),
        case("label_predictor.dense1", [64, 768, 100]),
        case("label_predictor.dense3", [17, 100, 10]),
    ]
}

/// x, weight1 and bias1 are whole numbers but in one case: the sums in front of the ReLU are exact, and some are 0.
pub(super) fn dense_relu_dense() -> Vec<Case> {
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

pub(super) fn relu() -> Vec<Case> {
    let case = |op, name, dims: &[usize]| {
        let case = Case::new(op, name, SEED).normal("x", dims, 1.0).normal("dy", dims, 1.0);
        if op == "relu" { case } else { case.attribute("slope", 0.2) }
    };
    let zeros = |op, name| case(op, name, &[5]).input("x", edges()).not_smooth();
    vec![
        case("relu", "single value", &[1]),
        case("relu", "ragged", &[3, 5, 1, 17]),
        zeros("relu", "zeros and small values"),
        zeros("relu", "minus infinity").input("x", minus_infinity()),
        // More than 65,535 workgroups of 64 threads: dispatched in two dimensions.
        case("relu", "folded dispatch", &[65, 65, 32, 32]).not_smooth(),
        case("leaky_relu", "ragged", &[15, 1, 65]),
        zeros("leaky_relu", "zeros and small values"),
    ]
}

/// Where 0 times the value would be no number.
fn minus_infinity() -> Array {
    Array::f32(&[5], vec![f32::NEG_INFINITY, 1.0, -1.0, f32::NEG_INFINITY, 2.0])
}

/// Where the sign decides: both zeros and values next to them, small but not subnormal, which devices may flush.
fn edges() -> Array {
    Array::f32(&[5], vec![0.0, -0.0, 1e-30, -1e-30, -1e30])
}

pub(super) fn max_pool2d() -> Vec<Case> {
    let case = |name, dims: [usize; 4], kernel: [usize; 2], stride: [usize; 2]| {
        let [n, c, h, w] = dims;
        let out = [n, c, (h - kernel[0]) / stride[0] + 1, (w - kernel[1]) / stride[1] + 1];
        Case::new("max_pool2d", name, SEED)
            .attribute("kernel", json!(kernel))
            .attribute("stride", json!(stride))
            .normal("x", &dims, 1.0)
            .normal("dy", &out, 1.0)
    };
    let ties = |case: Case| case.levels("x", &[3, 5, 6, 7], 3).not_smooth();
    vec![
        case("single value", [1, 1, 1, 1], [1, 1], [1, 1]),
        case("halves", [3, 5, 8, 6], [2, 2], [2, 2]),
        case("leftover row and column", [2, 7, 15, 17], [2, 2], [2, 2]),
        case("overlapping windows", [2, 3, 9, 11], [3, 2], [1, 1]),
        case("overlapping in one direction", [1, 3, 9, 10], [3, 2], [2, 3]),
        case("gaps between windows", [2, 2, 11, 13], [2, 1], [3, 4]),
        case("window as large as the image", [5, 3, 4, 7], [4, 7], [9, 9]),
        case("far below zero", [2, 3, 5, 7], [2, 3], [1, 2]).input("x", negative(&[2, 3, 5, 7])),
        ties(case("ties", [3, 5, 6, 7], [2, 2], [2, 2])),
        ties(case("ties in overlapping windows", [3, 5, 6, 7], [3, 3], [1, 2])),
    ]
}

/// Values below any number that a maximum might carelessly start from.
fn negative(dims: &[usize]) -> Array {
    let count: usize = dims.iter().product();
    Array::f32(dims, (0..count).map(|i| -3e38 + ((i * 37 % 101) as f32) * 1e35).collect())
}

pub(super) fn batch_norm2d() -> Vec<Case> {
    let case = |name, dims: [usize; 4], scale, eps: f64, momentum: f64| {
        let c = dims[1];
        let case = Case::new("batch_norm2d", name, SEED)
            .attribute("eps", eps)
            .attribute("momentum", momentum)
            .normal("x", &dims, scale)
            .normal("weight", &[c], 1.0)
            .normal("bias", &[c], 1.0)
            .normal("running_mean", &[c], 1.0)
            .normal("dy", &dims, 1.0);
        let mut rng = case.stream("running_var");
        let variances = (0..c).map(|_| rng.random_range(0.5..1.5)).collect();
        case.input("running_var", Array::f32(&[c], variances))
    };
    let evaluation = |name, dims| {
        // What differs from training is the statistics; gradients belong to training alone.
        case(name, dims, 1.0, 1e-5, 0.1).attribute("training", false).not_smooth()
    };
    vec![
        case("two values", [2, 1, 1, 1], 1.0, 1e-5, 0.1),
        case("ragged", [3, 17, 5, 7], 1.0, 1e-5, 0.1),
        case("small variance", [5, 3, 4, 2], 3e-3, 1e-5, 0.1),
        case("large eps", [2, 5, 9, 8], 1.0, 0.3, 0.7),
        case("planes wider than a workgroup", [2, 3, 15, 17], 2.0, 1e-5, 0.01),
        case("many rows", [65, 2, 1, 3], 1.0, 1e-5, 1.0),
        evaluation("evaluation", [3, 15, 2, 5]),
        evaluation("evaluation of a single value", [1, 1, 1, 1]),
    ]
}

pub(super) fn dropout() -> Vec<Case> {
    let case = |name, dims: &[usize], rate: f64, seed: u32, salt: u32| {
        Case::new("dropout", name, SEED)
            .attribute("rate", rate)
            .attribute("seed", seed)
            .attribute("salt", salt)
            .normal("x", dims, 1.0)
            .normal("dy", dims, 1.0)
    };
    vec![
        case("ragged", &[17, 65], 0.25, 7, 3),
        case("nothing dropped", &[15, 3], 0.0, 1, 0),
        case("nearly everything dropped", &[1000], 0.99, u32::MAX, 12_345),
        case("half of many", &[3, 5, 65, 64], 0.5, 0, 0),
    ]
}
