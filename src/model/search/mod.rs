//! The search for the fastest kernels of each group of layers, on the device at hand.

mod setting;

use super::fusion::{group_key, groups, is_product};
use super::graph::{Node, Value};
use super::spec::ModelSpec;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Variant};
use setting::Setting;
use std::time::{Duration, Instant};

/// How far the results of a family may lie from the plain kernels', relative to their size (both as L2 norms). Rounding
/// alone makes about 1e-6; a window of pooling or a ReLU that hangs on rounding moves a whole value of the gradient,
/// so a few of them are let through. A wrong index makes about 1.
const TOLERANCE: f64 = 0.02;
/// Timed runs of a candidate at least, and for how long they go on.
const RUNS: usize = 3;
const RUNNING: Duration = Duration::from_millis(200);
/// Milliseconds of a first run from which on one more must do.
const LONG: f64 = 500.0;
/// A candidate that takes that many times as long as the best one is hopeless.
const HOPELESS: f64 = 4.0;
/// Rows that all candidates are tried with first, so that hopeless ones cost little.
const FEW_ROWS: usize = 4;

/// What is searched.
#[derive(Debug)]
pub struct Search<'a> {
    /// The device.
    pub gpu: &'a Gpu,
    /// The families that its adapter can run.
    pub variants: &'a [Variant],
    /// Source rows of a batch.
    pub source_rows: usize,
    /// Target rows of a batch.
    pub target_rows: usize,
    /// Groups that have not begun by then are left as they are.
    pub budget: Duration,
}

/// What one family did for a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The family.
    pub variant: Variant,
    /// The median of its runs, forward and backward; of a hopeless one so many times what it took for few rows.
    pub milliseconds: f64,
    /// How far its results lie from the plain kernels', relative to their size.
    pub difference: f64,
}

/// What was found for a group of layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The name under which the choice is kept.
    pub group: String,
    /// The first layer and the shape that goes in, for people.
    pub layer: String,
    /// Rows of its batch.
    pub rows: usize,
    /// What was tried; nothing when the time was up.
    pub candidates: Vec<Candidate>,
}

impl Candidate {
    /// Whether its results are the plain kernels' within rounding.
    pub fn is_right(&self) -> bool {
        self.difference <= TOLERANCE
    }
}

impl Found {
    /// The fastest of those whose results are right.
    pub fn best(&self) -> Option<&Candidate> {
        let right = self.candidates.iter().filter(|candidate| candidate.is_right());
        right.min_by(|a, b| a.milliseconds.total_cmp(&b.milliseconds))
    }
}

impl Search<'_> {
    /// Tries all families for each group of the layers of `spec` that has more than plain kernels, once where groups
    /// are alike, and gives what it finds to `report`.
    ///
    /// # Errors
    /// [`crate::error::Error`] when the network does not fit or the device fails.
    pub fn run(&self, spec: &ModelSpec, report: &mut dyn FnMut(Found) -> Result<()>) -> Result<()> {
        let (began, mut seen) = (Instant::now(), Vec::new());
        let all_rows = self.source_rows + self.target_rows;
        let rows = [all_rows, self.source_rows, all_rows];
        for (part, (graph, rows)) in spec.graphs()?.iter().zip(rows).enumerate() {
            for group in graph.runs().flat_map(|run| groups(self.gpu, run)) {
                let key = group_key(group);
                if !is_product(&group[0]) || seen.contains(&key) {
                    continue;
                }
                let in_time = began.elapsed() < self.budget;
                // But for virtual adversarial training, nothing needs the gradient of the images.
                let wants_dx = part > 0 || group[0].inputs != [Value::INPUT];
                let candidates = if in_time { self.candidates(group, rows, wants_dx)? } else { vec![] };
                // The part says nothing: groups that are alike are searched once for all parts.
                let name = group[0].name.split_once('.').map_or("", |(_, name)| name);
                let layer = format!("{name} {}", group[0].x[0]);
                report(Found { group: key.clone(), layer, rows, candidates })?;
                seen.push(key);
            }
        }
        Ok(())
    }

    /// All families with few rows, then those with all rows that are neither wrong nor hopeless.
    ///
    /// # Errors
    /// [`Error::BeyondLimit`] when the device holds none of them.
    fn candidates(&self, group: &[Node], rows: usize, wants_dx: bool) -> Result<Vec<Candidate>> {
        let few = rows.min(FEW_ROWS);
        let (mut all, mut beyond) = self.measured(group, few, wants_dx, self.variants)?;
        let right = all.iter().filter(|candidate| candidate.is_right());
        let best = right.map(|candidate| candidate.milliseconds).fold(f64::INFINITY, f64::min);
        let promising =
            |candidate: &&Candidate| candidate.is_right() && candidate.milliseconds <= HOPELESS * best;
        let promising: Vec<Variant> =
            all.iter().filter(promising).map(|candidate| candidate.variant).collect();
        if rows > few {
            let (measured, of_more) = self.measured(group, rows, wants_dx, &promising)?;
            learn_of_all_rows(&mut all, &promising, &measured, rows as f64 / few as f64);
            beyond = beyond.or(of_more);
        }
        beyond.filter(|_| all.is_empty()).map_or(Ok(all), Err)
    }

    /// Times those of `variants` that the device can hold, and compares their results with those of the first one; the
    /// limit that the first one of the others is beyond.
    fn measured(
        &self,
        group: &[Node],
        rows: usize,
        wants_dx: bool,
        variants: &[Variant],
    ) -> Result<(Vec<Candidate>, Option<Error>)> {
        let setting = Setting::new(self.gpu, group, rows, wants_dx)?;
        let (mut expected, mut best, mut tried) = (None, f64::INFINITY, Vec::new());
        let mut beyond = None;
        for &variant in variants {
            let recorded = within_limits(setting.record(self.gpu, variant), &mut beyond)?;
            let Some((rec, tensors)) = recorded else { continue };
            let first = time(self.gpu, &rec)?;
            let results = setting.results(self.gpu, &tensors)?;
            // A first run may have compiled its kernels.
            let first = if first > HOPELESS * best { first.min(time(self.gpu, &rec)?) } else { first };
            let milliseconds = if first > HOPELESS * best { first } else { self.median(&rec, first)? };
            let expected = expected.get_or_insert_with(|| results.clone());
            let difference = difference(&results, expected);
            best = best.min(milliseconds);
            tried.push(Candidate { variant, milliseconds, difference });
        }
        Ok((tried, beyond))
    }

    /// Of a few runs behind the first, of one where that took long.
    fn median(&self, rec: &Recording, first: f64) -> Result<f64> {
        let least = if first < LONG { RUNS } else { 1 };
        let (began, mut runs) = (Instant::now(), Vec::new());
        while runs.len() < least || (began.elapsed() < RUNNING && runs.len() < 100) {
            runs.push(time(self.gpu, rec)?);
        }
        runs.sort_by(f64::total_cmp);
        Ok(runs[runs.len() / 2])
    }
}

