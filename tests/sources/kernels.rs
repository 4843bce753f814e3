//! What reading the shaders at build does not show of itself: names, families, and every shader against the back ends of all
//! platforms.

use dann::gpu::{Access, Kernel, Variant};
use dann::ops::Step;
use naga::back::{glsl, hlsl, msl, spv};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{AddressSpace, Module, ShaderStage, TypeInner};
use std::collections::{BTreeMap, BTreeSet};
use std::mem::offset_of;
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

#[test]
fn the_shaders_of_the_examples_are_valid() {
    for (path, source) in shaders_below("examples") {
        parse(&path.display().to_string(), &source);
    }
}

#[test]
fn labels_are_unique_and_name_file_and_entry_point() {
    let labels: BTreeSet<_> = kernels().map(|kernel| kernel.label).collect();
    assert_eq!(labels.len(), kernels().count(), "a label stands twice");
    let files: BTreeSet<String> =
        shaders().keys().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    for kernel in kernels() {
        let (file, entry_point) = kernel.label.split_once('.').unwrap();
        assert!(files.contains(file), "{}: no file of that name", kernel.label);
        assert_eq!(entry_point, kernel.entry_point);
    }
}

#[test]
fn every_entry_point_is_one_kernel() {
    let mut of_source: BTreeMap<&str, Vec<&Kernel>> = BTreeMap::new();
    kernels().for_each(|kernel| of_source.entry(kernel.source).or_default().push(kernel));
    let entry_points: usize = of_source
        .into_iter()
        .map(|(source, kernels)| parse(kernels[0].label, source).0.entry_points.len())
        .sum();
    assert_eq!(entry_points, kernels().count());
    let written = |text: &String| text.matches("@compute").count();
    let roots_of = |file: &str| match file {
        "tile_results.wgsl" => 3,
        "pooled_sums.wgsl" => 2,
        _ => 1,
    };
    let in_files = shaders();
    let in_files = in_files
        .iter()
        .map(|(path, text)| written(text) * roots_of(path.file_name().unwrap().to_str().unwrap()));
    assert_eq!(entry_points, in_files.sum::<usize>());
}

/// The bytes of a step's row, the uniform block that kernels read, are those that the host writes.
#[test]
fn every_step_is_that_of_the_host() {
    let host = [
        ("index", offset_of!(Step, index)),
        ("source_start", offset_of!(Step, source_start)),
        ("target_start", offset_of!(Step, target_start)),
        ("seed", offset_of!(Step, seed)),
        ("lambda", offset_of!(Step, lambda)),
        ("learning_rate", offset_of!(Step, learning_rate)),
        ("optimizer", offset_of!(Step, optimizer)),
        ("adaptation", offset_of!(Step, adaptation)),
        ("average", offset_of!(Step, average)),
    ];
    let mut steps = 0;
    for Kernel { label, source, bindings, .. } in kernels() {
        let (module, _) = parse(label, source);
        let step = module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some("Step"));
        let Some((_, step)) = step else { continue };
        let TypeInner::Struct { members, span } = &step.inner else { panic!("{label}: Step is no struct") };
        assert_eq!(*span as usize, size_of::<Step>(), "{label}");
        let found: Vec<_> =
            members.iter().map(|m| (m.name.as_deref().unwrap_or_default(), m.offset as usize)).collect();
        assert_eq!(found, host, "{label}");
        steps += usize::from(bindings.iter().any(|binding| binding.name == "step"));
    }
    let reading = kernels().filter(|kernel| kernel.bindings.iter().any(|binding| binding.name == "step"));
    assert_eq!(steps, reading.count(), "kernels that read a step");
    assert!(steps > 0);
}

#[test]
fn kernels_belong_to_the_families_whose_folders_their_shaders_lie_in() {
    let shaders = shaders();
    let mut families = BTreeSet::new();
    for kernel in dann::ops::KERNELS {
        let file = format!("{}.wgsl", kernel.label.split('.').next().unwrap());
        let path = shaders.keys().find(|path| path.ends_with(&file)).unwrap();
        let folder = path.parent().and_then(Path::file_name).unwrap().to_str().unwrap();
        let family = if kernel.variant == Variant::Plain { "shaders" } else { kernel.variant.name() };
        assert_eq!(folder, family, "{}", kernel.label);
        families.insert(kernel.variant);
    }
    assert_eq!(families, Variant::every().collect());
}

