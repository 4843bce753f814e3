//! Every kernel's description against its shader, and every shader against the back ends of all platforms.

use dann::gpu::{Access, Kernel, TexelFormat, Variant};
use dann::ops::Step;
use naga::back::{glsl, hlsl, msl, spv};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, ImageClass, ImageDimension, Module, ScalarKind};
use naga::{ShaderStage, StorageAccess, StorageFormat, TypeInner};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Those of the ops and those that measure an adapter's peaks.
fn kernels() -> impl Iterator<Item = &'static Kernel> {
    dann::ops::KERNELS.iter().chain(dann::profile::KERNELS).copied()
}

fn parse(name: &str, source: &str) -> (Module, ModuleInfo) {
    let module = naga::front::wgsl::parse_str(source)
        .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string_with_path(source, name)));
    // Only these may use what adapters can lack.
    let capabilities = match name {
        name if name.starts_with("subgroup_") => Capabilities::SUBGROUP,
        name if name.starts_with("peak_f16") || name.starts_with("half_") => Capabilities::SHADER_FLOAT16,
        name if name.starts_with("cooperative_") => {
            Capabilities::SHADER_FLOAT16 | Capabilities::COOPERATIVE_MATRIX
        }
        _ => Capabilities::empty(),
    };
    let info = Validator::new(ValidationFlags::all(), capabilities)
        .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
        .subgroup_operations(naga::valid::SubgroupOperationSet::all())
        .validate(&module)
        .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string_with_path(source, name)));
    (module, info)
}

/// Every `.wgsl` file below `shaders/`, with its text.
fn shaders() -> BTreeMap<PathBuf, String> {
    shaders_below("shaders")
}

fn shaders_below(folder: &str) -> BTreeMap<PathBuf, String> {
    fn collect(directory: &Path, found: &mut BTreeMap<PathBuf, String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "wgsl") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(path, text);
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    assert!(!found.is_empty());
    found
}

/// The bindings that the kernel's entry point uses, by slot.
fn bindings_in_shader(kernel: &Kernel, module: &Module, info: &ModuleInfo) -> BTreeMap<u32, Access> {
    let index = module.entry_points.iter().position(|e| e.name == kernel.entry_point).unwrap();
    let usage = info.get_entry_point(index);
    let used = module.global_variables.iter().filter(|(handle, _)| !usage[*handle].is_empty());
    used.filter_map(|(_, variable)| {
        let binding = variable.binding?;
        assert_eq!(binding.group, 0, "{}: binding {}", kernel.label, binding.binding);
        let access = match variable.space {
            AddressSpace::Uniform => {
                Access::Uniform(module.types[variable.ty].inner.size(module.to_ctx()) as usize)
            }
            AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => Access::ReadWrite,
            AddressSpace::Storage { .. } => Access::Read,
            AddressSpace::Handle => texels_in_shader(kernel, &module.types[variable.ty].inner),
            space => panic!("{}: binding {} lies in {space:?}", kernel.label, binding.binding),
        };
        Some((binding.binding, access))
    })
    .collect()
}

/// How the kernel uses a texture.
fn texels_in_shader(kernel: &Kernel, texture: &TypeInner) -> Access {
    let float = ImageClass::Sampled { kind: ScalarKind::Float, multi: false };
    if matches!(texture, TypeInner::Image { dim: ImageDimension::D2, arrayed: false, class } if *class == float)
    {
        return Access::ReadTexture;
    }
    let &TypeInner::Image { class: ImageClass::Storage { format, access }, .. } = texture else {
        panic!("{}: no texture that it knows but {texture:?}", kernel.label)
    };
    let format = match format {
        StorageFormat::Rgba32Float => TexelFormat::Reals,
        StorageFormat::Rg32Uint => TexelFormat::Words,
        other => panic!("{}: texels of {other:?}", kernel.label),
    };
    match access {
        StorageAccess::LOAD => Access::ReadTexels(format),
        StorageAccess::STORE => Access::WriteTexels(format),
        both => panic!("{}: a storage texture for {both:?}", kernel.label),
    }
}

#[test]
fn the_shaders_of_the_examples_are_valid() {
    for (path, source) in shaders_below("examples") {
        parse(&path.display().to_string(), &source);
    }
}

