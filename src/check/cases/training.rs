//! The cases of what only training has: losses, the gradient reversal, the update, batches and metrics.

use super::SEED;
use crate::check::{Array, Case};
use rand::RngExt;

pub(super) fn softmax_cross_entropy() -> Vec<Case> {
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

pub(super) fn gradient_reversal() -> Vec<Case> {
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

pub(super) fn sgd() -> Vec<Case> {
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

pub(super) fn clip_grad_norm() -> Vec<Case> {
    let case = |name, dims: &[usize], max_norm: f64| {
        Case::new("clip_grad_norm", name, SEED).attribute("max_norm", max_norm).normal("grad", dims, 1.0)
    };
    vec![
        case("one gradient", &[1], 0.25),
        case("short enough", &[17, 5], 100.0),
        case("one run", &[4096], 1.0),
        case("ragged runs", &[3, 4099], 5.0),
        case("more runs than threads", &[67, 4100], 1.0),
    ]
}

pub(super) fn gather_batch() -> Vec<Case> {
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

pub(super) fn augment() -> Vec<Case> {
    let case = |name, dims: &[usize; 4], shift: usize, [invert, contrast, brightness]: [f64; 3]| {
        Case::new("augment", name, SEED)
            .attribute("shift", shift)
            .attribute("invert", invert)
            .attribute("contrast", contrast)
            .attribute("brightness", brightness)
            .attribute("seed", 0xdead_beef_u32)
            .normal("x", dims, 1.0)
    };
    vec![
        case("nothing", &[3, 2, 5, 4], 0, [0.0, 0.0, 0.0]),
        case("moved", &[17, 3, 7, 5], 2, [0.0, 0.0, 0.0]),
        case("moved out of sight", &[15, 1, 3, 2], 9, [0.0, 0.0, 0.0]),
        case("inverted", &[17, 5, 4, 3], 0, [0.5, 0.0, 0.0]),
        case("all of it", &[65, 3, 9, 11], 3, [0.5, 0.75, 0.25]),
    ]
}

pub(super) fn metrics() -> Vec<Case> {
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
