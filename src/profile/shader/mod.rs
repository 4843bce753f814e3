//! A compute shader from anywhere: reflected, fed with seeded data, timed, and translated.

mod amount;
mod bind;
mod compare;
mod compile;
mod count;
mod difference;
mod drawn;
mod duel;
mod expect;
mod features;
mod fill;
mod guard;
mod job;
mod layout;
mod literal;
mod numbers;
mod objects;
mod overrides;
mod pipeline;
mod plan;
mod reflect;
mod report;
mod rounds;
mod run;
mod slots;
mod sources;
mod spec;
mod sweep;
mod texels;
mod translate;

pub use super::compiler::{Executable, Statistic, StatisticValue};
pub use amount::{Amount, Amounts};
pub use compare::ShaderComparison;
pub use count::{Counted, Counts, LoopCount, Traffic};
pub use difference::Difference;
pub use drawn::Drawn;
pub use duel::{ComparedOutput, Duel};
pub use expect::{Dump, Expectation};
pub use job::Job;
pub use literal::Literal;
pub use overrides::Override;
pub use pipeline::{Output, Pipeline, ReadyPipeline};
pub use plan::{Filled, Plan, Shape};
pub use reflect::{Kind, Resource, Texture};
pub use report::{BoundResource, ShaderReport};
pub use run::{Bench, Ready};
pub use sources::Define;
pub use spec::{BufferSpec, Content, Place, Rest};
pub use sweep::{Sweep, SweepPoint, SweepReport};
pub use translate::Translation;

use crate::error::{Error, Result, ShaderError};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage};
use std::fmt;
use std::path::{Path, PathBuf};

/// What a shader leaves open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choices {
    /// The entry point; without one there must be a single one.
    pub entry: Option<String>,
    /// The values of override constants.
    pub overrides: Vec<Override>,
    /// Files whose text stands in front of the shader's, in this order.
    pub before: Vec<PathBuf>,
    /// Directories with modules that `#import` or `import` may name, besides the shader's own.
    pub includes: Vec<PathBuf>,
    /// Names for `#ifdef` and `@if` and their kin, for placeholders, and for WESL's module `constants`.
    pub defines: Vec<Define>,
    /// Values for what the shader has of that name: an override constant, or else a name for directives or placeholders.
    pub settings: Vec<Define>,
    /// Whether what is said above is passed over where the shader has none of it, as it is meant for another one too: names,
    /// override constants, and an entry point where there is but one.
    pub is_lenient: bool,
}

impl Choices {
    /// With settings as names for directives and placeholders, too.
    fn with_settings(&self) -> Self {
        let mut all = self.clone();
        all.defines.extend(self.settings.iter().cloned());
        all
    }
}

/// A valid WGSL shader and one of its compute entry points, with override constants in place.
pub struct Shader {
    path: PathBuf,
    source: String,
    overrides: Vec<Override>,
    module: Module,
    info: ModuleInfo,
    entry: usize,
}

impl Shader {
    /// Reads and validates the shader in `path`.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read; [`Error::Input`] with the place in the source where it is no valid
    /// WGSL; [`Error::Shader`] with the entry points, or the override constants, that there are.
    pub fn read(path: &Path, choices: &Choices) -> Result<Self> {
        Self::guarded(path, sources::Text::read(&choices.before, path)?, choices)
    }

    /// The names of the compute entry points of the shader in `path`, in the order of its text.
    ///
    /// # Errors
    /// As [`Shader::read`].
    pub fn entries(path: &Path, choices: &Choices) -> Result<Vec<String>> {
        let text = sources::Text::read(&choices.before, path)?;
        let parsed = guard::caught_deep(|| {
            let text = text.resolved(path, choices)?;
            parsed_text(&path.display().to_string(), &text)
        });
        let (module, _) = parsed.unwrap_or_else(|panicked| Err(panic_of(path, &panicked)))?;
        let compute = module.entry_points.into_iter().filter(|entry| entry.stage == ShaderStage::Compute);
        Ok(compute.map(|entry| entry.name).collect())
    }

