//! The own cases: ragged and unequal sizes, the extremes of each op, and the sizes of the paper's network.

use super::{Array, Case};
use rand::RngExt;
use serde_json::json;

/// The seed of all own cases.
const SEED: u64 = 1;

/// Every own case, drawn when its turn comes.
pub fn cases() -> impl Iterator<Item = Case> {
    const LISTS: [fn() -> Vec<Case>; 11] = [
        conv2d,
        dense,
        relu,
        max_pool2d,
        batch_norm2d,
        dropout,
        softmax_cross_entropy,
        gradient_reversal,
        sgd,
        gather_batch,
        metrics,
    ];
    LISTS.into_iter().flat_map(|list| list())
}

fn conv2d() -> Vec<Case> {
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

fn dense() -> Vec<Case> {
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
        case("label_predictor.dense1", [64, 768, 100]),
        case("label_predictor.dense3", [17, 100, 10]),
    ]
}

fn relu() -> Vec<Case> {
    let case = |op, name, dims: &[usize]| {
        let case = Case::new(op, name, SEED).normal("x", dims, 1.0).normal("dy", dims, 1.0);
        if op == "relu" { case } else { case.attribute("slope", 0.2) }
    };
    let zeros = |op, name| case(op, name, &[5]).input("x", edges()).not_smooth();
    vec![
        case("relu", "single value", &[1]),
        case("relu", "ragged", &[3, 5, 1, 17]),
        zeros("relu", "zeros and small values"),
        // More than 65,535 workgroups of 64 threads: dispatched in two dimensions.
        case("relu", "folded dispatch", &[65, 65, 32, 32]).not_smooth(),
        case("leaky_relu", "ragged", &[15, 1, 65]),
        zeros("leaky_relu", "zeros and small values"),
    ]
}

/// Where the sign decides: both zeros and values next to them, small but not subnormal, which devices may flush.
fn edges() -> Array {
    Array::f32(&[5], vec![0.0, -0.0, 1e-30, -1e-30, -1e30])
}

fn max_pool2d() -> Vec<Case> {
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

fn batch_norm2d() -> Vec<Case> {
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

fn dropout() -> Vec<Case> {
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

fn softmax_cross_entropy() -> Vec<Case> {
    let case = |name, n: usize, k: usize, scale| {
        Case::new("softmax_cross_entropy", name, SEED).normal("logits", &[n, k], scale).indices(
            "labels",
            &[n],
            k as u32,
        )
    };
    let huge = |case: Case| {
        let mut rng = case.stream("huge");
        let draw = |_| if rng.random::<bool>() { 1e4 } else { -1e4 };
        case.input("logits", Array::f32(&[65, 3], (0..195).map(draw).collect()))
    };
    vec![
        case("one class", 3, 1, 1.0),
        case("one row of two", 1, 2, 1.0),
        case("ragged", 17, 15, 1.0),
        case("digits", 129, 10, 3.0),
        case("confident", 65, 12, 30.0),
        huge(case("logits of ±10,000", 65, 3, 1.0)),
    ]
}

fn gradient_reversal() -> Vec<Case> {
    let case = |name, dims: &[usize], lambda: f64| {
        Case::new("gradient_reversal", name, SEED)
            .attribute("lambda", lambda)
            .normal("x", dims, 1.0)
            .normal("dy", dims, 1.0)
    };
    vec![
        case("lambda 0", &[15, 17], 0.0),
        case("lambda 0.37", &[17, 65], 0.37),
        case("lambda 1, maps", &[3, 5, 7, 2], 1.0),
        case("fan-in", &[17, 65], 0.37).normal("dy_label", &[5, 65], 1.0),
        case("fan-in with lambda 0", &[4, 15], 0.0).normal("dy_label", &[3, 15], 1.0),
        case("fan-in of source rows only", &[15, 7], 2.5).normal("dy_label", &[15, 7], 1.0),
        case("fan-in of maps", &[5, 3, 4, 4], 1.0).normal("dy_label", &[2, 3, 4, 4], 1.0),
    ]
}

fn sgd() -> Vec<Case> {
    let case = |name, dims: &[usize], lr: f64, momentum: f64, decay: f64| {
        Case::new("sgd", name, SEED)
            .attribute("lr", lr)
            .attribute("momentum", momentum)
            .attribute("weight_decay", decay)
            .normal("weight", dims, 1.0)
            .normal("grad", dims, 1.0)
            .normal("velocity", dims, 1.0)
    };
    vec![
        case("plain", &[1], 0.5, 0.0, 0.0),
        case("momentum", &[17, 65], 0.01, 0.9, 0.0),
        case("momentum and decay", &[1000], 0.01, 0.9, 5e-4),
        case("large steps", &[65, 3], 0.9, 0.5, 0.3),
    ]
}

fn gather_batch() -> Vec<Case> {
    let case = |name, [images, dc, h, w]: [usize; 4], [b, c]: [usize; 2], chunk: usize| {
        let case = Case::new("gather_batch", name, SEED)
            .attribute("chunk", chunk)
            .indices("images", &[images, dc, h, w], 256)
            .indices("data_labels", &[images], 10)
            .normal("scale_shift", &[2, c], 1.0)
            .normal("batch", &[b, c, h, w], 1.0);
        // A permutation: the images in the order of random keys.
        let keys = case.clone().indices("keys", &[images], u32::MAX);
        let mut order: Vec<u32> = (0..images as u32).collect();
        order.sort_by_key(|&image| keys.whole("keys").map(|keys| keys[image as usize]).unwrap_or_default());
        case.input("order", Array::u32(&[images], order))
    };
    let rows = |case: Case, start: usize, rows: usize, first_row: usize| {
        case.attribute("start", start).attribute("rows", rows).attribute("first_row", first_row)
    };
    vec![
        rows(case("one chunk, colour", [9, 3, 5, 7], [4, 3], 9), 2, 4, 0),
        rows(case("three chunks, colour", [17, 3, 3, 5], [15, 3], 7), 1, 15, 0),
        rows(case("three chunks, grey", [17, 1, 5, 3], [8, 3], 7), 5, 8, 0),
        rows(case("target half", [15, 3, 4, 4], [10, 3], 8), 9, 5, 5).attribute("target", true),
        rows(case("grey source half", [15, 1, 5, 5], [9, 2], 4), 3, 4, 0),
    ]
}

fn metrics() -> Vec<Case> {
    let case = |name, [n, k]: [usize; 2], [steps, columns]: [usize; 2], [row, column]: [usize; 2]| {
        Case::new("metrics", name, SEED)
            .attribute("row", row)
            .attribute("column", column)
            .normal("loss", &[n], 1.0)
            .normal("logits", &[n, k], 1.0)
            .indices("labels", &[n], k as u32)
            .normal("table", &[steps, columns], 1.0)
    };
    vec![
        case("single row", [1, 1], [1, 2], [0, 0]),
        case("ragged", [65, 10], [5, 7], [3, 4]),
        case("more rows than threads", [1000, 3], [2, 4], [1, 0]),
        case("ties", [65, 3], [1, 4], [0, 2]).levels("logits", &[65, 3], 2),
    ]
}
