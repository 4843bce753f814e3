//! The features of a device that a shader needs.

use super::reflect::{Kind, Resource, Texture};
use super::{Shader, texels};
use naga::front::wgsl::{Frontend, Options};
use naga::valid::ValidationFlags;
use naga::{ImageClass, StorageAccess};
use wgpu::Features;
use wgpu_naga_bridge::{create_validator, features_to_naga_capabilities};

impl Shader {
    /// The features without which a device refuses the shader or what it binds.
    pub fn features(&self, resources: &[Resource]) -> Features {
        self.language_features() | resources.iter().map(of_binding).fold(Features::empty(), |a, b| a | b)
    }

    /// As few as the shader can be read and validated with, one after the other left out.
    fn language_features(&self) -> Features {
        if self.is_valid_with(Features::empty()) {
            return Features::empty();
        }
        // Of two that will do, the one that more devices have is kept.
        let first = Features::SHADER_INT64_ATOMIC_ALL_OPS | Features::SUBGROUP_VERTEX;
        let order = first.iter().chain((Features::all() - first).iter());
        let without = |needed: Features, feature: Features| {
            let fewer = needed - feature;
            if self.is_valid_with(fewer) { fewer } else { needed }
        };
        order.fold(Features::all(), without)
    }

    fn is_valid_with(&self, features: Features) -> bool {
        let flags = wgpu::DownlevelFlags::all();
        let mut options = Options::new();
        options.capabilities = features_to_naga_capabilities(features, flags);
        let Ok(module) = Frontend::new_with_options(options).parse(&self.source) else { return false };
        create_validator(features, flags, ValidationFlags::all()).validate(&module).is_ok()
    }
}

fn of_binding(resource: &Resource) -> Features {
    let array = resource.count.map_or(Features::empty(), |_| match resource.kind {
        Kind::Texture(Texture { class: ImageClass::Storage { .. }, .. }) => {
            Features::TEXTURE_BINDING_ARRAY | Features::STORAGE_RESOURCE_BINDING_ARRAY
        }
        Kind::Storage { .. } => Features::BUFFER_BINDING_ARRAY | Features::STORAGE_RESOURCE_BINDING_ARRAY,
        Kind::Uniform | Kind::Immediate => Features::BUFFER_BINDING_ARRAY,
        _ => Features::TEXTURE_BINDING_ARRAY,
    });
    match resource.kind {
        Kind::Immediate => array | Features::IMMEDIATES,
        Kind::Texture(texture) => array | of_storage_texture(texture),
        _ => array,
    }
}

/// WebGPU itself has storage textures of some formats, and few that are read and written.
fn of_storage_texture(texture: Texture) -> Features {
    let ImageClass::Storage { access, .. } = texture.class else { return Features::empty() };
    let format = texels::format(texture);
    if format == wgpu::TextureFormat::Bgra8Unorm {
        return Features::BGRA8UNORM_STORAGE;
    }
    let guaranteed = format.guaranteed_format_features(Features::empty()).flags;
    let both = StorageAccess::LOAD | StorageAccess::STORE;
    let needed = match access {
        _ if access.contains(StorageAccess::ATOMIC) => wgpu::TextureFormatFeatureFlags::STORAGE_ATOMIC,
        _ if access.contains(both) => wgpu::TextureFormatFeatureFlags::STORAGE_READ_WRITE,
        _ if access.contains(StorageAccess::LOAD) => wgpu::TextureFormatFeatureFlags::STORAGE_READ_ONLY,
        _ => wgpu::TextureFormatFeatureFlags::STORAGE_WRITE_ONLY,
    };
    match guaranteed.contains(needed) {
        true => Features::empty(),
        false => Features::TEXTURE_ADAPTER_SPECIFIC_FORMAT_FEATURES | format.required_features(),
    }
}
