//! Random windows onto a batch's images; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::random_view as wgsl;
use super::{expect, expect_rank, expect_rows, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};
use std::ops::Range;

const OP: &str = "random_view";

/// Numbers that say where a window lies.
pub const NUMBERS: usize = 10;

/// Which part of an image is shown, and how it lies; each number is drawn evenly, for every image and step anew. As it is
/// by default, the middle of the image is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct View {
    /// The least share of the image's area that is shown, in proportions from 3 : 4 to 4 : 3, above 0 and up to 1. `None`:
    /// the middle, as large as what is asked for.
    pub crop: Option<f32>,
    /// The probability that left and right change places.
    pub flip: f32,
    /// Most degrees that it is turned by in either direction, below 180. What is drawn evenly is the tangent of half the
    /// angle.
    pub rotation: f32,
    /// Most degrees that its upright lines are slanted by in either direction, below 90. What is drawn evenly is the tangent.
    pub shear: f32,
    /// It is enlarged by a number between 1 − zoom and 1 + zoom; below 1.
    pub zoom: f32,
}

impl View {
    /// Refuses what makes no sense; `key` is how errors call it.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key.
    pub fn check(&self, key: &str) -> Result<()> {
        let View { crop, flip, rotation, shear, zoom } = *self;
        let refused =
            |name, expected: &str, found: f32| Err(Error::input(format!("{key}.{name}"), expected, found));
        match () {
            () if crop.is_some_and(|crop| !(crop > 0.0 && crop <= 1.0)) => {
                refused("crop", "above 0, up to 1", crop.unwrap_or_default())
            }
            () if !(0.0..=1.0).contains(&flip) => refused("flip", "0 to 1", flip),
            () if !(0.0..180.0).contains(&rotation) => {
                refused("rotation", "degrees from 0 to below 180", rotation)
            }
            () if !(0.0..90.0).contains(&shear) => refused("shear", "degrees from 0 to below 90", shear),
            () if !(0.0..1.0).contains(&zoom) => refused("zoom", "0 to below 1", zoom),
            () => Ok(()),
        }
    }
}

/// y (N, C, out H, out W): what is seen of x (N, C, H, W) through windows, which are written to `windows` (N, 10), in `rows`.
/// What is drawn follows from the step's seed and the row.
///
/// # Errors
/// [`Error::Input`] when the shapes differ, x has fewer rows, a setting makes no sense, or without a crop x is smaller than y.
pub fn random_view(
    rec: &mut Recording,
    step: &Tensor,
    x: &Tensor,
    (windows, y): (&Tensor, &Tensor),
    rows: Range<usize>,
    view: &View,
) -> Result<()> {
    view.check(OP)?;
    let params = params(x, (windows, y), &rows, view)?;
    let count = rows.len();
    let window = Work::new(100 * count, by(windows.dims())).moving(4 * NUMBERS * count);
    rec.dispatch(wgsl::Choose { params: &params, step, windows }, count, window)?;
    let values = [x, y].map(|of| count * of.map().len());
    let lines = values[1] / y.map().width;
    let seen = Work::new(20 * values[1], by(y.dims())).moving(4 * (values[0] + values[1]));
    rec.dispatch(wgsl::Look { params: &params, drawn: windows, x, y }, lines, seen)
}

fn params(
    x: &Tensor,
    (windows, y): (&Tensor, &Tensor),
    rows: &Range<usize>,
    view: &View,
) -> Result<wgsl::Params> {
    expect_rank(OP, "x", x, 4)?;
    expect_rank(OP, "y", y, 4)?;
    expect_rows(OP, x, rows)?;
    let (from, to) = (x.map(), y.map());
    expect(OP, "y", y, &[x.rows(), from.channels, to.height, to.width])?;
    expect(OP, "windows", windows, &[x.rows(), NUMBERS])?;
    if view.crop.is_none() && (from.height < to.height || from.width < to.width) {
        return Err(Error::input("random_view: x", format!("images of at least {to}"), from));
    }
    Ok(wgsl::Params {
        first: u32_of(OP, rows.start)?,
        end: u32_of(OP, rows.end)?,
        channels: u32_of(OP, from.channels)?,
        height: u32_of(OP, from.height)?,
        width: u32_of(OP, from.width)?,
        out_height: u32_of(OP, to.height)?,
        out_width: u32_of(OP, to.width)?,
        crop: view.crop.unwrap_or_default(),
        flip: view.flip,
        turn: (view.rotation.to_radians() / 2.0).tan(),
        shear: view.shear.to_radians().tan(),
        zoom: view.zoom,
    })
}