#[test]
fn every_kernel_is_what_its_shader_says() {
    for kernel in kernels() {
        let (module, info) = parse(kernel.label, kernel.source);
        let entry = module.entry_points.iter().find(|entry| entry.name == kernel.entry_point);
        let entry =
            entry.unwrap_or_else(|| panic!("{}: no entry point {}", kernel.label, kernel.entry_point));
        assert_eq!(entry.stage, ShaderStage::Compute, "{}", kernel.label);
        assert_eq!(entry.workgroup_size, [kernel.workgroup_size, 1, 1], "{}", kernel.label);
        let described: BTreeMap<u32, Access> =
            kernel.bindings.iter().map(|binding| (binding.slot, binding.access)).collect();
        assert_eq!(described.len(), kernel.bindings.len(), "{}: a slot stands twice", kernel.label);
        assert_eq!(described, bindings_in_shader(kernel, &module, &info), "{}", kernel.label);
        assert_eq!(kernel.bindings[0].slot, 0, "{}: the parameter block comes first", kernel.label);
    }
}

#[test]
fn every_entry_point_is_one_kernel_and_every_label_is_unique() {
    let labels: BTreeSet<_> = kernels().map(|kernel| kernel.label).collect();
    assert_eq!(labels.len(), kernels().count(), "a label stands twice");
    let shaders = shaders();
    let mut used = BTreeSet::new();
    let sources: BTreeSet<&str> = kernels().map(|kernel| kernel.source).collect();
    for source in sources {
        let of_source: Vec<_> = kernels().filter(|kernel| kernel.source == source).collect();
        let first = of_source[0].label;
        let files = files_of(source, &shaders);
        let last = files.last().unwrap_or_else(|| panic!("{first}: not made of whole files"));
        let stem = last.file_stem().unwrap().to_str().unwrap();
        let (module, _) = parse(first, source);
        assert_eq!(module.entry_points.len(), of_source.len(), "kernels of {stem}");
        for entry in &module.entry_points {
            let kernels: Vec<_> =
                of_source.iter().filter(|kernel| kernel.entry_point == entry.name).collect();
            assert_eq!(kernels.len(), 1, "kernels of {stem}, {}", entry.name);
            let label = kernels[0].label;
            assert!(label.starts_with(&format!("{stem}.")), "{label} lies in {stem}");
        }
        used.extend(files);
    }
    let unused: Vec<_> = shaders.keys().filter(|path| !used.contains(*path)).collect();
    assert!(unused.is_empty(), "no kernel is made from {unused:?}");
}

/// The files that `source` is joined from, behind the extensions that it enables; none if it is not made of whole files.
fn files_of(source: &str, shaders: &BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
    let mut rest = source;
    while rest.starts_with("enable ") {
        rest = rest.split_once('\n').unwrap().1;
    }
    let mut files = Vec::new();
    while !rest.is_empty() {
        let Some((path, text)) = shaders.iter().find(|(_, text)| rest.starts_with(text.as_str())) else {
            return vec![];
        };
        rest = &rest[text.len()..];
        files.push(path.clone());
    }
    files
}

#[test]
fn every_step_struct_is_that_of_the_host() {
    let mut first = None;
    for Kernel { label, source, .. } in kernels() {
        let (module, _) = parse(label, source);
        let step = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some("Step"));
        let Some((_, step)) = step else { continue };
        let TypeInner::Struct { members, span } = &step.inner else {
            panic!("{}: Step is no struct", label);
        };
        assert_eq!(*span as usize, size_of::<Step>(), "{}", label);
        let layout: Vec<_> = members
            .iter()
            .map(|m| {
                (m.name.clone().unwrap_or_default(), m.offset, format!("{:?}", module.types[m.ty].inner))
            })
            .collect();
        let host = [
            ("index", std::mem::offset_of!(Step, index)),
            ("source_start", std::mem::offset_of!(Step, source_start)),
            ("target_start", std::mem::offset_of!(Step, target_start)),
            ("seed", std::mem::offset_of!(Step, seed)),
            ("lambda", std::mem::offset_of!(Step, lambda)),
            ("learning_rate", std::mem::offset_of!(Step, learning_rate)),
        ];
        for ((name, offset), member) in host.iter().zip(&layout) {
            assert_eq!((*name, *offset), (member.0.as_str(), member.1 as usize), "{}", label);
        }
        let first = first.get_or_insert_with(|| layout.clone());
        assert_eq!(*first, layout, "{}: not the Step of the other shaders", label);
    }
    assert!(first.is_some(), "no shader reads a step");
}

#[test]
fn kernels_belong_to_the_families_whose_folders_their_shaders_lie_in() {
    let shaders = shaders();
    for kernel in dann::ops::KERNELS {
        let file = format!("{}.wgsl", kernel.label.split('.').next().unwrap());
        let path = shaders.keys().find(|path| path.ends_with(&file));
        let path = path.unwrap_or_else(|| panic!("{}: no {file}", kernel.label));
        let folder = path.parent().and_then(Path::file_name).unwrap();
        let belongs = match dann::ops::variant(kernel) {
            Variant::Plain => "shaders",
            Variant::Register => "tuned",
            _ => "product",
        };
        assert_eq!(folder, belongs, "{}", kernel.label);
    }
}

