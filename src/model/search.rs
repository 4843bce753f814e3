//! The search for the fastest kernels of each group of layers, on the device at hand.

use super::Initialization;
use super::fusion::{group_key, groups, is_product};
use super::graph::{Node, Value};
use super::network::Network;
use super::parameters::Parameters;
use super::spec::ModelSpec;
use super::stage::Mode;
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, Variant};
use crate::ops::Step;
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

/// A group with everything that its candidates share.
struct Setting<'a> {
    group: &'a [Node],
    parameters: Parameters,
    step: Tensor,
    x: Tensor,
    dy: Vec<f32>,
    wants_dx: bool,
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
    fn candidates(&self, group: &[Node], rows: usize, wants_dx: bool) -> Result<Vec<Candidate>> {
        let few = rows.min(FEW_ROWS);
        let mut all = self.measured(group, few, wants_dx, self.variants)?;
        let right = all.iter().filter(|candidate| candidate.is_right());
        let best = right.map(|candidate| candidate.milliseconds).fold(f64::INFINITY, f64::min);
        let promising =
            |candidate: &&Candidate| candidate.is_right() && candidate.milliseconds <= HOPELESS * best;
        let promising: Vec<Variant> =
            all.iter().filter(promising).map(|candidate| candidate.variant).collect();
        let measured = if rows > few { self.measured(group, rows, wants_dx, &promising)? } else { vec![] };
        for candidate in &mut all {
            match measured.iter().find(|measured| measured.variant == candidate.variant) {
                Some(measured) => {
                    candidate.milliseconds = measured.milliseconds;
                    candidate.difference = candidate.difference.max(measured.difference);
                }
                None => candidate.milliseconds *= rows as f64 / few as f64,
            }
        }
        Ok(all)
    }

    /// Times `variants` and compares their results with those of the first one.
    fn measured(
        &self,
        group: &[Node],
        rows: usize,
        wants_dx: bool,
        variants: &[Variant],
    ) -> Result<Vec<Candidate>> {
        let setting = Setting::new(self.gpu, group, rows, wants_dx)?;
        let (mut expected, mut best, mut tried) = (None, f64::INFINITY, Vec::new());
        for &variant in variants {
            let (rec, tensors) = setting.record(self.gpu, variant)?;
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
        Ok(tried)
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

impl<'a> Setting<'a> {
    fn new(gpu: &Gpu, group: &'a [Node], rows: usize, wants_dx: bool) -> Result<Self> {
        let parameters = Parameters::new(gpu, group.iter().flat_map(Node::learned))?;
        let initial = parameters.initial(Initialization::HeNormal, 0);
        parameters.write(gpu, &parameters.values, &initial)?;
        let first = group[0].x[0];
        let dims = [rows, first.channels, first.height, first.width];
        let x = Tensor::from_slice(gpu, "x", &dims, &noise(1, dims.iter().product()))?;
        let last = group[group.len() - 1].y;
        let step = Step::table(gpu, "step", 1)?;
        Ok(Self { group, parameters, step, x, dy: noise(2, rows * last.len()), wants_dx })
    }

    /// Forward and backward, with the kernels of `variant`: the recording, and where y and dx lie.
    fn record(&self, gpu: &Gpu, variant: Variant) -> Result<(Recording, Vec<Tensor>)> {
        let network = Network::of_group(gpu, variant, self.group, &self.parameters)?;
        let mut rec = Recording::new(gpu);
        let mode = Mode::Training { source_rows: self.x.rows() };
        let trace = network.forward(&mut rec, &self.step, &self.x, mode)?;
        let mut results = vec![trace.y.clone()];
        let dy = Tensor::from_slice(gpu, "dy", trace.y.dims(), &self.dy)?;
        if self.wants_dx {
            results.push(trace.backward(&mut rec, dy, &|_| false)?);
        } else {
            trace.backward_to_parameters(&mut rec, dy, &|_| false)?;
        }
        Ok((rec, results))
    }

    /// y, dx and every gradient, as the last run left them.
    fn results(&self, gpu: &Gpu, tensors: &[Tensor]) -> Result<Vec<Vec<f32>>> {
        let gradients = self.parameters.read(gpu, &self.parameters.grads)?;
        let mut results: Vec<_> = gradients.into_values().collect();
        for tensor in tensors {
            results.push(tensor.read(gpu)?);
        }
        Ok(results)
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

/// `count` values in [−0.5, 0.5), others for each seed.
fn noise(seed: u32, count: usize) -> Vec<f32> {
    let value =
        |i: u32| (i ^ seed << 28).wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(2_246_822_519);
    (0..count as u32).map(|i| value(i) as f32 / u32::MAX as f32 - 0.5).collect()
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

    #[test]
    fn the_fastest_right_candidate_is_the_best() {
        let candidate = |variant, milliseconds, difference| Candidate { variant, milliseconds, difference };
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
