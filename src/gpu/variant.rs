//! The families of kernels that a model can be built from.

use super::{Adapter, TexelFormat};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The storage textures of the largest kernel that tiles in registers.
pub(super) const STORAGE_TEXTURES: u32 = 3;
/// Lanes in a subgroup at most: the threads of a workgroup.
pub(super) const SUBGROUP_LANES: u32 = 64;
/// The workgroup memory that they take, in bytes.
const TILE_BYTES: u32 = 13_568;

/// A family of kernels. All give the same results within rounding.
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
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Register, Self::Workgroup, Self::Subgroup];

    /// What suits devices of that kind by their design.
    pub(super) fn suiting(kind: wgpu::DeviceType) -> Self {
        match kind {
            wgpu::DeviceType::Cpu | wgpu::DeviceType::Other => Self::Register,
            _ => Self::Workgroup,
        }
    }

    /// Its name, as `--variant` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Register => "register",
            Self::Workgroup => "workgroup",
            Self::Subgroup => "subgroup",
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the kernels that tile in workgroup memory lack, if anything.
pub(super) fn tile_obstacle(limits: &wgpu::Limits) -> Option<String> {
    let has = limits.max_compute_workgroup_storage_size;
    (has < TILE_BYTES)
        .then(|| format!("max_compute_workgroup_storage_size is {has}, {TILE_BYTES} are needed"))
}

impl Adapter {
    /// Why this adapter cannot run the kernels of `variant`; `None` if it can.
    pub fn variant_obstacle(&self, variant: Variant) -> Option<String> {
        match variant {
            Variant::Plain => None,
            Variant::Workgroup => tile_obstacle(&self.handle.limits()),
            Variant::Register => self.texture_obstacle(),
            Variant::Subgroup => self.subgroup_obstacle(),
        }
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
