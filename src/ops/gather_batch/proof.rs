//! A batch taken from a data set of bytes: `torchvision.transforms.functional.to_tensor`, then `normalize` with
//! `scale = 1/std` and `shift = −mean/std`.
//!
//! `x[b,c,h,w] = images[indices[b], c, h, w] / 255 · scale[c] + shift[c]`, where a grey image has its one
//! channel read for every c.
//!
//! Proof of gather_batch: rows of a batch and their labels from a data set of bytes that lies in several chunks.
//!
//! `images` (N, DC, H, W) holds whole numbers below 256; `batch` (B, C, H, W) is what x holds before, so that
//! rows written by mistake show.

use crate::contract::{Array, Arrays, Bound, Bounds, Case, Op, Rig, SEED, product, real_output, reals};
use crate::error::{Error, Result};
use crate::ops::Step;
use crate::ops::gather_batch::{Chunk, Domain, ResidentData};

/// The shapes of a gathering: images (N, DC, H, W), scale and shift (C), x (B, C, H, W).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatherBatchShape {
    /// DC, the channels stored: 1 or C.
    pub dc: usize,
    /// C, the channels wanted.
    pub c: usize,
    /// H, height.
    pub h: usize,
    /// W, width.
    pub w: usize,
}

/// images (N, DC, H, W), indices (B), scale and shift (C) → x (B, C, H, W).
pub fn forward(
    images: &[u8],
    indices: &[u32],
    scale: &[f64],
    shift: &[f64],
    s: GatherBatchShape,
) -> Vec<f64> {
    debug_assert!(s.dc == 1 || s.dc == s.c);
    let plane = s.h * s.w;
    let mut x = Vec::new();
    for &index in indices {
        for c in 0..s.c {
            let stored = if s.dc == 1 { 0 } else { c };
            for i in 0..plane {
                let byte = images[(index as usize * s.dc + stored) * plane + i];
                x.push(f64::from(byte) / 255.0 * scale[c] + shift[c]);
            }
        }
    }
    x
}

/// labels (N), indices (B) → the labels of the batch (B).
pub fn labels(labels: &[u32], indices: &[u32]) -> Vec<u32> {
    indices.iter().map(|&index| labels[index as usize]).collect()
}

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
        let source = ResidentData {
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
        x[s.written()].copy_from_slice(&forward(&bytes(case)?, order, scale, shift, s.pixels));
        let mut outputs = reals([("x", &s.batch, x)]);
        let labels = labels(case.whole("data_labels")?, order);
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

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, [images, dc, h, w]: [usize; 4], [b, c]: [usize; 2], chunk: usize| {
        let case = Case::new("gather_batch", name, SEED)
            .attribute("chunk", chunk)
            .indices("images", &[images, dc, h, w], 256)
            .indices("data_labels", &[images], 10)
            .normal("scale_shift", &[2, c], 1.0)
            .normal("batch", &[b, c, h, w], 1.0);
        // A permutation: the images in the order of random keys.
        let keys = case.clone().indices("keys", &[images], u32::MAX);
        let mut order: Vec<u32> = (0..images as u32).collect();
        order.sort_by_key(|&image| keys.whole("keys").map(|keys| keys[image as usize]).unwrap_or_default());
        case.input("order", Array::u32(&[images], order))
    };
    let rows = |case: Case, start: usize, rows: usize, first_row: usize| {
        case.attribute("start", start).attribute("rows", rows).attribute("first_row", first_row)
    };
    vec![
        rows(case("one chunk, colour", [9, 3, 5, 7], [4, 3], 9), 2, 4, 0),
        rows(case("three chunks, colour", [17, 3, 3, 5], [15, 3], 7), 1, 15, 0),
        rows(case("three chunks, grey", [17, 1, 5, 3], [8, 3], 7), 5, 8, 0),
        rows(case("target half", [15, 3, 4, 4], [10, 3], 8), 9, 5, 5).attribute("target", true),
        rows(case("grey source half", [15, 1, 5, 5], [9, 2], 4), 3, 4, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: [f64; 2] = [2.0, 10.0];
    const SHIFT: [f64; 2] = [-1.0, 100.0];

    #[test]
    fn colour_images_by_hand() {
        let s = GatherBatchShape { dc: 2, c: 2, h: 1, w: 2 };
        let images = [0, 255, 51, 102, 255, 0, 153, 204];
        assert_eq!(
            forward(&images, &[1, 0, 1], &SCALE, &SHIFT, s),
            [[1.0, -1.0, 106.0, 108.0], [-1.0, 1.0, 102.0, 104.0], [1.0, -1.0, 106.0, 108.0]].concat()
        );
    }

    #[test]
    fn grey_images_are_read_for_every_channel() {
        let s = GatherBatchShape { dc: 1, c: 2, h: 2, w: 1 };
        assert_eq!(forward(&[0, 255, 255, 51], &[1], &SCALE, &SHIFT, s), [1.0, -0.6, 110.0, 102.0]);
    }

    #[test]
    fn labels_follow_their_images() {
        assert_eq!(labels(&[7, 8, 9], &[2, 0, 2]), [9, 7, 9]);
    }
}
