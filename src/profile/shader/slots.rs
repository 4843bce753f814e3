//! Where each back end of wgpu puts what a shader binds: the slots that drivers' compilers get to see.

use super::reflect::{Kind, Resource, Texture};
use naga::back::{hlsl, msl, spv};
use naga::{ImageClass, ResourceBinding, StorageAccess};
use std::collections::BTreeMap;

fn place(resource: &Resource) -> ResourceBinding {
    ResourceBinding { group: resource.group, binding: resource.binding }
}

/// All but the immediates, group by group.
fn groups(resources: &[Resource]) -> impl Iterator<Item = &[Resource]> {
    let bound = resources.iter().position(|resource| resource.kind == Kind::Immediate);
    resources[..bound.unwrap_or(resources.len())].chunk_by(|a, b| a.group == b.group)
}

fn has_immediates(resources: &[Resource]) -> bool {
    resources.iter().any(|resource| resource.kind == Kind::Immediate)
}

/// Vulkan's: in each set, numbers without gaps.
pub(super) fn spirv(resources: &[Resource]) -> spv::BindingMap {
    let of_group = |group: &[Resource]| {
        let numbered = group.iter().zip(0..);
        numbered
            .map(|(resource, binding)| {
                let info = spv::BindingInfo {
                    descriptor_set: resource.group,
                    binding,
                    binding_array_size: resource.count,
                };
                (place(resource), info)
            })
            .collect::<Vec<_>>()
    };
    groups(resources).flat_map(of_group).collect()
}

/// Metal's: one row of buffers, one of textures and one of samplers for all groups; immediates come first, the lengths of
/// arrays last.
pub(super) fn msl(resources: &[Resource]) -> msl::EntryPointResources {
    let (mut buffers, mut textures, mut samplers) = (0, 0, 0);
    let next = |counter: &mut msl::Slot| {
        let slot = *counter;
        *counter = counter.saturating_add(1);
        Some(slot)
    };
    let immediates_buffer = if has_immediates(resources) { next(&mut buffers) } else { None };
    let mut all = msl::BindingMap::default();
    for resource in groups(resources).flatten() {
        let mut target = msl::BindTarget::default();
        match resource.kind {
            _ if resource.count.is_some() => target.buffer = next(&mut buffers),
            Kind::Sampler { .. } => {
                target.sampler = next(&mut samplers).map(msl::BindSamplerTarget::Resource);
            }
            Kind::Texture(Texture { class, .. }) => {
                target.texture = next(&mut textures);
                target.mutable = is_written(class);
            }
            kind => {
                target.buffer = next(&mut buffers);
                target.mutable = kind == Kind::Storage { read_only: false };
            }
        }
        all.insert(place(resource), target);
    }
    let has_storage = resources.iter().any(|resource| matches!(resource.kind, Kind::Storage { .. }));
    let sizes_buffer = if has_storage { next(&mut buffers) } else { None };
    msl::EntryPointResources { resources: all, immediates_buffer, sizes_buffer }
}

fn is_written(class: ImageClass) -> bool {
    matches!(class, ImageClass::Storage { access, .. } if access != StorageAccess::LOAD)
}

/// Direct3D's registers.
#[derive(Default)]
pub(super) struct Registers {
    pub bindings: hlsl::BindingMap,
    pub samplers: hlsl::SamplerIndexBufferBindingMap,
    pub immediates: Option<hlsl::BindTarget>,
    /// Where the number of workgroups is.
    pub special: hlsl::BindTarget,
}

/// Direct3D's: one row of constants, one of views that are read and one of those that are written for all groups; samplers
/// lie in one heap, and each group has a buffer of its indices.
pub(super) fn hlsl(resources: &[Resource]) -> Registers {
    let mut registers = Registers::default();
    let [mut constants, mut read, mut written] = [hlsl::BindTarget::default(); 3];
    if has_immediates(resources) {
        registers.immediates = Some(constants);
        constants.register += 1;
        constants.space += 1;
    }
    for group in groups(resources) {
        let (mut samplers, mut views): (Vec<&Resource>, Vec<&Resource>) = (vec![], vec![]);
        for resource in group {
            let of_kind = matches!(resource.kind, Kind::Sampler { .. });
            if of_kind { samplers.push(resource) } else { views.push(resource) }
        }
        for resource in views {
            let row = match resource.kind {
                Kind::Storage { read_only: false } => &mut written,
                Kind::Texture(Texture { class: ImageClass::Storage { access, .. }, .. })
                    if access != StorageAccess::LOAD =>
                {
                    &mut written
                }
                Kind::Uniform => &mut constants,
                _ => &mut read,
            };
            let target = hlsl::BindTarget { binding_array_size: resource.count, ..*row };
            registers.bindings.insert(place(resource), target);
            row.register += resource.count.unwrap_or(1);
        }
        for (register, resource) in (0..).zip(&samplers) {
            let target = hlsl::BindTarget { space: 255, register, ..Default::default() };
            registers.bindings.insert(place(resource), target);
        }
        if let Some(first) = samplers.first() {
            registers.samplers.insert(hlsl::SamplerIndexBufferKey { group: first.group }, read);
            read.register += 1;
        }
    }
    registers.special = constants;
    registers
}

/// OpenGL's: one row for each kind, for all groups.
pub(super) fn glsl(resources: &[Resource]) -> BTreeMap<ResourceBinding, u8> {
    let mut next: BTreeMap<&str, u8> = BTreeMap::new();
    let mut slots = BTreeMap::new();
    for resource in groups(resources).flatten() {
        let row = match resource.kind {
            Kind::Sampler { .. } => "samplers",
            Kind::Texture(Texture { class: ImageClass::Storage { .. }, .. }) => "images",
            Kind::Texture(_) => "textures",
            Kind::Uniform | Kind::Immediate => "uniform blocks",
            Kind::Storage { .. } => "storage blocks",
        };
        let slot = next.entry(row).or_default();
        slots.insert(place(resource), *slot);
        *slot = slot.saturating_add(u8::try_from(resource.count.unwrap_or(1)).unwrap_or(u8::MAX));
    }
    slots
}
