//! A compute shader from anywhere: reflected, fed with seeded data, timed, and translated.

mod fill;
mod reflect;
mod run;
mod translate;

pub use fill::{BufferSpec, Content};
pub use reflect::{Resource, Space};
pub use run::{Job, ShaderTimes};
pub use translate::Translation;

use crate::error::{Error, Result};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage};
use std::fmt;
use std::path::{Path, PathBuf};

/// A valid WGSL shader and one of its compute entry points.
pub struct Shader {
    path: PathBuf,
    source: String,
    module: Module,
    info: ModuleInfo,
    entry: usize,
}

impl Shader {
    /// Reads and validates the shader in `path`; without `entry` it must have a single compute entry point.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read; [`Error::Input`] with the place in the source where it is no valid
    /// WGSL, or with the entry points that there are.
    pub fn read(path: &Path, entry: Option<&str>) -> Result<Self> {
        let source = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
        Self::parse(path, source, entry)
    }

    /// As [`Shader::read`], from the file's text.
    ///
    /// # Errors
    /// As [`Shader::read`].
    pub fn parse(path: &Path, source: String, entry: Option<&str>) -> Result<Self> {
        let name = path.display().to_string();
        let invalid =
            |message: String| Error::input(&name, "valid WGSL", format!("\n{}", message.trim_end()));
        let module = naga::front::wgsl::parse_str(&source)
            .map_err(|e| invalid(e.emit_to_string_with_path(&source, &name)))?;
        // Whether a device can run it, the device says.
        let info = Validator::new(ValidationFlags::all(), Capabilities::all())
            .validate(&module)
            .map_err(|e| invalid(e.emit_to_string_with_path(&source, &name)))?;
        let entry = entry_point(&name, &module, entry)?;
        Ok(Self { path: path.to_owned(), source, module, info, entry })
    }

    /// The name of the entry point.
    pub fn entry(&self) -> &str {
        &self.module.entry_points[self.entry].name
    }

    /// Where the shader was read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The entry point's threads in a workgroup.
    pub fn workgroup_size(&self) -> [u32; 3] {
        self.module.entry_points[self.entry].workgroup_size
    }
}

fn entry_point(name: &str, module: &Module, wanted: Option<&str>) -> Result<usize> {
    let all = || {
        let compute = |(_, entry): &(usize, &naga::EntryPoint)| entry.stage == ShaderStage::Compute;
        module.entry_points.iter().enumerate().filter(compute)
    };
    let names: Vec<&str> = all().map(|(_, entry)| entry.name.as_str()).collect();
    let chosen = match wanted {
        Some(wanted) => all().find(|(_, entry)| entry.name == wanted),
        None => all().next().filter(|_| names.len() == 1),
    };
    chosen.map(|(index, _)| index).ok_or_else(|| Error::EntryPoint {
        shader: name.to_owned(),
        wanted: wanted.map(str::to_owned),
        found: names.iter().map(|&name| name.to_owned()).collect(),
    })
}

impl fmt::Debug for Shader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shader")
            .field("path", &self.path)
            .field("entry", &self.module.entry_points[self.entry].name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
