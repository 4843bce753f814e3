//! Rows of two domains, each under statistics of its own: the twin is that of each domain's rows by themselves.

use crate::contract::{Array, Arrays, Bound, Bounds, Case};
use crate::error::{Error, Result};
use std::ops::Range;

/// How many of the rows are of the source; with it, statistics are apart.
pub(super) const SOURCE_ROWS: &str = "source_rows";

/// A domain's rows as a case of their own.
pub(super) struct Domain {
    pub case: Case,
    /// No rows of its own: those of the other one stand for them in its running statistics, and that is all.
    stands_in: bool,
}

/// How results of the two domains become one.
enum Joined {
    /// Rows behind rows, of domains that have some.
    Rows,
    /// One behind the other, for both domains.
    Statistics,
    /// The sum over domains that have rows.
    Sum,
}

fn joined(name: &str) -> Joined {
    match name {
        "y" | "dx" => Joined::Rows,
        "dweight" | "dbias" => Joined::Sum,
        _ => Joined::Statistics,
    }
}

/// How many rows are of the source; none where all rows share statistics.
pub(super) fn source_rows(case: &Case) -> Result<Option<usize>> {
    case.attributes.contains_key(SOURCE_ROWS).then(|| case.size(SOURCE_ROWS)).transpose()
}

/// Source and target, of the first `source` rows and the others.
pub(super) fn of(case: &Case, source: usize) -> Result<[Domain; 2]> {
    let [n, c, _, _] = case.dims("x")?;
    if source > n {
        return Err(Error::input(case.attribute_of(SOURCE_ROWS), format!("at most {n}"), source));
    }
    for tensor in ["running_mean", "running_var"] {
        case.expect_reals(tensor, &[2, c])?;
    }
    let domain = |index: usize, rows: Range<usize>| {
        let stands_in = rows.is_empty();
        let rows = if stands_in { 0..n } else { rows };
        let mut case = case.clone();
        case.attributes.remove(SOURCE_ROWS);
        for (name, array) in &mut case.inputs {
            match name.as_str() {
                "x" | "dy" => *array = rows_of(array, rows.clone()),
                "running_mean" | "running_var" => {
                    *array = Array { dims: vec![c], ..rows_of(array, index..index + 1) };
                }
                _ => {}
            }
        }
        Domain { case, stands_in }
    };
    Ok([domain(0, 0..source), domain(1, source..n)])
}

/// Some rows of an array of real numbers.
fn rows_of(array: &Array, rows: Range<usize>) -> Array {
    let values = array.reals().unwrap_or_default();
    let row = values.len() / array.dims[0];
    let mut dims = array.dims.clone();
    dims[0] = rows.len();
    Array::f64(&dims, values[rows.start * row..rows.end * row].to_vec())
}

/// The results of both domains as those of all rows.
pub(super) fn join(domains: &[Domain; 2], [first, second]: [Arrays; 2]) -> Arrays {
    let one = |(name, a): (String, Array)| {
        let b = &second[&name];
        let (x, y) = (a.reals().unwrap_or_default(), b.reals().unwrap_or_default());
        let array = match (joined(&name), domains[0].stands_in, domains[1].stands_in) {
            (Joined::Statistics, ..) => Array::f64(&[2, x.len()], [x, y].concat()),
            (_, true, _) => b.clone(),
            (_, _, true) => a,
            (Joined::Sum, ..) => Array::f64(&a.dims, x.iter().zip(&y).map(|(x, y)| x + y).collect()),
            (Joined::Rows, ..) => {
                let mut dims = a.dims.clone();
                dims[0] += b.dims[0];
                Array::f64(&dims, [x, y].concat())
            }
        };
        (name, array)
    };
    first.into_iter().map(one).collect()
}

/// The bounds of both domains as those of all rows. The one rounding more of a sum is among those that each part allows for.
pub(super) fn join_bounds(domains: &[Domain; 2], [first, mut second]: [Bounds; 2]) -> Bounds {
    let one = |(name, a): (&'static str, Bound)| {
        let b = second.remove(name).unwrap_or_else(|| Bound::exact(0));
        let bound = match (joined(name), domains[0].stands_in, domains[1].stands_in) {
            (Joined::Rows | Joined::Sum, true, _) => b,
            (Joined::Rows | Joined::Sum, _, true) => a,
            (Joined::Sum, ..) => {
                Bound { each: a.each.iter().zip(&b.each).map(|(a, b)| a + b).collect(), l2: a.l2 + b.l2 }
            }
            (Joined::Rows | Joined::Statistics, ..) => {
                Bound { each: [a.each, b.each].concat(), l2: a.l2.hypot(b.l2) }
            }
        };
        (name, bound)
    };
    first.into_iter().map(one).collect()
}
