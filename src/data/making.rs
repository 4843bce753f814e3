//! What making one data set shares with making another.

use crate::error::{Error, Result};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use serde::Serialize;
use std::fs;
use std::path::Path;

/// H and W of the images that are made, as in the release of MNIST-M; a digit of 28×28 is centred in them.
pub(super) const SIDE: usize = 32;

/// Fails where `goal` exists: what was made earlier is not written over.
pub(super) fn check_vacant(goal: &Path) -> Result<()> {
    if goal.exists() {
        return Err(Error::file(goal, "nothing there yet", "an earlier data set"));
    }
    Ok(())
}

/// How the image `index` of a part is called.
pub(super) fn file_name(index: usize) -> String {
    format!("{index:08}.png")
}

/// Writes `pixels`, (H, W, 3), as a PNG file.
pub(super) fn write_png(path: &Path, pixels: &[u8]) -> Result<()> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    let side = SIDE as u32;
    encoder
        .write_image(pixels, side, side, ExtendedColorType::Rgb8)
        .map_err(|error| Error::file(path, "an image that can be encoded", error))?;
    fs::write(path, bytes).map_err(Error::io(path, "write"))
}

/// Writes what a data set was made of beside it.
pub(super) fn write_summary(directory: &Path, summary: &impl Serialize) -> Result<()> {
    let path = directory.join("source.json");
    let text =
        serde_json::to_string_pretty(summary).map_err(|error| Error::io(&path, "write")(error.into()))?;
    fs::write(&path, text + "\n").map_err(Error::io(&path, "write"))
}
