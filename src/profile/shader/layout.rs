//! The bind group layouts of what an entry point binds.

use super::plan::Shape;
use super::reflect::{Kind, Resource, Texture};
use super::texels;
use naga::{ImageClass, ImageDimension, ScalarKind, StorageAccess};
use std::num::NonZeroU32;

/// The entry of one resource.
pub(super) fn entry(resource: &Resource, shape: Shape) -> wgpu::BindGroupLayoutEntry {
    let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
    wgpu::BindGroupLayoutEntry {
        binding: resource.binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: match resource.kind {
            Kind::Uniform | Kind::Immediate => buffer(wgpu::BufferBindingType::Uniform),
            Kind::Storage { read_only } => buffer(wgpu::BufferBindingType::Storage { read_only }),
            Kind::Sampler { comparison: true } => {
                wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Comparison)
            }
            Kind::Sampler { .. } => wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
            Kind::Texture(texture) => texture_type(texture, shape),
        },
        count: resource.count.and_then(NonZeroU32::new),
    }
}

fn texture_type(texture: Texture, shape: Shape) -> wgpu::BindingType {
    let view_dimension = view_dimension(texture);
    let format = match shape {
        Shape::Texels { format, .. } => format,
        _ => texels::format(texture),
    };
    if let ImageClass::Storage { access, .. } = texture.class {
        return wgpu::BindingType::StorageTexture { access: storage_access(access), format, view_dimension };
    }
    let multisampled = texels::is_multisampled(texture);
    wgpu::BindingType::Texture {
        sample_type: match texture.class {
            ImageClass::Depth { .. } => wgpu::TextureSampleType::Depth,
            ImageClass::Sampled { kind: ScalarKind::Sint, .. } => wgpu::TextureSampleType::Sint,
            ImageClass::Sampled { kind: ScalarKind::Uint, .. } => wgpu::TextureSampleType::Uint,
            _ => wgpu::TextureSampleType::Float { filterable: texture.sampled && !multisampled },
        },
        view_dimension,
        multisampled,
    }
}

pub(super) fn view_dimension(texture: Texture) -> wgpu::TextureViewDimension {
    match (texture.dimension, texture.arrayed) {
        (ImageDimension::D1, _) => wgpu::TextureViewDimension::D1,
        (ImageDimension::D2, false) => wgpu::TextureViewDimension::D2,
        (ImageDimension::D2, true) => wgpu::TextureViewDimension::D2Array,
        (ImageDimension::D3, _) => wgpu::TextureViewDimension::D3,
        (ImageDimension::Cube, false) => wgpu::TextureViewDimension::Cube,
        (ImageDimension::Cube, true) => wgpu::TextureViewDimension::CubeArray,
    }
}

fn storage_access(access: StorageAccess) -> wgpu::StorageTextureAccess {
    if access.contains(StorageAccess::ATOMIC) {
        return wgpu::StorageTextureAccess::Atomic;
    }
    match (access.contains(StorageAccess::LOAD), access.contains(StorageAccess::STORE)) {
        (true, true) => wgpu::StorageTextureAccess::ReadWrite,
        (true, false) => wgpu::StorageTextureAccess::ReadOnly,
        _ => wgpu::StorageTextureAccess::WriteOnly,
    }
}