#[test]
fn tiles_take_the_workgroup_memory_that_their_family_states() {
    let mut seen = BTreeSet::new();
    for kernel in dann::ops::KERNELS {
        let variant = dann::ops::variant(kernel);
        if !kernel.label.starts_with(variant.name()) || variant.tile_bytes() == 0 {
            continue;
        }
        let (module, _) = parse(kernel.label, kernel.source);
        let tiles = module.global_variables.iter().filter(|(_, v)| v.space == AddressSpace::WorkGroup);
        let bytes: u32 = tiles.map(|(_, v)| module.types[v.ty].inner.size(module.to_ctx())).sum();
        assert_eq!(bytes, variant.tile_bytes(), "{}", kernel.label);
        seen.insert(variant);
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn workgroup_sizes_are_written_once_per_shader() {
    for (path, source) in shaders().into_iter().filter(|(_, source)| source.contains("@compute")) {
        let constants = source.matches("const WORKGROUP_SIZE").count();
        assert_eq!(constants, 1, "{}: const WORKGROUP_SIZE", path.display());
        let all = source.matches("@workgroup_size(").count();
        let by_name = source.matches("@workgroup_size(WORKGROUP_SIZE)").count();
        assert_eq!(all, by_name, "{}: a workgroup size is spelled out", path.display());
    }
}

/// Recordings fold what is too long for one dimension into two; few cases are that large.
#[test]
fn every_thread_index_unfolds_both_dimensions() {
    for (path, source) in shaders() {
        let indexed = source.matches("@builtin(global_invocation_id)").count();
        let unfolded = source.matches("id.y * groups.x * WORKGROUP_SIZE + id.x").count();
        assert_eq!(indexed, unfolded, "{}", path.display());
    }
}

#[test]
fn every_kernel_translates_to_spirv_msl_hlsl_and_glsl() {
    for kernel in kernels() {
        let (module, info) = parse(kernel.label, kernel.source);
        let refused = |language: &str, e: &dyn std::fmt::Display| -> ! {
            panic!("{} does not translate to {language}: {e}", kernel.label)
        };
        let entry_point = kernel.entry_point.to_owned();
        let stage = ShaderStage::Compute;

        let pipeline = spv::PipelineOptions { shader_stage: stage, entry_point: entry_point.clone() };
        spv::write_vec(&module, &info, &spv::Options::default(), Some(&pipeline))
            .unwrap_or_else(|e| refused("SPIR-V", &e));

        // The others have no cooperative matrices of this kind.
        if kernel.source.contains("enable wgpu_cooperative_matrix;") {
            continue;
        }
        let pipeline =
            msl::PipelineOptions { entry_point: Some((stage, entry_point.clone())), ..Default::default() };
        let (_, translation) = msl::write_string(&module, &info, &msl::Options::default(), &pipeline)
            .unwrap_or_else(|e| refused("MSL", &e));
        for name in translation.entry_point_names {
            name.unwrap_or_else(|e| refused("MSL", &e));
        }

        let pipeline = hlsl::PipelineOptions { entry_point: Some((stage, entry_point.clone())) };
        let (options, mut text) = (hlsl::Options::default(), String::new());
        let reflection = hlsl::Writer::new(&mut text, &options, &pipeline)
            .write(&module, &info, None)
            .unwrap_or_else(|e| refused("HLSL", &e));
        for name in reflection.entry_point_names {
            name.unwrap_or_else(|e| refused("HLSL", &e));
        }

        // It has no numbers of 16 bits.
        if kernel.source.contains("enable f16;") {
            continue;
        }
        let pipeline = glsl::PipelineOptions { shader_stage: stage, entry_point, multiview: None };
        // GLSL ES knows no subgroups.
        let version = if kernel.label.starts_with("subgroup_") {
            glsl::Version::Desktop(430)
        } else {
            glsl::Options::default().version
        };
        let (options, mut text) = (glsl::Options { version, ..Default::default() }, String::new());
        let policies = naga::proc::BoundsCheckPolicies::default();
        glsl::Writer::new(&mut text, &module, &info, &options, &pipeline, policies)
            .and_then(|mut writer| writer.write())
            .unwrap_or_else(|e| refused("GLSL ES 3.1", &e));
    }
}
