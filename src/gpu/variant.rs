//! The families of kernels that a model can be built from.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Lanes in a subgroup at most: the threads of a workgroup.
pub(super) const SUBGROUP_LANES: u32 = 64;
/// The sides of cooperative matrices, and the lanes that hold one.
pub(super) const MATRIX: u32 = 16;
pub(super) const MATRIX_LANES: u32 = 32;

// Read from the shaders at build.
include!(concat!(env!("OUT_DIR"), "/needs.rs"));

/// A family of kernels. All give the same results within rounding: to f32, or of operands to f16 in the families of
/// [`Variant::MIXED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Variant {
    /// One kernel an op, written for clarity: the reference on the device.
    Plain,
    /// Wide tiles in registers over storage textures, convolutions in Winograd's domain: for software adapters.
    Register,
    /// Tiles in workgroup memory: for GPUs.
    Workgroup,
    /// Operands handed round in subgroups: for GPUs.
    Subgroup,
    /// Tiles in workgroup memory, of f16, added up in f32.
    Half,
    /// Tiles in workgroup memory, of f16, added up in f32 by cooperative matrices.
    Cooperative,
}

impl Variant {
    /// All that multiply in f32.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Register, Self::Workgroup, Self::Subgroup];
    /// Those that round the operands of convolutions and dense layers to f16, the faster ones first. Nothing chooses
    /// them but who asks for mixed precision.
    pub const MIXED: [Self; 2] = [Self::Cooperative, Self::Half];

    /// Those of [`Variant::ALL`], then those of [`Variant::MIXED`].
    pub fn every() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain(Self::MIXED)
    }

    /// Whether its kernels are made for GPUs alone.
    pub(crate) fn is_for_gpus(self) -> bool {
        !matches!(self, Self::Plain | Self::Register)
    }

    /// Whether it is one of [`Variant::MIXED`].
    pub fn is_mixed(self) -> bool {
        Self::MIXED.contains(&self)
    }

    /// What suits devices of that kind by their design.
    pub(super) fn suiting(kind: wgpu::DeviceType) -> Self {
        match kind {
            wgpu::DeviceType::Cpu | wgpu::DeviceType::Other => Self::Register,
            _ => Self::Workgroup,
        }
    }

    /// The workgroup memory of the family's tiles, in bytes; 0 of families without.
    pub fn tile_bytes(self) -> u32 {
        match self {
            Self::Plain | Self::Register | Self::Subgroup => 0,
            Self::Workgroup | Self::Half | Self::Cooperative => workgroup_bytes(self),
        }
    }

    /// Its name, as `--variant` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Register => "register",
            Self::Workgroup => "workgroup",
            Self::Subgroup => "subgroup",
            Self::Half => "half",
            Self::Cooperative => "cooperative",
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
