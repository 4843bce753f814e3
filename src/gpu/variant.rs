//! The families of kernels that a model can be built from.

use super::Adapter;
use super::abilities::Abilities;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The storage textures of the largest kernel that tiles in registers.
pub(super) const STORAGE_TEXTURES: u32 = 3;
/// Lanes in a subgroup at most: the threads of a workgroup.
pub(super) const SUBGROUP_LANES: u32 = 64;
/// The sides of cooperative matrices, and the lanes that hold one.
pub(super) const MATRIX: u32 = 16;
pub(super) const MATRIX_LANES: u32 = 32;

// Read from the shaders at build.
include!(concat!(env!("OUT_DIR"), "/workgroup_bytes.rs"));

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

impl Adapter {
    /// Why this adapter cannot run the kernels of `variant`; `None` if it can.
    pub fn variant_obstacle(&self, variant: Variant) -> Option<String> {
        Abilities::from(self).obstacle(variant)
    }

    /// The fastest kernels that round operands to f16.
    ///
    /// # Errors
    /// [`Error::Input`] saying what the adapter lacks.
    pub fn mixed_variant(&self) -> Result<Variant> {
        let possible = Variant::MIXED.into_iter().find(|&variant| self.variant_obstacle(variant).is_none());
        possible.ok_or_else(|| {
            let obstacle = self.variant_obstacle(Variant::Half).unwrap_or_default();
            Error::input(
                "mixed precision",
                format!("an adapter that can multiply in f16, which {self} cannot"),
                obstacle,
            )
        })
    }

    /// What models are built from where nothing else was asked for and no search has found anything better: what the
    /// design of GPUs and of software adapters suggests.
    pub fn default_variant(&self) -> Variant {
        self.possible(Variant::suiting(self.info.device_type))
    }

    /// `variant` where this adapter can run it, else the plain kernels.
    pub(super) fn possible(&self, variant: Variant) -> Variant {
        match self.variant_obstacle(variant) {
            None => variant,
            Some(obstacle) => {
                log::warn!("{self} runs the plain kernels, which are slower: {obstacle}");
                Variant::Plain
            }
        }
    }
}
