//! How a device is used.

use super::Variant;

/// Whether shaders carry wgpu's bounds and loop checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShaderChecks {
    /// Every access clamped and every loop bounded: for tests and for hunting faults.
    Checked,
    /// None: the shaders are this crate's own, and its tests run them with all checks on.
    Trusted,
}

/// How a device is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether shaders carry wgpu's checks.
    pub checks: ShaderChecks,
    /// Which kernels models are built from; `None` leaves it to what a search on this adapter has found
    /// ([`crate::ops::tuning`]), or else to [`Adapter::default_variant`](super::Adapter::default_variant).
    pub variant: Option<Variant>,
}

impl Default for Options {
    fn default() -> Self {
        Self { checks: ShaderChecks::Trusted, variant: None }
    }
}
