//! The shader in the languages that drivers take, as wgpu's back ends give it to them.

use super::{Resource, Shader, guard, slots};
use crate::error::{Error, Result};
use crate::gpu::ShaderChecks;
use crate::profile::compiler::SpirvTarget;
use naga::ShaderStage;
use naga::back::{glsl, hlsl, msl, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// One translation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Translation {
    /// The language.
    pub language: &'static str,
    /// The file that was written; none where the language has no words for the shader.
    pub file: Option<PathBuf>,
    /// Why there is no file.
    pub refused: Option<String>,
}

/// What a back end gives.
type Translated = std::result::Result<Vec<u8>, String>;
/// A language, the extension of its files and its back end.
type Language = (&'static str, &'static str, fn(&Translator<'_>) -> Translated);

/// What a back end has to know.
struct Translator<'a> {
    shader: &'a Shader,
    resources: &'a [Resource],
    is_checked: bool,
}

impl Shader {
    /// Writes the entry point as SPIR-V, MSL, HLSL and GLSL into `directory`, which is made if need be: as drivers get it
    /// that offer Vulkan 1.3, Metal 3.1, shader model 6.6 and OpenGL ES 3.2, with `checks` or without.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be written; what a back end refuses is said in its translation.
    pub fn translate(
        &self,
        resources: &[Resource],
        checks: ShaderChecks,
        directory: &Path,
    ) -> Result<Vec<Translation>> {
        std::fs::create_dir_all(directory).map_err(Error::io(directory, "create the directory"))?;
        let all: [Language; 4] = [
            ("SPIR-V", "spv", |translator| Ok(bytes(translator.spirv(SpirvTarget::LATEST)?))),
            ("MSL", "metal", |translator| translator.msl()),
            ("HLSL", "hlsl", |translator| translator.hlsl()),
            ("GLSL", "comp", |translator| translator.glsl()),
        ];
        let translator = Translator { shader: self, resources, is_checked: checks == ShaderChecks::Checked };
        let write = |(language, extension, translate): Language| {
            let file = directory.join(format!("{}.{extension}", self.entry()));
            let translated = guard::caught(|| translate(&translator))
                .unwrap_or_else(|panicked| Err(format!("its back end panicked: {panicked}")));
            match translated {
                Ok(bytes) => {
                    std::fs::write(&file, bytes).map_err(Error::io(&file, "write"))?;
                    Ok(Translation { language, file: Some(file), refused: None })
                }
                Err(refused) => Ok(Translation { language, file: None, refused: Some(refused) }),
            }
        };
        all.into_iter().map(write).collect()
    }

    /// The entry point as SPIR-V for a driver of that kind; else why not.
    pub(super) fn spirv(
        &self,
        resources: &[Resource],
        checks: ShaderChecks,
        target: SpirvTarget,
    ) -> std::result::Result<Vec<u32>, String> {
        let translator = Translator { shader: self, resources, is_checked: checks == ShaderChecks::Checked };
        guard::caught(|| translator.spirv(target)).unwrap_or_else(Err)
    }
}

fn bytes(words: Vec<u32>) -> Vec<u8> {
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

impl Translator<'_> {
    fn entry(&self) -> (ShaderStage, String) {
        (ShaderStage::Compute, self.shader.entry().to_owned())
    }

    fn policy(&self) -> BoundsCheckPolicy {
        if self.is_checked { BoundsCheckPolicy::Restrict } else { BoundsCheckPolicy::Unchecked }
    }

    fn spirv(&self, target: SpirvTarget) -> std::result::Result<Vec<u32>, String> {
        // Where the device does not check an access itself, the shader has to.
        let unless = |checks| if checks { BoundsCheckPolicy::Unchecked } else { self.policy() };
        let bounds_check_policies = BoundsCheckPolicies {
            index: self.policy(),
            buffer: unless(target.checks_buffers),
            image_load: unless(target.checks_images),
            ..unchecked()
        };
        let options = spv::Options {
            lang_version: target.version,
            flags: spv::WriterFlags::LABEL_VARYINGS | spv::WriterFlags::FORCE_POINT_SIZE,
            binding_map: slots::spirv(self.resources),
            bounds_check_policies,
            zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::Native,
            force_loop_bounding: self.is_checked,
            emit_int_div_checks: self.is_checked,
            fake_missing_bindings: false,
            ..Default::default()
        };
        let (shader_stage, entry_point) = self.entry();
        let pipeline = spv::PipelineOptions { shader_stage, entry_point };
        let Shader { module, info, .. } = self.shader;
        spv::write_vec(module, info, &options, Some(&pipeline)).map_err(|e| e.to_string())
    }

    fn msl(&self) -> Translated {
        let policy = self.policy();
        let resources = slots::msl(self.resources);
        let options = msl::Options {
            lang_version: (3, 1),
            per_entry_point_map: [(self.shader.entry().to_owned(), resources)].into(),
            bounds_check_policies: BoundsCheckPolicies {
                index: policy,
                buffer: policy,
                image_load: policy,
                ..unchecked()
            },
            force_loop_bounding: self.is_checked,
            emit_int_div_checks: self.is_checked,
            fake_missing_bindings: false,
            ..Default::default()
        };
        let arrays = self.resources.iter().filter_map(|resource| {
            let binding = naga::ResourceBinding { group: resource.group, binding: resource.binding };
            Some((binding, resource.count?))
        });
        let pipeline = msl::PipelineOptions {
            entry_point: Some(self.entry()),
            binding_array_length_map: arrays.collect(),
            ..Default::default()
        };
        let Shader { module, info, .. } = self.shader;
        let (text, names) =
            msl::write_string(module, info, &options, &pipeline).map_err(|e| e.to_string())?;
        named(text, names.entry_point_names)
    }

    fn hlsl(&self) -> Translated {
        let registers = slots::hlsl(self.resources);
        let options = hlsl::Options {
            shader_model: hlsl::ShaderModel::V6_6,
            binding_map: registers.bindings,
            sampler_buffer_binding_map: registers.samplers,
            immediates_target: registers.immediates,
            special_constants_binding: Some(registers.special),
            sampler_heap_target: hlsl::SamplerHeapBindTargets {
                standard_samplers: hlsl::BindTarget::default(),
                comparison_samplers: hlsl::BindTarget { register: 2048, ..Default::default() },
            },
            restrict_indexing: self.is_checked,
            force_loop_bounding: self.is_checked,
            fake_missing_bindings: false,
            ..Default::default()
        };
        let pipeline = hlsl::PipelineOptions { entry_point: Some(self.entry()) };
        let mut text = String::new();
        let Shader { module, info, .. } = self.shader;
        let names = hlsl::Writer::new(&mut text, &options, &pipeline)
            .write(module, info, None)
            .map_err(|e| e.to_string())?;
        named(text, names.entry_point_names)
    }

    /// It has no checks to choose: OpenGL's own have to do.
    fn glsl(&self) -> Translated {
        let (shader_stage, entry_point) = self.entry();
        let pipeline = glsl::PipelineOptions { shader_stage, entry_point, multiview: None };
        let options = glsl::Options {
            version: glsl::Version::new_gles(320),
            writer_flags: glsl::WriterFlags::ADJUST_COORDINATE_SPACE | glsl::WriterFlags::FORCE_POINT_SIZE,
            binding_map: slots::glsl(self.resources),
            zero_initialize_workgroup_memory: true,
        };
        let mut text = String::new();
        let Shader { module, info, .. } = self.shader;
        glsl::Writer::new(&mut text, module, info, &options, &pipeline, unchecked())
            .and_then(|mut writer| writer.write())
            .map_err(|e| e.to_string())?;
        Ok(text.into_bytes())
    }
}

fn unchecked() -> BoundsCheckPolicies {
    BoundsCheckPolicies {
        index: BoundsCheckPolicy::Unchecked,
        buffer: BoundsCheckPolicy::Unchecked,
        image_load: BoundsCheckPolicy::Unchecked,
        binding_array: BoundsCheckPolicy::Unchecked,
    }
}

/// The text, unless the entry point could not be named in it.
fn named<E: std::fmt::Display>(text: String, names: Vec<std::result::Result<String, E>>) -> Translated {
    for name in names {
        name.map_err(|e| e.to_string())?;
    }
    Ok(text.into_bytes())
}
