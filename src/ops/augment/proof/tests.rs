use super::*;

const SHAPE: MapShape = MapShape { channels: 2, height: 2, width: 3 };

fn images(count: usize) -> Vec<f64> {
    (0..count * SHAPE.len()).map(|i| (i % 12) as f64 - 5.0).collect()
}

#[test]
fn nothing_asked_for_changes_nothing_and_a_sure_inversion_turns_all_signs() {
    let x = images(3);
    assert_eq!(views(&x, SHAPE, Augmentation::default(), 7), x);
    let inverted: Vec<f64> = x.iter().map(|x| -x).collect();
    assert_eq!(views(&x, SHAPE, Augmentation { invert: 1.0, ..Augmentation::default() }, 7), inverted);
}

#[test]
fn greys_keep_their_tone_and_colours_their_sum() {
    let s = MapShape::new(3, 1, 2);
    let settings = Augmentation { saturation: 0.5, hue: 0.25, ..Augmentation::default() };
    let x = [0.25, 0.75, 0.25, -0.5, 0.25, 0.125];
    let y = views(&x, s, settings, 5);
    assert!([y[0], y[2], y[4]].iter().all(|y| (y - 0.25_f64).abs() < 1e-12), "{y:?}");
    assert!((y[1] + y[3] + y[5] - 0.375).abs() < 1e-12 && (y[1] - 0.75).abs() > 0.01, "{y:?}");
    // A third of the circle takes red to green, green to blue and blue to red.
    let third = 2.0 * std::f64::consts::PI / 3.0;
    let green = turned([1.0, 0.0, 0.0], [third.cos(), third.sin()]);
    let far = green.iter().zip([0.0, 1.0, 0.0]).map(|(found, expected)| (found - expected).abs());
    assert!(far.fold(0.0, f64::max) < 1e-12, "{green:?}");
}

#[test]
fn moved_images_repeat_their_edges() {
    let settings = Augmentation { shift: 1, ..Augmentation::default() };
    // With seed 0 the draws of image 0 are 0.74 and 0.02, by the hash: one row down, one column to the left.
    let (down, right) = offset(0, settings, 0);
    let x: Vec<f64> = (0..6).map(f64::from).chain((10..16).map(f64::from)).collect();
    let y = views(&x, SHAPE, settings, 0);
    for i in 0..2_isize {
        for j in 0..3_isize {
            let from = (i + down).clamp(0, 1) * 3 + (j + right).clamp(0, 2);
            assert_eq!(y[(i * 3 + j) as usize], x[from as usize]);
            assert_eq!(y[(6 + i * 3 + j) as usize], x[6 + from as usize]);
        }
    }
}

#[test]
fn draws_are_spread_evenly_over_what_was_asked_for() {
    let settings =
        Augmentation { shift: 2, invert: 0.25, contrast: 0.5, brightness: 0.1, ..Augmentation::default() };
    let count = 20_000;
    let tones: Vec<(f64, f64)> = (0..count).map(|image| tone(image, 1, settings, 3)).collect();
    let inverted = tones.iter().filter(|(factor, _)| *factor < 0.0).count();
    assert!(inverted.abs_diff(5_000) < 300, "{inverted} inverted");
    let mean = tones.iter().map(|(factor, _)| factor.abs()).sum::<f64>() / f64::from(count);
    assert!((mean - 1.0).abs() < 0.01, "mean factor {mean}");
    assert!(
        tones.iter().all(|(factor, summand)| (0.5..=1.5).contains(&factor.abs()) && summand.abs() <= 0.1)
    );
    let mut moves = [0; 5];
    (0..count).for_each(|image| moves[(offset(image, settings, 3).0 + 2) as usize] += 1);
    assert!(moves.iter().all(|&moves: &u32| moves.abs_diff(4_000) < 300), "{moves:?}");
}

#[test]
fn an_octave_passes_through_its_nodes_and_is_even_between_them() {
    let drawn = nodes(5, 1, 1, 9);
    let (side, cells) = (2 * CELLS + 1, 2 * CELLS);
    let (fine, shape) = (2 * cells + 1, MapShape::new(1, 2 * cells + 1, 2 * cells + 1));
    let f = bilinear(&drawn, cells, shape);
    for row in 0..side {
        for column in 0..side {
            assert_eq!(f[2 * row * fine + 2 * column], drawn[row * side + column]);
        }
    }
    assert_eq!(f[1], (drawn[0] + drawn[1]) / 2.0);
    assert_eq!(f[fine], (drawn[0] + drawn[side]) / 2.0);
}

/// A node's two numbers are spread evenly over [−1, 1): a mean square of 1/3 for the image's and a quarter of that for the
/// channel's; two channels of an image share the former.
#[test]
fn channels_are_alike_and_images_are_not() {
    let product = |a: (u32, u32), b: (u32, u32)| {
        let of = |image: u32, (other, channel): (u32, u32)| nodes(2 * image + other, channel, 2, 9);
        let pairs: Vec<f64> = (0..200)
            .flat_map(|image| of(image, a).into_iter().zip(of(image, b)))
            .map(|(a, b)| a * b)
            .collect();
        pairs.iter().sum::<f64>() / pairs.len() as f64
    };
    let expected = [
        (product((0, 0), (0, 0)), 5.0 / 12.0),
        (product((0, 0), (0, 1)), 1.0 / 3.0),
        (product((0, 0), (1, 0)), 0.0),
    ];
    for (found, expected) in expected {
        assert!((found - expected).abs() < 0.01, "{found} in place of {expected}");
    }
}

/// The first octave has its nodes three pixels apart in a line of ten, and is the highest.
#[test]
fn octaves_are_finer_and_lower_one_by_one() {
    let shape = MapShape::new(1, 1, 25);
    let sum = field(3, 0, 7, shape);
    let octave = |k: usize| bilinear(&nodes(3, 0, k, 7), CELLS << k, shape);
    for (pixel, sum) in sum.iter().enumerate() {
        let expected: f64 =
            [1.0, 0.6, 0.36, 0.216].iter().enumerate().map(|(k, height)| height * octave(k)[pixel]).sum();
        assert!((sum - expected).abs() < 1e-12, "{sum} in place of {expected}");
    }
    assert_eq!(octave(3).len(), 25);
    assert_eq!(octave(3)[24], nodes(3, 0, 3, 7)[24]);
}
