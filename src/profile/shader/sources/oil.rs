//! Directives as naga_oil has them, which Bevy's shaders use: `#ifdef`, `#if`, `#define`, `#import`.

use super::directives::{Given, Located, followed};
use super::{Composed, Define, Lines, bindings, placeholders};
use crate::error::{Error, Result};
use crate::profile::shader::Choices;
use naga::back::wgsl::{WriterFlags, write_string};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga_oil::compose::preprocess::Preprocessor;
use naga_oil::compose::{
    ComposableModuleDescriptor, Composer, ComposerError, NagaModuleDescriptor, ShaderDefValue,
    get_preprocessor_data,
};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Whether a line begins with `#`, as none of WGSL does.
pub fn has_directives(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with('#'))
}

/// Follows the directives of the shader in `path`.
///
/// # Errors
/// [`Error::Input`] naming the shader, or the line of a directive, and what is wrong; or a module that is not there.
pub fn composed(path: &Path, text: &str, choices: &Choices, located: Located<'_>) -> Result<Composed> {
    let mut given = given(&choices.defines);
    let text = &followed(text, &mut given, false, located)?;
    if !text.lines().any(|line| line.trim_start().starts_with("#import")) {
        let preprocessed = Preprocessor::default().preprocess(text, &values(&given));
        let preprocessed = preprocessed.map_err(|e| {
            Error::input(path.display(), "directives that fit together", e.to_string().trim_end())
        })?;
        let (text, modules) = (preprocessed.preprocessed_source, String::new());
        return Ok(Composed { text, modules, lines: Lines::Kept });
    }
    // naga_oil asks for bindings.
    let text = &bindings::assigned(text);
    let modules = Modules::near(path, choices)?;
    let mut composer = Composer::default().with_capabilities(Capabilities::all());
    let mut put_in = Vec::new();
    for import in get_preprocessor_data(text).1 {
        modules.add(&import.import, path, &given, &mut composer, &mut put_in)?;
    }
    let (file_path, used) = (path.display().to_string(), modules.text_of(&put_in));
    let shader_defs = values(&given);
    let descriptor =
        NagaModuleDescriptor { source: text, file_path: &file_path, shader_defs, ..Default::default() };
    let module = composer.make_naga_module(descriptor).map_err(|e| invalid(path, &composer, &e))?;
    Ok(Composed { text: written(path, &module)?, modules: used, lines: Lines::Lost })
}

fn invalid(path: &Path, composer: &Composer, e: &ComposerError) -> Error {
    let said = e.emit_to_string(composer);
    Error::input(path.display(), "WGSL that naga_oil can compose", format!("\n{}", said.trim_end()))
}

/// What names stand for where a directive asks: numbers and truth values.
fn given(defines: &[Define]) -> Given {
    let value = |text: &str| {
        let number = text.strip_suffix('u').map(str::parse::<u32>);
        match (text.parse::<bool>(), number, text.strip_suffix('i').unwrap_or(text).parse::<i32>()) {
            (Ok(truth), ..) => Some(ShaderDefValue::Bool(truth)),
            (_, Some(Ok(number)), _) => Some(ShaderDefValue::UInt(number)),
            (.., Ok(number)) => Some(ShaderDefValue::Int(number)),
            _ => None,
        }
    };
    let known = |define: &Define| define.value.as_deref().map_or(Some(ShaderDefValue::Bool(true)), value);
    defines.iter().map(|define| (define.name.clone(), known(define))).collect()
}

/// Those of them that naga_oil knows, for lines in which a name stands for its value.
fn values(given: &Given) -> HashMap<String, ShaderDefValue> {
    given.iter().filter_map(|(name, value)| Some((name.clone(), (*value)?))).collect()
}

/// The modules that can be imported: by the path that they define, or by their file's name in quotes.
struct Modules {
    by_name: BTreeMap<String, (PathBuf, String)>,
    places: Vec<PathBuf>,
}

/// No include directory is searched deeper.
const DEEPEST: usize = 8;

