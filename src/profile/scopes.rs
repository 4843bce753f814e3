//! A pass and a timer query for each dispatch, in this crate's profiler or the host application's own.

use crate::gpu::{Dispatch, Recording};
use wgpu_profiler::{GpuProfiler, GpuProfilerQuery, GpuTimerQueryResult};

/// When a dispatch ran, in nanoseconds of the clock that timed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first moment.
    pub begin: u64,
    /// Its last one.
    pub end: u64,
}

impl Span {
    /// How long it took, in nanoseconds; 0 if the clock ran backwards.
    pub fn ns(&self) -> u64 {
        self.end.saturating_sub(self.begin)
    }
}

/// Something to time, with a name for debuggers.
pub(super) struct Pass<'a> {
    pub label: &'a str,
    /// What comes before the pass and belongs to it.
    pub before: Option<&'a Dispatch>,
    pub encode: Box<dyn Fn(&mut wgpu::ComputePass<'_>) + 'a>,
}

impl<'a> Pass<'a> {
    pub fn of(dispatch: &'a Dispatch) -> Self {
        let label = dispatch.kernel.label;
        Self { label, before: Some(dispatch), encode: Box::new(|pass| dispatch.encode(pass)) }
    }

    pub fn encode_before(&self, encoder: &mut wgpu::CommandEncoder) {
        self.before.iter().for_each(|dispatch| dispatch.encode_copies(encoder));
    }
}

/// Recordings encoded into a frame of a [`GpuProfiler`]: one scope, and one in it for each dispatch.
///
/// The profiler is the host's: it resolves, ends and reads the frame, and finds these scopes among its own.
#[derive(Debug)]
pub struct Scopes {
    name: String,
    dispatches: usize,
}

impl Scopes {
    /// Encodes every dispatch of `recordings` in a pass of its own, in scopes within one called `name`, which lies within
    /// `parent`. In one frame no two may have the same name.
    pub fn encode(
        name: &str,
        recordings: &[&Recording],
        profiler: &GpuProfiler,
        encoder: &mut wgpu::CommandEncoder,
        parent: Option<&GpuProfilerQuery>,
    ) -> Self {
        let dispatches = recordings.iter().flat_map(|recording| recording.dispatches());
        let passes: Vec<Pass<'_>> = dispatches.map(Pass::of).collect();
        Self::encode_passes(name, &passes, profiler, encoder, parent)
    }

    pub(super) fn encode_passes(
        name: &str,
        passes: &[Pass<'_>],
        profiler: &GpuProfiler,
        encoder: &mut wgpu::CommandEncoder,
        parent: Option<&GpuProfilerQuery>,
    ) -> Self {
        let scope = profiler.begin_query(name, encoder).with_parent(parent);
        for pass in passes {
            pass.encode_before(encoder);
            let query = profiler.begin_pass_query(pass.label, encoder).with_parent(Some(&scope));
            let descriptor = wgpu::ComputePassDescriptor {
                label: Some(pass.label),
                timestamp_writes: query.compute_pass_timestamp_writes(),
            };
            (pass.encode)(&mut encoder.begin_compute_pass(&descriptor));
            profiler.end_query(encoder, query);
        }
        profiler.end_query(encoder, scope);
        Self { name: name.to_owned(), dispatches: passes.len() }
    }

    /// When each dispatch ran, from the results of the frame; `None` where the frame has no times of them.
    pub fn spans(&self, results: &[GpuTimerQueryResult]) -> Option<Vec<Span>> {
        let scope = find(&self.name, results)?;
        let spans: Option<Vec<Span>> = scope.nested_queries.iter().map(span).collect();
        spans.filter(|spans| spans.len() == self.dispatches)
    }
}

/// The scope of that name, at any depth.
fn find<'a>(name: &str, results: &'a [GpuTimerQueryResult]) -> Option<&'a GpuTimerQueryResult> {
    let nested = |result: &'a GpuTimerQueryResult| find(name, &result.nested_queries);
    results.iter().find(|result| result.label == name).or_else(|| results.iter().find_map(nested))
}

fn span(result: &GpuTimerQueryResult) -> Option<Span> {
    let time = result.time.as_ref()?;
    let ns = |seconds: f64| (1e9 * seconds).round() as u64;
    Some(Span { begin: ns(time.start), end: ns(time.end) })
}
