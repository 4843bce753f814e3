//! Which families of kernels an adapter can run, or a device that was opened on one: said here once for both.

use super::variant::{MATRIX, MATRIX_LANES, STORAGE_TEXTURES, SUBGROUP_LANES};
use super::{Adapter, Gpu, TexelFormat, Variant};
use crate::error::{Error, Result};

/// What decides it.
pub(super) struct Abilities {
    limits: wgpu::Limits,
    features: wgpu::Features,
    /// Lanes of a subgroup, at least and at most.
    lanes: (u32, u32),
    /// The first format of texels that kernels cannot write and read.
    lacking: Option<wgpu::TextureFormat>,
    /// Whether it has cooperative matrices of the kernels' kind.
    has_matrices: bool,
}

impl From<&Adapter> for Abilities {
    fn from(adapter: &Adapter) -> Self {
        let handle = &adapter.handle;
        let fits = |kind: &wgpu::CooperativeMatrixProperties| {
            (kind.m_size, kind.n_size, kind.k_size) == (MATRIX, MATRIX, MATRIX)
                && kind.ab_type == wgpu::CooperativeScalarType::F16
                && kind.cr_type == wgpu::CooperativeScalarType::F32
        };
        let features = handle.features();
        let mut formats = TexelFormat::ALL.into_iter().map(TexelFormat::wgpu);
        Self {
            limits: handle.limits(),
            features,
            lanes: (adapter.info.subgroup_min_size, adapter.info.subgroup_max_size),
            lacking: formats.find(|format| !stores(handle, *format)),
            has_matrices: features.contains(wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX)
                && handle.cooperative_matrix_properties().iter().any(fits),
        }
    }
}

impl From<&wgpu::Device> for Abilities {
    fn from(device: &wgpu::Device) -> Self {
        let info = device.adapter_info();
        Self {
            limits: device.limits(),
            features: device.features(),
            lanes: (info.subgroup_min_size, info.subgroup_max_size),
            // A device does not tell of formats; but OpenGL alone lacks one that kernels need.
            lacking: (info.backend == wgpu::Backend::Gl).then_some(wgpu::TextureFormat::Rg32Uint),
            // Nor does it tell which cooperative matrices it has.
            has_matrices: false,
        }
    }
}

/// Whether kernels can write textures of the format and read them.
fn stores(adapter: &wgpu::Adapter, format: wgpu::TextureFormat) -> bool {
    let features = adapter.get_texture_format_features(format);
    let both = wgpu::TextureFormatFeatureFlags::STORAGE_READ_ONLY
        | wgpu::TextureFormatFeatureFlags::STORAGE_WRITE_ONLY;
    features.allowed_usages.contains(wgpu::TextureUsages::STORAGE_BINDING) && features.flags.contains(both)
}

impl Abilities {
    /// What the kernels of `variant` need and is not there; `None` if they can run.
    pub fn obstacle(&self, variant: Variant) -> Option<String> {
        match variant {
            Variant::Plain => None,
            Variant::Register => self.texels(),
            Variant::Workgroup => self.tiles(variant),
            Variant::Subgroup => self.subgroups(),
            Variant::Half => self.tiles(variant).or_else(|| self.f16()),
            Variant::Cooperative => self.tiles(variant).or_else(|| self.f16()).or_else(|| self.matrices()),
        }
    }

    fn texels(&self) -> Option<String> {
        let has = self.limits.max_storage_textures_per_shader_stage;
        if has < STORAGE_TEXTURES {
            let name = "max_storage_textures_per_shader_stage";
            return Some(format!("{name} is {has}, {STORAGE_TEXTURES} are needed"));
        }
        self.lacking.map(|format| format!("it has no storage textures of {format:?}"))
    }

    fn tiles(&self, variant: Variant) -> Option<String> {
        let (has, needed) = (self.limits.max_compute_workgroup_storage_size, variant.tile_bytes());
        let name = "max_compute_workgroup_storage_size";
        (has < needed).then(|| format!("{name} is {has}, {needed} are needed"))
    }

    fn f16(&self) -> Option<String> {
        let has = self.features.contains(wgpu::Features::SHADER_F16);
        (!has).then(|| "it has no f16 in shaders (feature SHADER_F16)".into())
    }

    fn subgroups(&self) -> Option<String> {
        if !self.features.contains(wgpu::Features::SUBGROUP) {
            return Some("it has no subgroup operations in compute shaders (feature SUBGROUP)".into());
        }
        let most = self.lanes.1;
        (most > SUBGROUP_LANES)
            .then(|| format!("its subgroups have up to {most} lanes, {SUBGROUP_LANES} at most are expected"))
    }

    /// The kernels hold a matrix in 32 lanes that stand side by side in the workgroup.
    fn matrices(&self) -> Option<String> {
        if !self.has_matrices {
            return Some("it has no cooperative matrices of 16×16 in f16 that are added up in f32".into());
        }
        let (least, most) = self.lanes;
        (self.lanes != (MATRIX_LANES, MATRIX_LANES))
            .then(|| format!("its subgroups have {least} to {most} lanes, {MATRIX_LANES} are needed"))
    }
}

impl Gpu {
    /// Whether subgroups have so many lanes, neither more nor fewer.
    pub(crate) fn has_subgroups_of(&self, lanes: usize) -> bool {
        let Abilities { features, lanes: (least, most), .. } = Abilities::from(self.device());
        features.contains(wgpu::Features::SUBGROUP) && (least as usize, most as usize) == (lanes, lanes)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn with_textures(max_storage_textures_per_shader_stage: u32) -> Abilities {
        Abilities {
            limits: wgpu::Limits { max_storage_textures_per_shader_stage, ..wgpu::Limits::default() },
            features: wgpu::Features::empty(),
            lanes: (8, 8),
            lacking: None,
            has_matrices: false,
        }
    }

    #[test]
    fn kernels_in_registers_ask_for_the_storage_textures_of_the_largest_of_them() {
        let obstacle = with_textures(3).obstacle(Variant::Register);
        assert!(obstacle.is_some_and(|words| words.ends_with("is 3, 4 are needed")));
        assert_eq!(with_textures(4).obstacle(Variant::Register), None);
        assert_eq!(with_textures(0).obstacle(Variant::Workgroup), None);
    }
}