impl Modules {
    /// Those beside the shader, and those in the directories to include and below.
    fn near(path: &Path, choices: &Choices) -> Result<Self> {
        let beside = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut modules = Self { by_name: BTreeMap::new(), places: vec![beside.to_owned()] };
        for directory in &choices.includes {
            let deepest = DEEPEST;
            modules.search(directory, directory, deepest, &choices.defines)?;
            modules.places.push(directory.clone());
        }
        // A shader given as text has no neighbours.
        if beside.is_dir() {
            modules.search(beside, beside, 0, &choices.defines)?;
        }
        Ok(modules)
    }

    fn search(&mut self, root: &Path, directory: &Path, deeper: usize, defines: &[Define]) -> Result<()> {
        let entries = std::fs::read_dir(directory).map_err(Error::io(directory, "read"))?;
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<_>>>()
            .map_err(Error::io(directory, "read"))?;
        paths.sort();
        for path in paths {
            if path.is_dir() {
                if deeper > 0 && !path.is_symlink() {
                    self.search(root, &path, deeper - 1, defines)?;
                }
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "wgsl") {
                continue;
            }
            // What is not read is no module, and is missed where it is imported.
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let text = placeholders::filled(&text, defines);
            let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            let name = get_preprocessor_data(&text).0.unwrap_or_else(|| format!("\"{file}\""));
            self.by_name.entry(name).or_insert((path, text));
        }
        Ok(())
    }

    /// Adds a module, those that it imports before it.
    fn add(
        &self,
        name: &str,
        importer: &Path,
        given: &Given,
        composer: &mut Composer,
        put_in: &mut Vec<String>,
    ) -> Result<()> {
        if put_in.iter().any(|known| known == name) {
            return Ok(());
        }
        let Some((path, text)) = self.by_name.get(name) else {
            let places: Vec<String> = self.places.iter().map(|place| place.display().to_string()).collect();
            let expected =
                format!("a module {name} in {} (an include directory adds a place)", places.join(", "));
            return Err(Error::input(importer.display(), expected, "none"));
        };
        put_in.push(name.to_owned());
        let located = |line: usize| format!("{}:{line}", path.display());
        // What stands in conditions that do not hold needs no modules.
        let text = &followed(text, &mut given.clone(), true, &located)?;
        for import in get_preprocessor_data(text).1 {
            self.add(&import.import, path, given, composer, put_in)?;
        }
        let file_path = path.display().to_string();
        let descriptor = ComposableModuleDescriptor {
            source: text,
            file_path: &file_path,
            as_name: Some(name.to_owned()),
            shader_defs: values(given),
            ..Default::default()
        };
        let added = composer.add_composable_module(descriptor).map(drop);
        added.map_err(|e| invalid(path, composer, &e))
    }

    fn text_of(&self, names: &[String]) -> String {
        names.iter().filter_map(|name| self.by_name.get(name)).map(|(_, text)| text.as_str()).collect()
    }
}

/// A composed module as WGSL, which is what drivers' compilers are given in the end. Its names are those of the files where
/// that leaves them apart.
fn written(path: &Path, module: &naga::Module) -> Result<String> {
    let cannot = |e: &dyn std::fmt::Display| Error::input(path.display(), "a shader that can be composed", e);
    let info = Validator::new(ValidationFlags::all(), Capabilities::all()).validate(module);
    let info = info.map_err(|e| cannot(&e.into_inner()))?;
    let text = write_string(module, &info, WriterFlags::empty()).map_err(|e| cannot(&e))?;
    let plain = undecorated(&text);
    Ok(if naga::front::wgsl::parse_str(&plain).is_ok() { plain } else { text })
}

/// Without the marks of modules that naga_oil puts behind names.
fn undecorated(text: &str) -> String {
    const MARK: &str = "X_naga_oil_mod_X";
    let mut parts = text.split(MARK);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let behind = part.find('X').map_or(part, |end| &part[end + 1..]);
        // Of a name that ends in a digit, the writer adds a line below.
        result.push_str(behind);
    }
    result
}
