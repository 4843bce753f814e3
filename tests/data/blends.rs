//! The two ways in which MNIST-M is made: as released, where the digit is a mask, and by the difference.

use crate::made::{COUNT, Workshop};
use crate::support::write_colour;
use dann::data::{Blend, Dataset, Part};
use sha2::{Digest, Sha256};
use std::fs;

/// H and W.
const SIDE: usize = 32;
/// How much brighter the photos get from one pixel to the next, to the right and downwards, by channel.
const SLOPES: [u8; 3] = [1, 3, 4];

/// Photos on which neighbours differ by the same everywhere, so that any other edge comes from the digit. Digits have a
/// bright core that tells them apart and a faint outline, as MNIST's.
fn workshop() -> Workshop {
    let outlined = |digit| [[0; 4], [0, 200 + digit, 90, 0], [0, 1, 40, 0], [0; 4]].concat();
    let workshop = Workshop::with_digits(outlined);
    for (name, base) in [("train/a.png", 0), ("val/a.png", 2)] {
        let ramp = |x: u32, y: u32| SLOPES.map(|slope| base + slope * (x + y) as u8);
        write_colour(&workshop.path("photos").join(name), 33, 32, ramp);
    }
    workshop
}

/// Whether the digit's value is above 0 there.
fn is_ink(row: usize, column: usize) -> bool {
    (15..17).contains(&row) && (15..17).contains(&column)
}

/// The mean difference of neighbours on an image whose digit has been inverted back: across the digit's edge, and
/// elsewhere.
fn mean_gradients(data: &Dataset) -> [f64; 2] {
    let (mut sums, mut counts) = ([0.0; 2], [0.0; 2]);
    for plane in data.images().chunks_exact(SIDE * SIDE) {
        let photo = |row, column| {
            let value = plane[row * SIDE + column];
            if is_ink(row, column) { 255 - value } else { value }
        };
        for (row, column) in (0..SIDE * SIDE).map(|at| (at / SIDE, at % SIDE)) {
            for (below, right) in [(row + 1, column), (row, column + 1)] {
                if below < SIDE && right < SIDE {
                    let kind = usize::from(is_ink(row, column) == is_ink(below, right));
                    sums[kind] += f64::from(photo(row, column).abs_diff(photo(below, right)));
                    counts[kind] += 1.0;
                }
            }
        }
    }
    [sums[0] / counts[0], sums[1] / counts[1]]
}

#[test]
fn as_released_no_edge_is_left_where_the_digit_is_inverted_back() {
    let workshop = workshop();
    let made = |blend, out| {
        workshop.make_with(blend, out, 0).unwrap();
        [Part::Train, Part::Test].map(|part| mean_gradients(&workshop.load(out, part)))
    };
    // All differences are whole numbers, and their sums exact: so are these means.
    for [across, elsewhere] in made(Blend::default(), "released") {
        assert_eq!((across, elsewhere), (8.0 / 3.0, 8.0 / 3.0));
    }
    // The outlines of the difference are what this test is about: it must see them.
    for [across, elsewhere] in made(Blend::Difference, "difference") {
        assert!(across > 10.0 * elsewhere, "{across} and {elsewhere}");
    }
}

#[test]
fn as_released_the_photo_is_inverted_under_any_ink_and_the_order_is_that_of_mnist() {
    let workshop = workshop();
    workshop.make_with(Blend::Invert, "out", 0).unwrap();
    let in_order: Vec<u16> = (0..COUNT).map(|digit| u16::from(digit % 10)).collect();
    for part in [Part::Train, Part::Test] {
        let data = workshop.load("out", part);
        assert_eq!(data.labels(), Some(&in_order[..]));
        for (place, &value) in data.images().iter().enumerate() {
            let (image, channel) = (place / (3 * SIDE * SIDE), place / (SIDE * SIDE) % 3);
            let (row, column) = (place / SIDE % SIDE, place % SIDE);
            let corner = data.image(image)[channel * SIDE * SIDE];
            let photo = corner + SLOPES[channel] * (row + column) as u8;
            let expected = if is_ink(row, column) { 255 - photo } else { photo };
            assert_eq!(value, expected, "image {image}, channel {channel}, at {row}, {column}");
        }
    }
}

#[test]
fn what_was_made_says_how() {
    let workshop = workshop();
    for (blend, name) in [(Blend::Invert, "invert"), (Blend::Difference, "difference")] {
        assert_eq!(workshop.make_with(blend, name, 0).unwrap().blend, blend);
        let source = fs::read_to_string(workshop.path(name).join("mnist_m/source.json")).unwrap();
        let source: serde_json::Value = serde_json::from_str(&source).unwrap();
        assert_eq!(source["blend"], name);
    }
}

#[test]
fn the_difference_is_what_it_was_before_there_was_a_choice() {
    let workshop = Workshop::new();
    for (name, step) in [("train/a.png", 3), ("train/b.png", 5), ("val/a.png", 7)] {
        let colour = |x: u32, y: u32| [(step * x) as u8, (step * y) as u8, (x * y) as u8];
        write_colour(&workshop.path("photos").join(name), 50, 40, colour);
    }
    workshop.make_with(Blend::Difference, "out", 3).unwrap();
    let mut sha = Sha256::new();
    for part in [Part::Train, Part::Test] {
        let data = workshop.load("out", part);
        sha.update(data.images());
        sha.update(data.labels().unwrap().iter().map(|&label| label as u8).collect::<Vec<u8>>());
    }
    let hex: String = sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    // Of the same photos and digits at the revision before `Blend`.
    assert_eq!(hex, "9b75b4b10bdcffba4b9aa0964ba7517a12eaf586755853ef398d17d74e063336");
}
