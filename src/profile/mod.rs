//! Where every microsecond goes, and how far each kernel is from the limit.
//!
//! ```text
//! recordings ──► stopwatch (a pass and a timer query a dispatch) ──► samples ──► report ──► comparison
//!                    or the host's own wgpu-profiler ──► scopes ──────┘   └──► trace      └──► plot
//! ```
//!
//! An application that profiles its own frame with [`wgpu_profiler`] encodes recordings with [`Scopes::encode`] in
//! place of [`Recording::encode`](crate::gpu::Recording::encode); their dispatches become scopes within its own, and
//! [`Samples::add_scopes`] reads the same report from its results.

mod advice;
mod compare;
mod kernels;
mod peaks;
mod plot;
mod report;
mod samples;
mod scopes;
pub mod shader;
mod spread;
mod stopwatch;
mod trace;

pub use advice::Advice;
pub use compare::{Comparison, Comparisons, Verdict};
pub use kernels::KERNELS;
pub use peaks::Peaks;
pub use plot::{check_picture, picture, write_picture};
pub use report::{Bound, KernelRow, PhaseRow, Report, StepTimes};
pub use samples::Samples;
pub use scopes::{Scopes, Span};
pub use spread::{Spread, percentile};
pub use stopwatch::{Clock, Run, Stopwatch};
pub use wgpu_profiler;

#[cfg(test)]
mod tests;
