//! Colours that a digit can be told apart in.

use crate::rng::Rng;
use rand::RngExt;

/// A colour, red, green and blue.
pub(super) type Colour = [u8; 3];

/// How many steps of luma, of 255, the ink keeps from all that it lies on.
pub(super) const LEAST_CONTRAST: u8 = 80;

/// The colours of one picture.
pub(super) struct Colours {
    /// The digits' own.
    pub(super) ink: Colour,
    /// What the background goes from and to; twice the same where it is of one colour.
    pub(super) ground: [Colour; 2],
    /// A rim's around the digits, where they have one.
    pub(super) rim: Option<Colour>,
}

impl Colours {
    /// Draws colours until they suit each other, as about one set in six does.
    pub(super) fn draw(rng: &mut Rng) -> Self {
        loop {
            let from = rng.random();
            let to = if rng.random_bool(0.5) { from } else { rng.random() };
            let rim = rng.random_bool(0.2).then(|| rng.random());
            let colours = Self { ink: rng.random(), ground: [from, to], rim };
            if colours.are_readable() {
                return colours;
            }
        }
    }

    /// Whether the ink is clearly brighter than the whole background or clearly darker, and so for the rim.
    fn are_readable(&self) -> bool {
        let ink = luma(self.ink);
        let steps = |colour: Colour| i16::from(ink) - i16::from(luma(colour));
        let least = i16::from(LEAST_CONTRAST);
        let [from, to] = self.ground.map(steps);
        // In between the background has every luma between its ends: one on either side would meet the ink's.
        let clear = from.min(to) >= least || from.max(to) <= -least;
        clear && self.rim.is_none_or(|rim| steps(rim).abs() >= least)
    }
}

/// Brightness as Rec. 601 weighs it.
pub(super) fn luma(colour: Colour) -> u8 {
    let [red, green, blue] = colour.map(u32::from);
    ((299 * red + 587 * green + 114 * blue + 500) / 1000) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::stream;

    #[test]
    fn luma_spans_all_bytes() {
        assert_eq!([[0; 3], [255; 3], [77; 3]].map(luma), [0, 255, 77]);
        assert!(luma([0, 255, 0]) > luma([255, 0, 0]) && luma([255, 0, 0]) > luma([0, 0, 255]));
    }

    #[test]
    fn ink_stands_out_from_rim_and_ground_at_either_end_and_in_between() {
        let rng = &mut stream(0, "colours");
        let (mut plain, mut rims, mut brighter) = (0, 0, 0);
        for _ in 0..1000 {
            let Colours { ink, ground: [from, to], rim } = Colours::draw(rng);
            let mixed = |part: u32| {
                [0, 1, 2].map(|c| ((8 - part) * u32::from(from[c]) + part * u32::from(to[c])) / 8)
            };
            let between = (0..=8).map(|part| mixed(part).map(|value| value as u8));
            for colour in between.chain(rim) {
                // Mixing rounds down.
                assert!(luma(ink).abs_diff(luma(colour)) + 1 >= 80, "{ink:?} on {from:?} to {to:?}, {rim:?}");
            }
            plain += usize::from(from == to);
            rims += usize::from(rim.is_some());
            brighter += usize::from(luma(ink) > luma(from));
        }
        for (count, name) in [(plain, "one colour"), (rims, "a rim"), (brighter, "bright ink")] {
            assert!((50..950).contains(&count), "{name}: {count} of 1000");
        }
    }
}
