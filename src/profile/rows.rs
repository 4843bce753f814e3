//! The rows of a report: kernels, phases, and the step as a whole.

use super::Spread;
use super::compiler::Executable;
use crate::gpu::Phase;
use serde::{Deserialize, Serialize};

/// What limits a kernel at best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Bound {
    /// Arithmetic.
    Compute,
    /// Memory traffic.
    Memory,
    /// Being launched.
    Launch,
    /// Not known, as operations or bytes are not.
    Unknown,
}

impl Bound {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Memory => "memory",
            Self::Launch => "launch",
            Self::Unknown => "unknown",
        }
    }
}

/// All dispatches of a step that run one kernel in one phase over one shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KernelRow {
    /// `op.pass`.
    pub kernel: String,
    /// `plain` or `tuned`.
    pub variant: String,
    /// The part of the step.
    pub phase: Phase,
    /// Over what.
    pub shape: String,
    /// Threads in a workgroup.
    pub workgroup_size: u32,
    /// Workgroups in x, y and z.
    pub workgroups: [u32; 3],
    /// Dispatches a step.
    pub calls: usize,
    /// Milliseconds a step, the median.
    pub ms: f64,
    /// Of all kernels' time.
    pub share: f64,
    /// Microseconds a dispatch.
    pub us: Spread,
    /// Billion operations a dispatch.
    pub gflop: f64,
    /// Billion operations a second, at the median.
    pub gflops: f64,
    /// Of the peak of f32.
    pub of_peak: f64,
    /// Billion bytes a second, at the median.
    pub gb_s: f64,
    /// Of the bandwidth of a copy; above 1 where the data stay in caches.
    pub of_bandwidth: f64,
    /// Operations a byte.
    pub flop_per_byte: f64,
    /// What limits the kernel at best.
    pub bound: Bound,
    /// Microseconds a dispatch at that limit.
    pub limit_us: f64,
    /// What the driver's compiler made of it, where that is known.
    #[serde(default)]
    pub executables: Vec<Executable>,
}

/// All dispatches of a phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhaseRow {
    /// The part of the step.
    pub phase: Phase,
    /// Dispatches a step.
    pub calls: usize,
    /// Milliseconds a step: those of its kernels.
    pub ms: f64,
    /// Of all kernels' time.
    pub share: f64,
    /// Billion operations a step.
    pub gflop: f64,
}

/// The step as a whole, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepTimes {
    /// All kernels.
    pub kernels_ms: Spread,
    /// From encoding until the device is done, with timers; unknown where the host did not wait.
    pub profiled_ms: Option<Spread>,
    /// The same without timers.
    pub unprofiled_ms: Option<Spread>,
    /// The part of the profiled step that is in kernels: the median over the steps.
    pub in_kernels: Option<f64>,
    /// The part of the profiled step that is in no kernel, the median over the steps.
    pub gap_ms: Option<f64>,
    /// By how much timing slows the step down, as a share of the unprofiled one.
    pub perturbation: Option<f64>,
}
