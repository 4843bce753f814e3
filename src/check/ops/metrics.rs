//! metrics: the sum of the losses and the hits, into a row and two columns of a table that keeps the rest.

use super::*;
use crate::ops::{Step, metrics as kernels};
use crate::reference::metrics as reference;

pub struct Metrics;

struct Shape {
    rows: usize,
    classes: usize,
    columns: usize,
    /// Where the results go, counted in values of the table.
    at: usize,
    row: usize,
    column: usize,
}

fn shape(case: &Case) -> Result<Shape> {
    let [rows, classes] = case.dims("logits")?;
    case.expect_reals("loss", &[rows])?;
    case.expect_indices("labels", &[rows], classes)?;
    let [steps, columns] = case.dims("table")?;
    let (row, column) = (case.size("row")?, case.size("column")?);
    if row >= steps || column + 2 > columns {
        return Err(Error::input("metrics", "a row and two columns of the table", case.shapes()));
    }
    Ok(Shape { rows, classes, columns, at: row * columns + column, row, column })
}

impl Op for Metrics {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["row", "column"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["loss", "logits", "labels", "table"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let s = shape(rig.case)?;
        let step = rig.step(Step { index: s.row as u32, ..Default::default() })?;
        let (loss, logits, labels) = (rig.input("loss")?, rig.input("logits")?, rig.input("labels")?);
        let table = rig.in_place("new_table", "table")?;
        kernels::reduce(&mut rig.rec, &step, &loss, &logits, &labels, &table, s.column)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let (loss, logits) = (case.reals("loss")?, case.reals("logits")?);
        let (sum, hits) = reference::forward(&loss, &logits, case.whole("labels")?, s.classes);
        let mut table = case.reals("table")?;
        table[s.at] = sum;
        table[s.at + 1] = f64::from(hits);
        Ok(reals([("new_table", &[table.len() / s.columns, s.columns], table)]))
    }

    /// A sum of N losses; hits are counted exactly, and everything else stays as it was.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let s = shape(case)?;
        let mut magnitude = vec![0.0; case.array("table")?.len()];
        magnitude[s.at] = absolute(case).reals("loss")?.iter().sum();
        Ok([("new_table", Bound::rounding(&magnitude, s.rows))].into())
    }
}
