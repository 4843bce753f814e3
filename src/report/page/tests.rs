//! Whether the page's colours can be told from what they lie on, by WCAG 2.2's ratios.

use super::panels::{COLOURS, hues};

const STYLE: &str = include_str!("../../../templates/report.css");
/// For text.
const LEAST_OF_TEXT: f64 = 4.5;
/// For parts of a picture.
const LEAST_OF_PARTS: f64 = 3.0;

/// Red, green and blue from 0 to 1.
type Colour = [f64; 3];

/// What follows `name` in each of the two blocks of colours, light and dark.
fn of_schemes(name: &str) -> [&'static str; 2] {
    let key = format!("--{name}: ");
    let found = STYLE.split(&key).skip(1).map(|rest| rest.split(';').next().expect("a value"));
    found.collect::<Vec<_>>().try_into().expect(name)
}

fn hexadecimal(text: &str) -> Colour {
    let number = u32::from_str_radix(text.trim_start_matches('#'), 16).expect(text).to_be_bytes();
    [1, 2, 3].map(|place| f64::from(number[place]) / 255.0)
}

/// A colour of saturation 70 %.
fn of_hue(degrees: u32, lightness: f64) -> Colour {
    let strength = 0.7 * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|shift| {
        let place = (shift + f64::from(degrees) / 30.0) % 12.0;
        lightness - strength * (place - 3.0).min(9.0 - place).clamp(-1.0, 1.0)
    })
}

fn over(front: Colour, back: Colour, opacity: f64) -> Colour {
    [0, 1, 2].map(|place| opacity * front[place] + (1.0 - opacity) * back[place])
}

fn luminance(colour: Colour) -> f64 {
    let linear = |v: f64| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) };
    colour.map(linear).iter().zip([0.2126, 0.7152, 0.0722]).map(|(value, weight)| value * weight).sum()
}

fn contrast(a: Colour, b: Colour) -> f64 {
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    (a / b).max(b / a)
}

#[test]
fn black_on_white_has_the_ratio_that_wcag_gives() {
    assert!((contrast([0.0; 3], [1.0; 3]) - 21.0).abs() < 1e-9);
    let yellow = of_hue(60, 0.5);
    assert!((contrast(yellow, [1.0; 3]) - 1.514).abs() < 1e-3, "{yellow:?}");
}

#[test]
fn numbers_can_be_read_in_the_darkest_cell_of_a_confusion_matrix() {
    let strength = STYLE.split("calc(var(--shade) * ").nth(1).and_then(|rest| rest.split(')').next());
    let strength = strength.map_or(1.0, |text| format!("0{text}").parse().expect("a number"));
    let [ink, card, heat] = ["ink", "card", "heat"].map(of_schemes);
    for scheme in 0..2 {
        let heat: Vec<f64> =
            heat[scheme].split(", ").map(|v| v.parse::<f64>().expect("a number") / 255.0).collect();
        let cell = over(heat.try_into().expect("three"), hexadecimal(card[scheme]), strength);
        let ratio = contrast(hexadecimal(ink[scheme]), cell);
        assert!(ratio >= LEAST_OF_TEXT, "{ratio} in scheme {scheme}");
    }
}

#[test]
fn every_class_can_be_told_from_the_paper() {
    let lightness = of_schemes("lightness")
        .map(|text| text.trim_end_matches('%').parse::<f64>().expect("a number") / 100.0);
    for back in ["paper", "card"] {
        for (back, lightness) in of_schemes(back).into_iter().zip(lightness) {
            for hue in (1..=COLOURS).flat_map(hues) {
                let ratio = contrast(of_hue(hue, lightness), hexadecimal(back));
                assert!(ratio >= LEAST_OF_PARTS, "{ratio} of hue {hue} on {back}");
            }
        }
    }
}

#[test]
fn what_has_a_colour_of_its_own_can_be_told_from_the_paper() {
    for name in ["run0", "run1", "run2", "run3", "run4", "run5", "lambda", "source", "target", "faint"] {
        for (colour, paper) in of_schemes(name).into_iter().zip(of_schemes("paper")) {
            let ratio = contrast(hexadecimal(colour), hexadecimal(paper));
            assert!(ratio >= LEAST_OF_PARTS, "{ratio} of {name} on {paper}");
        }
    }
}
