//! What there is to tell of a shader's runs on an adapter.

use super::count::{Counted, LoopCount, Traffic};
use super::drawn::Drawn;
use super::job::Job;
use super::plan::{Filled, Shape};
use super::reflect::Resource;
use super::texels;
use crate::profile::compiler::Executable;
use crate::profile::limit::{Limit, Operations};
use crate::profile::{Bound, Clock, Peaks, Spread};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Something that the shader binds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundResource {
    /// Group and binding.
    pub place: String,
    /// The variable.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Its bytes.
    pub bytes: u64,
    /// The bytes that can be touched.
    #[serde(flatten)]
    pub traffic: Traffic,
}

/// A shader on an adapter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShaderReport {
    /// The file.
    pub shader: String,
    /// The entry point.
    pub entry: String,
    /// Workgroups in x, y and z.
    pub workgroups: [u32; 3],
    /// Threads of a workgroup in x, y and z.
    pub workgroup_size: [u32; 3],
    /// The values that override constants were given.
    pub overrides: BTreeMap<String, f64>,
    /// Milliseconds that the driver took to compile it for the first time in this process.
    #[serde(default)]
    pub compile_ms: Option<f64>,
    /// The same for the second time.
    #[serde(default)]
    pub compile_again_ms: Option<f64>,
    /// Microseconds of the first run, in which some drivers compile.
    #[serde(default)]
    pub first_us: Option<f64>,
    /// What the driver's compiler made of it.
    #[serde(default)]
    pub executables: Vec<Executable>,
    /// Why that is not known.
    #[serde(default)]
    pub executables_reason: Option<String>,
    /// What it binds.
    pub bindings: Vec<BoundResource>,
    /// Backend, name and driver.
    pub adapter: String,
    /// What told the time.
    pub clock: Clock,
    /// Why it was not the device.
    pub clock_reason: Option<String>,
    /// How often it was run.
    pub runs: usize,
    /// Microseconds a run.
    pub us: Spread,
    /// What the adapter can do at most; a dispatch that does nothing is the floor of all times.
    pub peaks: Peaks,
    /// Whether the launch takes most of the time.
    pub is_near_floor: bool,
    /// What is done, at most, in all: operations by type, loads and stores by memory.
    pub counts: BTreeMap<String, f64>,
    /// Whether exactly this is done.
    pub is_exact: bool,
    /// The loops.
    pub loops: Vec<LoopCount>,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u64,
    /// Operations on floating-point numbers, at most; unknown with loops that have no known end.
    pub flops: Option<f64>,
    /// Billion of them a second, at the median.
    pub gflops: Option<f64>,
    /// Of the peaks of f32 and f16, each for its own; unknown where most of the work is on numbers whose peak is not measured.
    pub of_peak: Option<f64>,
    /// Bytes that can be read and written; unknown where neither indices nor accesses can be counted.
    pub bytes: Option<u64>,
    /// Billion of them a second, at the median.
    pub gb_s: Option<f64>,
    /// Of the bandwidth of a copy; above 1 where data stay in caches.
    pub of_bandwidth: Option<f64>,
    /// Operations a byte.
    pub flop_per_byte: Option<f64>,
    /// What limits the shader at best; unknown where operations or bytes are, or the peak of the work.
    pub bound: Option<Bound>,
    /// Why it is unknown, where operations and bytes are known.
    #[serde(default)]
    pub bound_reason: Option<String>,
    /// Microseconds at that limit.
    pub limit_us: Option<f64>,
    /// The whole numbers of uniform blocks and immediates that were drawn at random.
    #[serde(default)]
    pub drawn: Vec<Drawn>,
}

/// A time of so many empty dispatches is mostly the launch.
const FLOORS: f64 = 2.0;

