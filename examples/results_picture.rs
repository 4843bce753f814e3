//! Draws how two runs classify the same test images: one block of images a run, a green frame where it is right.
//!
//! ```sh
//! cargo run --release --example results_picture -- data/mnist_m results.png runs/demo/source-only runs/demo/dann
//! ```

use anyhow::Context as _;
use dann::data::{self, Dataset, Labels, Part};
use dann::gpu::{Gpu, Options, choose};
use dann::model::Domain;
use dann::train::{Evaluator, RunDirectory, argmax};
use image::{Rgb, RgbImage};
use std::path::Path;

const COLUMNS: usize = 12;
const ROWS: usize = 6;
/// Pixels to a pixel.
const SCALE: u32 = 2;
/// The width of a frame, and of the space between two.
const FRAME: u32 = 3;
const BETWEEN_BLOCKS: u32 = 24;
const RIGHT: Rgb<u8> = Rgb([46, 160, 67]);
const WRONG: Rgb<u8> = Rgb([207, 34, 46]);
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, out, runs @ ..] = arguments.as_slice() else {
        anyhow::bail!("expected: DATA_DIR OUT.png RUN_DIR...");
    };
    anyhow::ensure!(!runs.is_empty(), "expected at least one RUN_DIR");
    let gpu = Gpu::open(&choose(None)?, Options::default())?;
    let blocks: Vec<RgbImage> =
        runs.iter().map(|run| block(&gpu, Path::new(data), Path::new(run))).collect::<anyhow::Result<_>>()?;
    let (width, height) = blocks[0].dimensions();
    let count = blocks.len() as u32;
    let mut picture = RgbImage::from_pixel(count * (width + BETWEEN_BLOCKS) - BETWEEN_BLOCKS, height, PAPER);
    for (i, block) in (0_u32..).zip(&blocks) {
        image::imageops::replace(&mut picture, block, i64::from(i * (width + BETWEEN_BLOCKS)), 0);
    }
    picture.save(out).with_context(|| format!("could not write {out}"))
}

/// The first test images, framed by whether the run is right about them.
fn block(gpu: &Gpu, data: &Path, run: &Path) -> anyhow::Result<RgbImage> {
    let checkpoint = RunDirectory::checkpoint(run)?;
    let input = &checkpoint.config.model.input;
    let images =
        data::load(data, Part::Test, input.frame(), Labels::Required)?.with_classes(&checkpoint.classes)?;
    let model = checkpoint.model(gpu)?;
    let logits = Evaluator::new(&model, &images, Domain::Target)?.logits()?;
    let labels = images.labels().context("test images without labels")?;
    let cell = SCALE * input.width as u32 + 3 * FRAME;
    let mut block = RgbImage::from_pixel(COLUMNS as u32 * cell, ROWS as u32 * cell, PAPER);
    let predictions = logits.chunks(logits.len() / images.len()).map(argmax);
    for (index, prediction) in predictions.enumerate().take(COLUMNS * ROWS) {
        let frame = if prediction == usize::from(labels[index]) { RIGHT } else { WRONG };
        let framed = framed(&images, index, frame);
        let (x, y) = ((index % COLUMNS) as u32 * cell, (index / COLUMNS) as u32 * cell);
        image::imageops::replace(&mut block, &framed, i64::from(x), i64::from(y));
    }
    Ok(block)
}

fn framed(images: &Dataset, index: usize, frame: Rgb<u8>) -> RgbImage {
    let shape = images.shape();
    let (height, width) = (shape.height as u32, shape.width as u32);
    let plane = (height * width) as usize;
    let pixels = images.image(index);
    RgbImage::from_fn(SCALE * width + 2 * FRAME, SCALE * height + 2 * FRAME, |x, y| {
        let inside = |v: u32, size: u32| v.checked_sub(FRAME).map(|v| v / SCALE).filter(|&v| v < size);
        let Some((x, y)) = inside(x, width).zip(inside(y, height)) else { return frame };
        let at = (y * width + x) as usize;
        Rgb([0, 1, 2].map(|channel| pixels[channel.min(shape.channels - 1) * plane + at]))
    })
}
