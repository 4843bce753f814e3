//! The cases of what classifies images from outside and tells what it found.

use super::SEED;
use crate::check::{Array, Case};
use rand::RngExt;
use serde_json::json;

pub(super) fn softmax() -> Vec<Case> {
    let case = |name, n: usize, k: usize, scale| Case::new("softmax", name, SEED).normal("x", &[n, k], scale);
    vec![
        case("one class", 3, 1, 1.0),
        case("ragged", 17, 15, 1.0),
        case("digits", 129, 10, 3.0),
        case("confident", 65, 12, 30.0),
        case("ties", 65, 3, 1.0).levels("x", &[65, 3], 2),
    ]
}

pub(super) fn image_texture() -> Vec<Case> {
    let case = |name, [height, width]: [usize; 2], [h, w]: [usize; 2], channels: usize| {
        let case = Case::new("image_texture", name, SEED).attribute("size", json!([h, w]));
        // Values as textures hold them, from 0 to 1.
        let mut rng = case.stream("image");
        let values = (0..height * width * 4).map(|_| rng.random::<f32>()).collect();
        case.input("image", Array::f32(&[height, width, 4], values)).normal(
            "scale_shift",
            &[2, channels],
            1.0,
        )
    };
    vec![
        case("same size", [5, 7], [5, 7], 3),
        case("smaller, uneven", [65, 17], [15, 3], 3),
        case("larger, uneven", [3, 5], [17, 15], 3),
        case("one axis each way", [3, 65], [17, 15], 3),
        case("a single texel", [1, 1], [4, 4], 3),
        case("luma", [17, 15], [5, 7], 1),
        case("grey", [15, 17], [7, 5], 3).attribute("grey", true),
        case("grey to one channel", [15, 17], [28, 28], 1).attribute("grey", true),
        case("linear light", [65, 33], [28, 28], 3).attribute("linear", true),
    ]
}

pub(super) fn image_values() -> Vec<Case> {
    let case = |name, dims: [usize; 4]| {
        Case::new("image_values", name, SEED).normal("x", &dims, 1.0).normal(
            "scale_shift",
            &[2, dims[1]],
            1.0,
        )
    };
    vec![case("one value", [1, 1, 1, 1]), case("ragged", [3, 5, 7, 2]), case("digits", [2, 3, 28, 28])]
}