impl ShaderReport {
    pub(super) fn new(
        job: &Job<'_>,
        adapter: &str,
        (clock, reason): (Clock, Option<&str>),
        peaks: &Peaks,
        (runs, us): (usize, Spread),
    ) -> Self {
        let counts = job.counts();
        let (flops, bytes) = (counts.flops(), counts.bytes());
        // Operations, or bytes, a nanosecond are billions a second.
        let ns = (1e3 * us.median).max(1.0);
        let (gflops, gb_s) = (flops.map(|flops| flops / ns), bytes.map(|bytes| bytes as f64 / ns));
        let limit = limit(peaks, counts.operations(), bytes);
        let Limits { bound, bound_reason, limit_us, compute_us } = limit;
        let named = |kind: &Counted, count: f64| (kind.to_string(), count * counts.threads);
        Self {
            shader: job.shader.path().display().to_string(),
            entry: job.shader.entry().to_owned(),
            workgroups: job.workgroups,
            workgroup_size: job.shader.workgroup_size(),
            overrides: job.shader.overrides().iter().map(|set| (set.name.clone(), set.value)).collect(),
            compile_ms: None,
            compile_again_ms: None,
            first_us: None,
            executables: Vec::new(),
            executables_reason: None,
            bindings: bindings(job, &counts.traffic),
            adapter: adapter.to_owned(),
            clock,
            clock_reason: reason.map(str::to_owned),
            runs,
            us,
            peaks: peaks.clone(),
            is_near_floor: us.median < FLOORS * peaks.empty_dispatch_us,
            counts: counts.thread.iter().map(|(kind, count)| named(kind, *count)).collect(),
            is_exact: counts.is_exact,
            loops: counts.loops,
            workgroup_bytes: counts.workgroup_bytes,
            flops,
            gflops,
            of_peak: compute_us.map(|us| 1e3 * us / ns),
            bytes,
            gb_s,
            of_bandwidth: gb_s.map(|gb_s| gb_s / peaks.copy_gb_s),
            flop_per_byte: flops.zip(bytes).map(|(flops, bytes)| flops / (bytes as f64).max(1.0)),
            bound,
            bound_reason,
            limit_us,
            drawn: job.drawn(),
        }
    }
}

/// What limits a shader at best.
#[derive(Default)]
struct Limits {
    bound: Option<Bound>,
    bound_reason: Option<String>,
    limit_us: Option<f64>,
    /// What arithmetic takes at its peaks.
    compute_us: Option<f64>,
}

fn limit(peaks: &Peaks, operations: Option<Operations>, bytes: Option<u64>) -> Limits {
    let Some(operations) = operations else { return Limits::default() };
    match operations.limit(bytes.unwrap_or(0) as f64, peaks) {
        Limit::Known { bound, us, compute_us } => {
            let is_known = bytes.is_some();
            Limits {
                bound: is_known.then_some(bound),
                bound_reason: None,
                limit_us: is_known.then_some(us),
                compute_us: Some(compute_us),
            }
        }
        Limit::Unmeasured => Limits { bound_reason: Some(unmeasured(&operations)), ..Limits::default() },
    }
}

/// Why the bound is not known.
fn unmeasured(operations: &Operations) -> String {
    let what = match operations.f64 > 0.0 {
        true => "on f64 and whole numbers",
        false => "on whole numbers",
    };
    format!(
        "{:.0} operations {what}, whose peak is not measured, beside {:.0} on other numbers",
        operations.unmeasured(),
        operations.f32 + operations.f16
    )
}

fn bindings(job: &Job<'_>, traffic: &[Traffic]) -> Vec<BoundResource> {
    let all = job.resources.iter().zip(job.contents).zip(traffic);
    let of = all.map(|((resource, filled), traffic)| BoundResource {
        place: resource.place(),
        name: resource.name.clone(),
        kind: described(resource, filled),
        bytes: filled.bytes().saturating_mul(texels::samples(resource.kind)),
        traffic: *traffic,
    });
    of.collect()
}

/// With the size and the format of a texture.
fn described(resource: &Resource, filled: &Filled) -> String {
    match filled.shape {
        Shape::Texels { extent: [x, y, z], format } => {
            format!("{} {x}×{y}×{z} {format:?}", resource.what())
        }
        _ => resource.what(),
    }
}
