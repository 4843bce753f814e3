//! A batch of rows that were computed before: `torch.index_select`.
//!
//! `x[b] = values[indices[b]]`
//!
//! Proof of gather_rows: rows of a batch from rows that lie in several chunks. `batch` (B, …) is what x holds before, so that
//! rows written by mistake show.

use crate::contract::{Array, Arrays, Bound, Bounds, Case, Op, Rig, SEED, product, real_output, reals};
use crate::error::{Error, Result};
use crate::ops::Step;
use crate::ops::gather_batch::Domain;
use crate::ops::gather_rows::{Chunk, KeptData};

/// values (N, V), indices (B) → x (B, V).
pub fn forward(values: &[f64], indices: &[u32], length: usize) -> Vec<f64> {
    indices.iter().flat_map(|&index| &values[index as usize * length..][..length]).copied().collect()
}

pub struct GatherRows;

struct Shape {
    images: usize,
    batch: Vec<usize>,
    start: usize,
    rows: usize,
    first_row: usize,
    chunk: usize,
    target: bool,
}

fn shape(case: &Case) -> Result<Shape> {
    let (images, batch) = (case.array("values")?.dims[0], case.array("batch")?.dims.clone());
    case.expect_reals("values", &[&[images], &batch[1..]].concat())?;
    case.expect_reals("batch", &batch)?;
    case.expect_indices("order", &[images], images)?;
    let (start, rows, first_row) = (case.size("start")?, case.size("rows")?, case.size("first_row")?);
    if rows == 0 || start + rows > images || first_row + rows > batch[0] {
        return Err(Error::input("gather_rows", "rows within data set and batch", case.shapes()));
    }
    let (chunk, target) = (case.size("chunk")?.max(1), case.flag("target", false)?);
    Ok(Shape { images, batch, start, rows, first_row, chunk, target })
}

impl Op for GatherRows {
    fn name(&self) -> &'static str {
        "gather_rows"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["start", "rows", "first_row", "chunk", "target"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["values", "order", "batch"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let s = shape(rig.case)?;
        // The other domain starts elsewhere.
        let (mine, other) = (s.start as u32, s.images as u32 - s.rows as u32 - s.start as u32);
        let (source_start, target_start) = if s.target { (other, mine) } else { (mine, other) };
        let step = rig.step(Step { source_start, target_start, ..Default::default() })?;
        let length = product(&s.batch[1..]);
        let values: Vec<f32> = rig.case.reals("values")?.iter().map(|&value| value as f32).collect();
        let chunk = |(index, values): (usize, &[f32])| {
            let dims = [&[values.len() / length], &s.batch[1..]].concat();
            Ok(Chunk { first: index * s.chunk, values: rig.constant("chunk", &dims, values)? })
        };
        let chunks = values.chunks(s.chunk * length).enumerate().map(chunk).collect::<Result<Vec<_>>>()?;
        let order = rig.input("order")?;
        let x = rig.in_place("x", "batch")?;
        let domain = if s.target { Domain::Target } else { Domain::Source };
        let kept = KeptData { domain, chunks: &chunks, order: &order };
        kept.rows(&mut rig.rec, &step, &x, s.first_row, s.rows)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let (order, length) = (&case.whole("order")?[s.start..s.start + s.rows], product(&s.batch[1..]));
        let mut x = case.reals("batch")?;
        let written = &mut x[s.first_row * length..][..s.rows * length];
        written.copy_from_slice(&forward(&case.reals("values")?, order, length));
        Ok(reals([("x", &s.batch, x)]))
    }

    /// Values are copied.
    fn bounds(&self, _: &Case, twin: &Arrays) -> Result<Bounds> {
        Ok([("x", Bound::exact(real_output(twin, "x")?.len()))].into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, images: usize, batch: &[usize], chunk: usize| {
        let case = Case::new("gather_rows", name, SEED)
            .attribute("chunk", chunk)
            .normal("values", &[&[images], &batch[1..]].concat(), 1.0)
            .normal("batch", batch, 1.0);
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
        rows(case("one chunk of maps", 9, &[4, 3, 5, 7], 9), 2, 4, 0),
        rows(case("three chunks", 17, &[15, 19], 7), 1, 15, 0),
        rows(case("target half", 15, &[10, 8], 8), 9, 5, 5).attribute("target", true),
        rows(case("short rows", 15, &[9, 3], 4), 3, 4, 0),
        rows(case("one value", 5, &[3, 1], 2), 1, 3, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_that_are_named() {
        assert_eq!(forward(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 0, 2], 2), [5.0, 6.0, 1.0, 2.0, 5.0, 6.0]);
    }
}
