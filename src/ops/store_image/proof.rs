//! An image as bytes among those of a data set: `torch.round(x).clamp(0, 255).to(torch.uint8)`, laid over what was there.
//!
//! Proof of store_image: rounding, values beyond the range of a byte, images that begin and end within a word, and neighbours
//! that stay as they are.
//!
//! `images` (words) and `labels` are what is there before; `x` (1, C, H, W) becomes image `index`.

use crate::contract::{Array, Arrays, Bounds, Case, Op, Rig, SEED};
use crate::error::Result;
use crate::ops::store_image::{self as host, Place};

/// x → bytes
pub fn bytes(x: &[f64]) -> Vec<u8> {
    x.iter().map(|value| value.clamp(0.0, 255.0).round_ties_even() as u8).collect()
}

pub struct StoreImage;

impl Op for StoreImage {
    fn name(&self) -> &'static str {
        "store_image"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["index", "slot", "label"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "images", "labels"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let x = rig.input("x")?;
        let (images, labels) =
            (rig.whole_in_place("images", "images")?, rig.whole_in_place("labels", "labels")?);
        let (index, slot) = (rig.case.size("index")?, rig.case.size("slot")?);
        let place = Place { images: &images, index, labels: &labels, slot };
        host::store(&mut rig.rec, &x, &place, rig.case.size("label")? as u32)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let stored = bytes(&case.reals("x")?);
        let words = case.whole("images")?;
        let mut images: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let first = case.size("index")? * stored.len();
        images[first..first + stored.len()].copy_from_slice(&stored);
        let word = |four: &[u8]| four.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
        let mut labels = case.whole("labels")?.to_vec();
        labels[case.size("slot")?] = case.size("label")? as u32;
        Ok([
            ("images".into(), Array::u32(&[words.len()], images.chunks(4).map(word).collect())),
            ("labels".into(), Array::u32(&[labels.len()], labels)),
        ]
        .into())
    }

    /// Whole numbers are compared as they are: rounding a real number of a twin to a byte has one answer.
    fn bounds(&self, _case: &Case, _twin: &Arrays) -> Result<Bounds> {
        Ok(Bounds::new())
    }

    fn cases(&self) -> Vec<Case> {
        let case = |name, [c, h, w]: [usize; 3], words: usize, index: usize| {
            let slots = 4 * words / (c * h * w);
            Case::new("store_image", name, SEED)
                .attribute("index", index)
                .attribute("slot", slots - 1 - index)
                .attribute("label", 7)
                .indices("images", &[words], u32::MAX)
                .indices("labels", &[slots], 10)
                .normal("x", &[1, c, h, w], 200.0)
        };
        let halves = [0.5, 1.5, 2.5, 254.5, 255.5, -0.5, 127.49, 1e9, -1e9, 255.0, 0.0, 3.0];
        let ties = case("ties and beyond", [3, 2, 2], 6, 1);
        vec![
            case("whole words", [3, 4, 4], 36, 2),
            case("within words", [3, 5, 5], 57, 1),
            case("the last, within a word", [1, 3, 5], 15, 3),
            case("one byte", [1, 1, 1], 1, 2),
            case("more than a workgroup", [3, 28, 28], 1764, 1),
            ties.input("x", Array::f32(&[1, 3, 2, 2], halves.to_vec())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_rounded_to_bytes_and_held_within_their_range() {
        assert_eq!(bytes(&[-3.0, 0.49, 0.5, 1.5, 254.6, 255.4, 300.0]), [0, 0, 0, 2, 255, 255, 255]);
    }
}
