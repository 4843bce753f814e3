//! The families of kernels that a model can be built from.

use super::{Adapter, TexelFormat};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The storage textures of the largest kernel that tiles in registers.
pub(super) const STORAGE_TEXTURES: u32 = 3;
/// Lanes in a subgroup at most: the threads of a workgroup.
pub(super) const SUBGROUP_LANES: u32 = 64;
/// The sides of cooperative matrices, and the lanes that hold one.
const MATRIX: u32 = 16;
const MATRIX_LANES: u32 = 32;

// Read from the shaders at build.
include!(concat!(env!("OUT_DIR"), "/workgroup_bytes.rs"));

/// A family of kernels. All give the same results within rounding: to f32, or of operands to f16 in the families of
/// [`Variant::MIXED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// What the kernels of `variant`, which tile in workgroup memory, lack, if anything.
pub(super) fn tile_obstacle(
    variant: Variant,
    limits: &wgpu::Limits,
    features: wgpu::Features,
) -> Option<String> {
    let needed = variant.tile_bytes();
    let has = limits.max_compute_workgroup_storage_size;
    if has < needed {
        return Some(format!("max_compute_workgroup_storage_size is {has}, {needed} are needed"));
    }
    let lacks_f16 = variant.is_mixed() && !features.contains(wgpu::Features::SHADER_F16);
    lacks_f16.then(|| "it has no f16 in shaders".into())
}

impl Adapter {
    /// Why this adapter cannot run the kernels of `variant`; `None` if it can.
    pub fn variant_obstacle(&self, variant: Variant) -> Option<String> {
        match variant {
            Variant::Plain => None,
            Variant::Workgroup | Variant::Half => {
                tile_obstacle(variant, &self.handle.limits(), self.handle.features())
            }
            Variant::Cooperative => {
                let tiles = tile_obstacle(variant, &self.handle.limits(), self.handle.features());
                tiles.or_else(|| self.matrix_obstacle())
            }
            Variant::Register => self.texture_obstacle(),
            Variant::Subgroup => self.subgroup_obstacle(),
        }
    }

    /// The kernels hold a matrix in 32 lanes that stand side by side in the workgroup.
    fn matrix_obstacle(&self) -> Option<String> {
        let fits = |kind: &wgpu::CooperativeMatrixProperties| {
            (kind.m_size, kind.n_size, kind.k_size) == (MATRIX, MATRIX, MATRIX)
                && kind.ab_type == wgpu::CooperativeScalarType::F16
                && kind.cr_type == wgpu::CooperativeScalarType::F32
        };
        let has_feature = self.handle.features().contains(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX);
        if !has_feature || !self.handle.cooperative_matrix_properties().iter().any(fits) {
            return Some("it has no cooperative matrices of 16×16 in f16 that are added up in f32".into());
        }
        let (least, most) = (self.info.subgroup_min_size, self.info.subgroup_max_size);
        ((least, most) != (MATRIX_LANES, MATRIX_LANES))
            .then(|| format!("its subgroups have {least} to {most} lanes, {MATRIX_LANES} are needed"))
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

    /// OpenGL, for one, has no texture of two words that kernels may write.
    fn texture_obstacle(&self) -> Option<String> {
        let has = self.handle.limits().max_storage_textures_per_shader_stage;
        if has < STORAGE_TEXTURES {
            return Some(format!(
                "max_storage_textures_per_shader_stage is {has}, {STORAGE_TEXTURES} are needed"
            ));
        }
        let lacking = TexelFormat::ALL.into_iter().find(|format| !self.stores(format.wgpu()))?;
        Some(format!("it has no storage textures of {:?}", lacking.wgpu()))
    }

    /// Whether kernels can write textures of the format and read them.
    fn stores(&self, format: wgpu::TextureFormat) -> bool {
        let features = self.handle.get_texture_format_features(format);
        let both = wgpu::TextureFormatFeatureFlags::STORAGE_READ_ONLY
            | wgpu::TextureFormatFeatureFlags::STORAGE_WRITE_ONLY;
        features.allowed_usages.contains(wgpu::TextureUsages::STORAGE_BINDING)
            && features.flags.contains(both)
    }

    fn subgroup_obstacle(&self) -> Option<String> {
        if !self.handle.features().contains(wgpu::Features::SUBGROUP) {
            return Some("it has no subgroup operations in compute shaders".into());
        }
        let most = self.info.subgroup_max_size;
        (most > SUBGROUP_LANES)
            .then(|| format!("its subgroups have up to {most} lanes, {SUBGROUP_LANES} at most are expected"))
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