    /// As [`Shader::read`], from the file's text; of `choices.before` nothing is read.
    ///
    /// # Errors
    /// As [`Shader::read`].
    pub fn parse(path: &Path, source: String, choices: &Choices) -> Result<Self> {
        Self::guarded(path, sources::Text::of(path, source), choices)
    }

    fn guarded(path: &Path, text: sources::Text, choices: &Choices) -> Result<Self> {
        let parsed = guard::caught_deep(|| Self::parsed(path, text, choices));
        parsed.unwrap_or_else(|panicked| Err(panic_of(path, &panicked)))
    }

    fn parsed(path: &Path, text: sources::Text, choices: &Choices) -> Result<Self> {
        let name = path.display().to_string();
        let choices = &choices.with_settings();
        let text = text.resolved(path, choices)?;
        let (module, info) = parsed_text(&name, &text)?;
        let entry = entry_point(&name, &module, choices)?;
        let overrides = overrides::fitting(&module, choices, &|name| text.asks(name))?;
        let (module, info) = overrides::processed(&module, &info, &entry, &overrides)?;
        let is_it = |point: &naga::EntryPoint| point.stage == ShaderStage::Compute && point.name == entry;
        let entry = module.entry_points.iter().position(is_it).unwrap_or_default();
        let (path, source) = (path.to_owned(), text.text);
        Ok(Self { path, source, overrides, module, info, entry })
    }

    /// The name of the entry point.
    pub fn entry(&self) -> &str {
        &self.module.entry_points[self.entry].name
    }

    /// Where the shader was read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text that drivers' compilers get to see.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The whole number that a constant or an override constant of that name is.
    pub fn constant(&self, name: &str) -> Option<u64> {
        whole_number(&self.module, name).or_else(|| self.abstract_constant(name))
    }

    /// A constant without a type, such as 1024 in WGSL: naga leaves none of them in a module, but what is made of one.
    fn abstract_constant(&self, name: &str) -> Option<u64> {
        const PROBE: &str = "dann_probe";
        let text = format!("{}\nconst {PROBE}: u32 = {name};\n", self.source);
        let module = guard::caught_deep(|| naga::front::wgsl::parse_str(&text)).ok()?.ok()?;
        whole_number(&module, PROBE)
    }

    /// The values that override constants were given.
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// Bytes of workgroup memory that the entry point uses.
    pub fn workgroup_bytes(&self) -> u64 {
        let usage = self.info.get_entry_point(self.entry);
        let used = self.module.global_variables.iter().filter(|(handle, variable)| {
            variable.space == naga::AddressSpace::WorkGroup && !usage[*handle].is_empty()
        });
        let bytes = |variable: &naga::GlobalVariable| {
            u64::from(self.module.types[variable.ty].inner.size(self.module.to_ctx()))
        };
        used.map(|(_, variable)| bytes(variable)).sum()
    }

    /// The entry point's threads in a workgroup.
    pub fn workgroup_size(&self) -> [u32; 3] {
        self.module.entry_points[self.entry].workgroup_size
    }
}

/// The whole number that a constant of that name is.
fn whole_number(module: &naga::Module, name: &str) -> Option<u64> {
    let of_that_name = |constant: &&naga::Constant| constant.name.as_deref() == Some(name);
    let constant = module.constants.iter().map(|(_, constant)| constant).find(of_that_name)?;
    let naga::Expression::Literal(literal) = module.global_expressions[constant.init] else { return None };
    match literal {
        naga::Literal::U32(value) => Some(value.into()),
        naga::Literal::U64(value) => Some(value),
        naga::Literal::I32(value) => value.try_into().ok(),
        naga::Literal::I64(value) => value.try_into().ok(),
        _ => None,
    }
}

