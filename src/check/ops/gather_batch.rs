//! gather_batch: rows of a batch and their labels from a data set of bytes that lies in several chunks.
//!
//! `images` (N, DC, H, W) holds whole numbers below 256; `batch` (B, C, H, W) is what x holds before, so that
//! rows written by mistake show.

use super::*;
use crate::check::contract::real_output;
use crate::ops::Step;
use crate::ops::gather_batch::{Chunk, Domain, Source};
use crate::reference::gather_batch::{self as reference, GatherBatchShape};

pub struct GatherBatch;

struct Shape {
    images: usize,
    rows: usize,
    batch: [usize; 4],
    pixels: GatherBatchShape,
    start: usize,
    first_row: usize,
    chunk: usize,
    target: bool,
}

fn shape(case: &Case) -> Result<Shape> {
    let batch @ [b, c, h, w] = case.dims("batch")?;
    let &[images, dc, ..] = case.array("images")?.dims.as_slice() else {
        return Err(Error::input("images", "4 dimensions", case.array("images")?));
    };
    case.expect_indices("images", &[images, dc, h, w], 256)?;
    case.expect_indices("order", &[images], images)?;
    case.expect_indices("data_labels", &[images], usize::MAX)?;
    case.expect_reals("scale_shift", &[2, c])?;
    let (start, rows, first_row) = (case.size("start")?, case.size("rows")?, case.size("first_row")?);
    if rows == 0 || start + rows > images || first_row + rows > b || !(dc == 1 || dc == c) {
        return Err(Error::input("gather_batch", "rows within data set and batch", case.shapes()));
    }
    let pixels = GatherBatchShape { dc, c, h, w };
    let (chunk, target) = (case.size("chunk")?.max(1), case.flag("target", false)?);
    Ok(Shape { images, rows, batch, pixels, start, first_row, chunk, target })
}

impl Shape {
    /// Where the rows begin and end in x, counted in values.
    fn written(&self) -> std::ops::Range<usize> {
        let row = product(&self.batch[1..]);
        self.first_row * row..(self.first_row + self.rows) * row
    }

    fn chunks(&self, rig: &Rig<'_>) -> Result<Vec<Chunk>> {
        let image = self.pixels.dc * self.pixels.h * self.pixels.w;
        let bytes: Vec<u8> = bytes(rig.case)?;
        let chunk = |(i, bytes): (usize, &[u8])| {
            let mut padded = bytes.to_vec();
            padded.resize(bytes.len().next_multiple_of(4), 0);
            let words: Vec<u32> = bytemuck::pod_collect_to_vec(&padded);
            let words = rig.constant("chunk", &[words.len()], &words)?;
            Ok(Chunk { first: i * self.chunk, count: bytes.len() / image, words })
        };
        bytes.chunks(self.chunk * image).enumerate().map(chunk).collect()
    }
}

/// The images' bytes.
fn bytes(case: &Case) -> Result<Vec<u8>> {
    // All of them have been found to be below 256.
    Ok(case.whole("images")?.iter().map(|&byte| byte as u8).collect())
}

impl Op for GatherBatch {
    fn name(&self) -> &'static str {
        "gather_batch"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["start", "rows", "first_row", "chunk", "target"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["images", "order", "data_labels", "scale_shift", "batch"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let s = shape(rig.case)?;
        // The other domain starts elsewhere.
        let (mine, other) = (s.start as u32, s.images as u32 - s.rows as u32 - s.start as u32);
        let (source_start, target_start) = if s.target { (other, mine) } else { (mine, other) };
        let step = rig.step(Step { source_start, target_start, ..Default::default() })?;
        let source = Source {
            domain: if s.target { Domain::Target } else { Domain::Source },
            chunks: &s.chunks(rig)?,
            channels: s.pixels.dc,
            order: &rig.input("order")?,
            scale_shift: &rig.input("scale_shift")?,
        };
        let data_labels = rig.input("data_labels")?;
        let x = rig.in_place("x", "batch")?;
        let labels = rig.whole_output("labels", &[s.rows])?;
        source.images(&mut rig.rec, &step, &x, s.first_row, s.rows)?;
        source.labels(&mut rig.rec, &step, &data_labels, &x, &labels)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let order = &case.whole("order")?[s.start..s.start + s.rows];
        let scale_shift = case.reals("scale_shift")?;
        let (scale, shift) = scale_shift.split_at(s.pixels.c);
        let mut x = case.reals("batch")?;
        x[s.written()].copy_from_slice(&reference::forward(&bytes(case)?, order, scale, shift, s.pixels));
        let mut outputs = reals([("x", &s.batch, x)]);
        let labels = reference::labels(case.whole("data_labels")?, order);
        outputs.insert("labels".into(), Array::u32(&[s.rows], labels));
        Ok(outputs)
    }

    /// A division (2.5 units in the last place), a product and an addition. Other rows stay as they were.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let s = shape(case)?;
        let scale_shift = case.reals("scale_shift")?;
        let (_, shift) = scale_shift.split_at(s.pixels.c);
        let plane = s.pixels.h * s.pixels.w;
        let x = real_output(twin, "x")?;
        let magnitude = |i: usize| {
            let shift = shift[i / plane % s.pixels.c];
            if s.written().contains(&i) { (x[i] - shift).abs() + shift.abs() } else { 0.0 }
        };
        let magnitudes: Vec<f64> = (0..x.len()).map(magnitude).collect();
        Ok([("x", Bound::rounding(&magnitudes, 5))].into())
    }
}
