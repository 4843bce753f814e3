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
//!
//! ```no_run
//! use dann::gpu::{Gpu, Options, choose};
//! use dann::profile::{Peaks, Samples, Stopwatch};
//! use dann::train::{Config, StepBench};
//!
//! # fn main() -> dann::error::Result<()> {
//! let gpu = Gpu::open(&choose(None)?, Options::default())?;
//! let bench = StepBench::new(&gpu, &Config::preset("paper")?)?;
//! let mut stopwatch = Stopwatch::new(&gpu, None)?;
//! let peaks = Peaks::measure(&gpu, &mut stopwatch)?;
//! let prepare = |encoder: &mut dann::wgpu::CommandEncoder| bench.prepare(encoder);
//! let samples = Samples::take(&mut stopwatch, &bench.recordings(), 20, &prepare, &|| bench.time(1))?;
//! let report = samples.report(gpu.name(), "preset paper", stopwatch.clock(), &peaks)?;
//! for kernel in &report.kernels {
//!     println!("{}: {:.3} ms", kernel.kernel, kernel.ms);
//! }
//! # Ok(())
//! # }
//! ```

mod advice;
mod arithmetic;
mod compare;
mod compiler;
mod executables;
mod kernels;
mod limit;
mod peaks;
mod plot;
mod ratio;
mod report;
mod rows;
mod samples;
mod scopes;
#[cfg(not(feature = "unstable"))]
mod shader;
#[cfg(feature = "unstable")]
pub mod shader;
mod spread;
mod stopwatch;
mod trace;

pub use advice::Advice;
pub use compare::{Comparison, Comparisons, Verdict};
pub use compiler::{Executable, Statistic, StatisticValue};
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use kernels::KERNELS;
pub use peaks::Peaks;
pub use plot::{check_picture, picture, write_picture};
pub use ratio::Ratio;
pub use report::Report;
pub use rows::{Bound, KernelRow, PhaseRow, StepTimes};
pub use samples::Samples;
pub use scopes::{Scopes, Span};
pub use spread::Spread;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use spread::percentile;
pub use stopwatch::{Clock, Run, Stopwatch};
pub use wgpu_profiler;

#[cfg(test)]
mod tests;