/// What was recorded; nothing where it is beyond a limit of the device, which `beyond` then says, if it said nothing before.
fn within_limits<T>(recorded: Result<T>, beyond: &mut Option<Error>) -> Result<Option<T>> {
    match recorded {
        Ok(recorded) => Ok(Some(recorded)),
        Err(error @ Error::BeyondLimit { .. }) => {
            beyond.get_or_insert(error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Puts what was `measured` of the `promising` ones in place of what few rows have told. Those that the device does not hold
/// with all rows, so many times as many, are no candidates any more; others would take so many times as long.
fn learn_of_all_rows(all: &mut Vec<Candidate>, promising: &[Variant], measured: &[Candidate], times: f64) {
    let found = |variant| measured.iter().find(|measured| measured.variant == variant);
    all.retain(|candidate| !promising.contains(&candidate.variant) || found(candidate.variant).is_some());
    for candidate in all {
        match found(candidate.variant) {
            Some(measured) => {
                candidate.milliseconds = measured.milliseconds;
                candidate.difference = candidate.difference.max(measured.difference);
            }
            None => candidate.milliseconds *= times,
        }
    }
}

/// Milliseconds of one run.
fn time(gpu: &Gpu, rec: &Recording) -> Result<f64> {
    let began = Instant::now();
    rec.submit();
    gpu.wait()?;
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

/// The largest distance of a result from what is expected, relative to the size of the latter.
fn difference(results: &[Vec<f32>], expected: &[Vec<f32>]) -> f64 {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let one = |(result, expected): (&Vec<f32>, &Vec<f32>)| {
        let pairs = result.iter().zip(expected);
        let off = norm(&mut pairs.map(|(&a, &b)| f64::from(a) - f64::from(b)));
        let size = norm(&mut expected.iter().map(|&b| f64::from(b)));
        // A NaN must not pass for a small number.
        if off.is_finite() { off / size.max(f64::MIN_POSITIVE) } else { f64::INFINITY }
    };
    results.iter().zip(expected).map(one).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_relative_and_nan_is_never_small() {
        let expected = vec![vec![3.0, 4.0], vec![0.5]];
        assert_eq!(difference(&expected, &expected), 0.0);
        assert_eq!(difference(&[vec![3.0, 4.5], vec![0.5]], &expected), 0.1);
        assert_eq!(difference(&[vec![f32::NAN, 4.0], vec![0.5]], &expected), f64::INFINITY);
    }

    fn candidate(variant: Variant, milliseconds: f64, difference: f64) -> Candidate {
        Candidate { variant, milliseconds, difference }
    }

    #[test]
    fn a_family_that_the_device_does_not_hold_is_no_candidate() {
        let (mut beyond, limit) = (None, |found| Error::beyond_limit("a texture", "at most 9", found));
        assert_eq!(within_limits(Ok(1), &mut beyond).ok(), Some(Some(1)));
        assert!(beyond.is_none());
        assert_eq!(within_limits::<u32>(Err(limit("10")), &mut beyond).ok(), Some(None));
        assert_eq!(within_limits::<u32>(Err(limit("11")), &mut beyond).ok(), Some(None));
        assert!(beyond.is_some_and(|first| first.to_string().ends_with("found 10")));
        assert!(within_limits::<u32>(Err(Error::Gpu("lost".into())), &mut None).is_err());
    }

    #[test]
    fn what_fits_with_few_rows_alone_is_no_candidate() {
        let mut all = vec![
            candidate(Variant::Plain, 2.0, 0.0),
            candidate(Variant::Register, 1.0, 1e-6),
            candidate(Variant::Workgroup, 9.0, 1e-6),
        ];
        let measured = [candidate(Variant::Plain, 50.0, 0.0)];
        learn_of_all_rows(&mut all, &[Variant::Plain, Variant::Register], &measured, 32.0);
        assert_eq!(all, [measured[0].clone(), candidate(Variant::Workgroup, 288.0, 1e-6)]);
    }

    #[test]
    fn the_fastest_right_candidate_is_the_best() {
        let candidates = vec![
            candidate(Variant::Plain, 9.0, 0.0),
            candidate(Variant::Workgroup, 1.0, 0.5),
            candidate(Variant::Subgroup, 2.0, 1e-6),
        ];
        let found = Found { group: String::new(), layer: String::new(), rows: 1, candidates };
        assert_eq!(found.best().map(|best| best.variant), Some(Variant::Subgroup));
        assert_eq!(Found { candidates: vec![], ..found }.best(), None);
    }
}
