//! What is counted of a batch: the sum of its losses and its hits, `(logits.argmax(1) == labels).sum()` in
//! PyTorch.
//!
//! Proof of metrics: the sum of the losses and, where there are logits, the hits, into a row and one or two columns of a
//! table that keeps the rest.

use crate::contract::{Arrays, Bound, Bounds, Case, Op, Rig, SEED, absolute, reals};
use crate::error::{Error, Result};
use crate::ops::{Step, metrics as host};

/// row_losses (N), logits (N, K), labels (N) → the sum of the losses, and the number of rows whose largest
/// logit, the first of equal ones, is that of the label.
pub fn forward(row_losses: &[f64], logits: &[f64], labels: &[u32], k: usize) -> (f64, u32) {
    let mut hits = 0;
    for (row, &label) in logits.chunks_exact(k).zip(labels) {
        let mut best = 0;
        for class in 1..k {
            if row[class] > row[best] {
                best = class;
            }
        }
        if best == label as usize {
            hits += 1;
        }
    }
    (row_losses.iter().sum(), hits)
}

pub struct Metrics;

struct Shape {
    rows: usize,
    /// None where there are no logits.
    classes: Option<usize>,
    columns: usize,
    /// Where the results go, counted in values of the table.
    at: usize,
    row: usize,
    column: usize,
}

fn shape(case: &Case) -> Result<Shape> {
    let [rows] = case.dims("loss")?;
    let mut classes = None;
    if case.inputs.contains_key("logits") {
        let [_, k] = case.dims("logits")?;
        case.expect_reals("logits", &[rows, k])?;
        case.expect_indices("labels", &[rows], k)?;
        classes = Some(k);
    }
    let [steps, columns] = case.dims("table")?;
    let (row, column) = (case.size("row")?, case.size("column")?);
    if row >= steps || column + 1 + usize::from(classes.is_some()) > columns {
        return Err(Error::input("metrics", "a row and columns of the table", case.shapes()));
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
        let loss = rig.input("loss")?;
        let table = rig.in_place("new_table", "table")?;
        if s.classes.is_none() {
            return host::total(&mut rig.rec, &step, &loss, &table, s.column);
        }
        let (logits, labels) = (rig.input("logits")?, rig.input("labels")?);
        host::reduce(&mut rig.rec, &step, &loss, &logits, &labels, &table, s.column)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let (loss, mut table) = (case.reals("loss")?, case.reals("table")?);
        match s.classes {
            None => table[s.at] = loss.iter().sum(),
            Some(k) => {
                let (sum, hits) = forward(&loss, &case.reals("logits")?, case.whole("labels")?, k);
                table[s.at] = sum;
                table[s.at + 1] = f64::from(hits);
            }
        }
        Ok(reals([("new_table", &[table.len() / s.columns, s.columns], table)]))
    }

    /// A sum of N losses; hits are counted exactly, and everything else stays as it was.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let s = shape(case)?;
        let mut magnitude = vec![0.0; case.array("table")?.len()];
        magnitude[s.at] = absolute(case).reals("loss")?.iter().sum();
        Ok([("new_table", Bound::rounding(&magnitude, s.rows))].into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, [n, k]: [usize; 2], [steps, columns]: [usize; 2], [row, column]: [usize; 2]| {
        Case::new("metrics", name, SEED)
            .attribute("row", row)
            .attribute("column", column)
            .normal("loss", &[n], 1.0)
            .normal("logits", &[n, k], 1.0)
            .indices("labels", &[n], k as u32)
            .normal("table", &[steps, columns], 1.0)
    };
    let total = |name, n: usize, [steps, columns]: [usize; 2], [row, column]: [usize; 2]| {
        Case::new("metrics", name, SEED)
            .attribute("row", row)
            .attribute("column", column)
            .normal("loss", &[n], 1.0)
            .normal("table", &[steps, columns], 1.0)
    };
    vec![
        case("single row", [1, 1], [1, 2], [0, 0]),
        case("ragged", [65, 10], [5, 7], [3, 4]),
        case("more rows than threads", [1000, 3], [2, 4], [1, 0]),
        case("ties", [65, 3], [1, 4], [0, 2]).levels("logits", &[65, 3], 2),
        total("total, single row", 1, [1, 1], [0, 0]),
        total("total, last column", 133, [3, 5], [1, 4]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_values_by_hand() {
        let logits = [
            [-3.0, -1.0, -2.0], // class 1
            [5.0, 5.0, 1.0],    // class 0, the first of two
            [0.0, 2.0, 2.0],    // class 1, the first of two
        ]
        .concat();
        let losses = [0.5, 1.0, 2.0];
        assert_eq!(forward(&losses, &logits, &[1, 0, 1], 3), (3.5, 3));
        assert_eq!(forward(&losses, &logits, &[1, 1, 2], 3), (3.5, 1));
        assert_eq!(forward(&losses, &logits, &[2, 1, 0], 3), (3.5, 0));
    }
}
