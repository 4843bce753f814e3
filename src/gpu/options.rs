//! How a device is used.

use super::Variant;

/// Whether shaders carry wgpu's bounds and loop checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShaderChecks {
    /// Every access clamped and every loop bounded: for tests and for hunting faults.
    Checked,
    /// None: the shaders are this crate's own and clamp what they index by values from memory; its tests run them with
    /// all checks on.
    Trusted,
}

/// How a device is used: `Options::default().variant(Variant::Plain)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Whether shaders carry wgpu's checks.
    pub checks: ShaderChecks,
    /// Which kernels models are built from; `None` leaves it to what `dann tune` has found on this adapter, or else to
    /// [`Adapter::default_variant`](super::Adapter::default_variant).
    pub variant: Option<Variant>,
    /// Features that the device shall have beside those that kernels use.
    pub features: wgpu::Features,
}

impl Options {
    /// Models are built from the kernels of `variant`.
    #[must_use]
    pub fn variant(self, variant: impl Into<Option<Variant>>) -> Self {
        Self { variant: variant.into(), ..self }
    }

    /// The device has `features` beside those that kernels use, or is not opened.
    #[must_use]
    pub fn features(self, features: wgpu::Features) -> Self {
        Self { features, ..self }
    }

    /// Shaders carry `checks`.
    #[must_use]
    pub fn checks(self, checks: ShaderChecks) -> Self {
        Self { checks, ..self }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { checks: ShaderChecks::Trusted, variant: None, features: wgpu::Features::empty() }
    }
}
