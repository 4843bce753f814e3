//! The shader in the languages that drivers take.

use super::Shader;
use crate::error::{Error, Result};
use naga::ShaderStage;
use naga::back::{glsl, hlsl, msl, spv};
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
type Language = (&'static str, &'static str, fn(&Shader) -> Translated);

impl Shader {
    /// Writes the entry point as SPIR-V, MSL, HLSL and GLSL into `directory`, which is made if need be.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be written; what a back end refuses is said in its translation.
    pub fn translate(&self, directory: &Path) -> Result<Vec<Translation>> {
        std::fs::create_dir_all(directory).map_err(Error::io(directory, "create the directory"))?;
        let all: [Language; 4] = [
            ("SPIR-V", "spv", Self::spirv),
            ("MSL", "metal", Self::msl),
            ("HLSL", "hlsl", Self::hlsl),
            ("GLSL", "comp", Self::glsl),
        ];
        let write = |(language, extension, translate): Language| {
            let file = directory.join(format!("{}.{extension}", self.entry()));
            match translate(self) {
                Ok(bytes) => {
                    std::fs::write(&file, bytes).map_err(Error::io(&file, "write"))?;
                    Ok(Translation { language, file: Some(file), refused: None })
                }
                Err(refused) => Ok(Translation { language, file: None, refused: Some(refused) }),
            }
        };
        all.into_iter().map(write).collect()
    }

    fn spirv(&self) -> Translated {
        let pipeline =
            spv::PipelineOptions { shader_stage: ShaderStage::Compute, entry_point: self.entry().to_owned() };
        let words = spv::write_vec(&self.module, &self.info, &spv::Options::default(), Some(&pipeline));
        Ok(words.map_err(|e| e.to_string())?.into_iter().flat_map(u32::to_le_bytes).collect())
    }

    fn msl(&self) -> Translated {
        let entry_point = Some((ShaderStage::Compute, self.entry().to_owned()));
        let pipeline = msl::PipelineOptions { entry_point, ..Default::default() };
        let (text, names) = msl::write_string(&self.module, &self.info, &msl::Options::default(), &pipeline)
            .map_err(|e| e.to_string())?;
        checked(text, names.entry_point_names)
    }

    fn hlsl(&self) -> Translated {
        let entry_point = Some((ShaderStage::Compute, self.entry().to_owned()));
        let pipeline = hlsl::PipelineOptions { entry_point };
        let (options, mut text) = (hlsl::Options::default(), String::new());
        let names = hlsl::Writer::new(&mut text, &options, &pipeline)
            .write(&self.module, &self.info, None)
            .map_err(|e| e.to_string())?;
        checked(text, names.entry_point_names)
    }

    fn glsl(&self) -> Translated {
        let pipeline = glsl::PipelineOptions {
            shader_stage: ShaderStage::Compute,
            entry_point: self.entry().to_owned(),
            multiview: None,
        };
        let (options, mut text) = (glsl::Options::default(), String::new());
        let policies = naga::proc::BoundsCheckPolicies::default();
        glsl::Writer::new(&mut text, &self.module, &self.info, &options, &pipeline, policies)
            .and_then(|mut writer| writer.write())
            .map_err(|e| e.to_string())?;
        Ok(text.into_bytes())
    }
}

/// The text, unless the entry point could not be named in it.
fn checked<E: std::fmt::Display>(text: String, names: Vec<std::result::Result<String, E>>) -> Translated {
    for name in names {
        name.map_err(|e| e.to_string())?;
    }
    Ok(text.into_bytes())
}