#[test]
fn tiles_take_the_workgroup_memory_that_their_family_states() {
    for (variant, label) in [
        (Variant::Workgroup, "workgroup_gemm.forward"),
        (Variant::Half, "half_gemm.forward"),
        (Variant::Cooperative, "cooperative_gemm.forward"),
    ] {
        let kernel = kernels().find(|kernel| kernel.label == label).unwrap();
        let (module, _) = parse(kernel.label, kernel.source);
        let tiles = module.global_variables.iter().filter(|(_, v)| v.space == AddressSpace::WorkGroup);
        let bytes: u32 = tiles.map(|(_, v)| module.types[v.ty].inner.size(module.to_ctx())).sum();
        assert_eq!(bytes, variant.tile_bytes(), "{label}");
        assert!(bytes > 0);
    }
}

/// The texture that stands for a buffer has its slot and is read alone, and nothing else differs.
#[test]
fn mirrors_differ_from_their_kernels_in_what_they_read_alone() {
    let mut mirrors = 0;
    for Kernel { label, source, entry_point, bindings, mirror, .. } in kernels() {
        let Some(mirror) = mirror else { continue };
        let (module, info) = parse(label, mirror.source);
        let entry = module.entry_points.iter().position(|entry| entry.name == *entry_point).unwrap();
        let used =
            |handle: &naga::Handle<naga::GlobalVariable>| !info.get_entry_point(entry)[*handle].is_empty();
        let bound: BTreeMap<u32, bool> = module
            .global_variables
            .iter()
            .filter(|(handle, _)| used(handle))
            .filter_map(|(_, v)| {
                let is_texture = matches!(module.types[v.ty].inner, TypeInner::Image { .. });
                Some((v.binding.as_ref()?.binding, is_texture))
            })
            .collect();
        let is_texture = |slot: u32| mirror.slots.iter().any(|(own, _)| *own == slot);
        let expected = bindings.iter().map(|binding| (binding.slot, is_texture(binding.slot))).collect();
        assert_eq!(bound, expected, "{label}");
        let read = |slot| bindings.iter().any(|b| b.slot == slot && matches!(b.access, Access::Read(_)));
        assert!(mirror.slots.iter().all(|(slot, values)| read(*slot) && [1, 4].contains(values)), "{label}");
        assert!(!source.contains("mirror_texel"), "{label}");
        mirrors += 1;
    }
    assert!(mirrors > 20, "{mirrors}");
}

/// Those of the family for software adapters read textures in place of some buffers, the plain ones that it runs too.
#[test]
fn no_kernel_takes_more_storage_textures_than_the_book_says() {
    let taken = |kernel: &Kernel| {
        let is_texture = |access| matches!(access, Access::ReadTexels(_) | Access::WriteTexels(_));
        let texels = kernel.bindings.iter().filter(|binding| is_texture(binding.access)).count();
        texels + kernel.mirror.as_ref().map_or(0, |mirror| mirror.slots.len())
    };
    let most = dann::ops::KERNELS.iter().map(|kernel| taken(kernel)).max().unwrap();
    let book =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/drivers.md")).unwrap();
    assert!(book.contains(&format!("for `register`: {most} storage textures")), "{most}");
}

#[test]
fn workgroup_sizes_are_constants() {
    for Kernel { label, source, .. } in kernels() {
        let all = source.matches("@workgroup_size(").count();
        let by_name = source.matches("@workgroup_size(WORKGROUP_SIZE)").count();
        assert_eq!(all, by_name, "{label}: a workgroup size is spelled out");
    }
}

/// Recordings fold what is too long for one dimension into two; few cases are that large.
#[test]
fn every_thread_index_unfolds_both_dimensions() {
    for (path, source) in shaders() {
        let indexed = source.matches("@builtin(global_invocation_id)").count();
        let unfolded = source.matches("id.y * workgroups.x * WORKGROUP_SIZE + id.x").count();
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
