//! Random views of a batch's images; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::augment as wgsl;
use super::random_view::View;
use super::{expect, expect_rows, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Channels that random numbers are set aside for.
const MOST_CHANNELS: usize = 255;

/// How far views of an image may differ from it; each number is drawn evenly, for every image and step anew. Values are
/// those that the network takes: inputs in [−1, 1] have their middle at 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Augmentation {
    /// The least share of an image's area that a window onto it shows, above 0 and up to 1, in proportions from 3 : 4 to
    /// 4 : 3; the window is scaled to the size that the network takes. If left out, the middle is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<f32>,
    /// The probability that left and right change places.
    #[serde(skip_serializing_if = "is_zero")]
    pub flip: f32,
    /// Most degrees that an image is turned by in either direction, below 180; its edges are repeated. What is drawn evenly is
    /// the tangent of half the angle.
    #[serde(skip_serializing_if = "is_zero")]
    pub rotation: f32,
    /// Most degrees that an image's upright lines are slanted by in either direction, below 90. What is drawn evenly is the
    /// tangent.
    #[serde(skip_serializing_if = "is_zero")]
    pub shear: f32,
    /// An image is enlarged by a number between 1 − zoom and 1 + zoom; below 1.
    #[serde(skip_serializing_if = "is_zero")]
    pub zoom: f32,
    /// Most pixels that an image is moved by in either direction; its edges are repeated.
    pub shift: u32,
    /// The probability that a channel's values change their sign.
    pub invert: f32,
    /// A channel's values are multiplied by a number between 1 − contrast and 1 + contrast.
    pub contrast: f32,
    /// A number between −brightness and brightness is added to a channel's values.
    pub brightness: f32,
    /// The colours of an image of three channels, which is what differs from the mean of the three, are multiplied by a number
    /// between 1 − saturation and 1 + saturation.
    #[serde(skip_serializing_if = "is_zero")]
    pub saturation: f32,
    /// They are turned by up to this share of the circle of hues in either direction, below a half. What is drawn evenly is the
    /// tangent of half the angle.
    #[serde(skip_serializing_if = "is_zero")]
    pub hue: f32,
    /// A channel's values are multiplied by a field that is rough at every scale, as photos are: 1 + s·f, where s, one number
    /// an image, lies between 0 and `shading`, and f is the sum of four octaves. Octave k is 0.6^k times what is bilinear
    /// between (3·2^k + 1)² nodes; a node is a number in [−1, 1) of the image's, and half of one of the channel's.
    pub shading: f32,
}

/// Whether a number is what it is if left out.
fn is_zero(value: &f32) -> bool {
    *value == 0.0
}

impl Augmentation {
    /// Which part of an image is shown, and how it lies.
    pub(crate) fn view(&self) -> View {
        View { crop: self.crop, flip: self.flip, rotation: self.rotation, shear: self.shear, zoom: self.zoom }
    }

    /// Whether anything is asked for beyond [`Augmentation::view`].
    pub(crate) fn changes_tones_or_place(&self) -> bool {
        let Self { shift, invert, contrast, brightness, saturation, hue, shading, .. } = *self;
        shift > 0 || [invert, contrast, brightness, saturation, hue, shading].iter().any(|&most| most > 0.0)
    }

    /// Refuses what makes no sense; `key` is how errors call it.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key.
    pub fn check(&self, key: &str) -> Result<()> {
        self.view().check(key)?;
        let shares = [
            ("invert", self.invert, 1.0),
            ("contrast", self.contrast, 1.0),
            ("saturation", self.saturation, 1.0),
        ];
        let sizes = [("brightness", self.brightness, f32::MAX), ("shading", self.shading, f32::MAX)];
        for (name, value, most) in shares.into_iter().chain(sizes) {
            if !(0.0..=most).contains(&value) {
                let expected = if most > 1.0 { "at least 0".into() } else { format!("0 to {most}") };
                return Err(Error::input(format!("{key}.{name}"), expected, value));
            }
        }
        if !(0.0..0.5).contains(&self.hue) {
            return Err(Error::input(format!("{key}.hue"), "0 to below 0.5", self.hue));
        }
        Ok(())
    }

    fn changes_colours(&self) -> bool {
        self.saturation > 0.0 || self.hue > 0.0
    }
}

/// y = ±contrast · shade · colours of x, moved, + brightness in `rows`, whatever `augmentation` says of views; both
/// (N, C, H, W). What is drawn follows from the step's seed and the row.
///
/// # Errors
/// [`Error::Input`] when the shapes differ, x has fewer rows or more than 255 channels, or a setting makes no sense.
pub fn views(
    rec: &mut Recording,
    step: &Tensor,
    (x, y): (&Tensor, &Tensor),
    rows: Range<usize>,
    augmentation: &Augmentation,
) -> Result<()> {
    const OP: &str = "augment";
    augmentation.check(OP)?;
    expect(OP, "y", y, x.dims())?;
    expect_rows(OP, x, &rows)?;
    let map = x.map();
    if map.channels > MOST_CHANNELS {
        return Err(Error::input("augment: x", format!("at most {MOST_CHANNELS} channels"), map.channels));
    }
    if augmentation.changes_colours() && map.channels != 3 {
        let expected = "3 channels, where saturation and hue are changed";
        return Err(Error::input("training.augmentation", expected, map.channels));
    }
    let Augmentation { shift, invert, contrast, brightness, saturation, shading, .. } = *augmentation;
    let hue = (std::f32::consts::PI * augmentation.hue).tan();
    let (first, end) = (u32_of(OP, rows.start)?, u32_of(OP, rows.end)?);
    let channels = u32_of(OP, map.channels)?;
    let (height, width) = (u32_of(OP, map.height)?, u32_of(OP, map.width)?);
    let params = wgsl::Params {
        first,
        end,
        channels,
        height,
        width,
        shift,
        invert,
        contrast,
        brightness,
        shading,
        saturation,
        hue,
    };
    let lines = rows.len() * map.channels * map.height;
    let values = lines * map.width;
    let work = Work::new(2 * values, by(x.dims())).moving(8 * values);
    rec.dispatch(wgsl::Views { params: &params, step, x, y }, lines, work)
}