impl Shader {
    /// Refuses what a device of such limits cannot dispatch.
    ///
    /// # Errors
    /// [`Error::Input`] naming the limit.
    pub fn check(&self, workgroups: [u32; 3], limits: &wgpu::Limits) -> Result<()> {
        let refused = |name: &str, most: u64, found: u64| {
            let expected = format!("at most {most}, the adapter's {name}");
            if found > most { Err(Error::input(self.entry(), expected, found)) } else { Ok(()) }
        };
        let [x, y, z] = self.workgroup_size().map(u64::from);
        let most = limits.max_compute_workgroups_per_dimension.into();
        let largest = workgroups.into_iter().max().unwrap_or(0);
        refused("max_compute_workgroups_per_dimension", most, largest.into())?;
        let most = limits.max_compute_workgroup_storage_size.into();
        refused("max_compute_workgroup_storage_size", most, self.workgroup_bytes())?;
        refused("max_compute_workgroup_size_x", limits.max_compute_workgroup_size_x.into(), x)?;
        refused("max_compute_workgroup_size_y", limits.max_compute_workgroup_size_y.into(), y)?;
        refused("max_compute_workgroup_size_z", limits.max_compute_workgroup_size_z.into(), z)?;
        let most = limits.max_compute_invocations_per_workgroup.into();
        refused("max_compute_invocations_per_workgroup", most, x.saturating_mul(y).saturating_mul(z))
    }
}

/// The module that a text is, if it is valid.
fn parsed_text(name: &str, text: &sources::Text) -> Result<(Module, ModuleInfo)> {
    let source = &text.text;
    let invalid = |message: String, line: Option<u32>| {
        Error::input(name, "valid WGSL", format!("\n{}", text.explained(&message, line)))
    };
    let module = naga::front::wgsl::parse_str(source).map_err(|e| {
        invalid(e.emit_to_string_with_path(source, name), e.location(source).map(|at| at.line_number))
    })?;
    immediates_fit(name, &module)?;
    // Whether a device can run it, the device says.
    let info =
        Validator::new(ValidationFlags::all(), Capabilities::all()).validate(&module).map_err(|e| {
            invalid(e.emit_to_string_with_path(source, name), e.location(source).map(|at| at.line_number))
        })?;
    Ok((module, info))
}

/// Refuses more immediates than naga has places for, as it panics of them.
fn immediates_fit(name: &str, module: &Module) -> Result<()> {
    const MOST: u32 = 256;
    let all = module.global_variables.iter().map(|(_, variable)| variable);
    let all = all.filter(|variable| variable.space == naga::AddressSpace::Immediate);
    let bytes = all.map(|variable| module.types[variable.ty].inner.size(module.to_ctx())).max();
    match bytes {
        Some(bytes) if bytes > MOST => {
            Err(Error::input(name, format!("at most {MOST} bytes of immediates"), format!("{bytes}")))
        }
        _ => Ok(()),
    }
}

fn panic_of(path: &Path, panicked: &str) -> Error {
    Error::file(path, "WGSL that can be read", format!("a panic of the front end: {panicked}"))
}

fn entry_point(name: &str, module: &Module, choices: &Choices) -> Result<String> {
    let wanted = choices.entry.as_deref();
    let compute = |entry: &&naga::EntryPoint| entry.stage == ShaderStage::Compute;
    let names: Vec<&str> =
        module.entry_points.iter().filter(compute).map(|entry| entry.name.as_str()).collect();
    let only = || names.first().filter(|_| names.len() == 1);
    let chosen = match wanted {
        Some(wanted) => {
            names.iter().find(|&&name| name == wanted).or_else(|| only().filter(|_| choices.is_lenient))
        }
        None => only(),
    };
    chosen.map(|&name| name.to_owned()).ok_or_else(|| {
        Error::Shader(ShaderError::EntryPoint {
            shader: name.to_owned(),
            wanted: wanted.map(str::to_owned),
            found: names.iter().map(|&name| name.to_owned()).collect(),
        })
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
