//! The modules that a shader imports, by the files that hold them.

use crate::profile::shader::Choices;
use crate::profile::shader::sources::{Define, is_word, placeholders, size};
use std::borrow::Cow;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use wesl::syntax::PathOrigin;
use wesl::{Diagnostic, Error, ModulePath, ResolveError, Resolver};

/// The package of what the definitions say.
pub const CONSTANTS: &str = "constants";
/// The file that stands for a package itself.
const ROOT: &str = "package";

/// A shader and where its modules may lie.
pub struct Modules<'a> {
    root: ModulePath,
    path: &'a Path,
    text: &'a str,
    places: Vec<PathBuf>,
    defines: &'a [Define],
    /// What was read.
    texts: RefCell<Vec<(ModulePath, String)>>,
}

impl<'a> Modules<'a> {
    /// Those beside the shader in `path`, and those in the directories to include. In one of these, the shader stands at its own
    /// path from there.
    pub fn near(path: &'a Path, text: &'a str, choices: &'a Choices) -> Self {
        let beside = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let within = choices.includes.iter().find_map(|directory| components(directory, path));
        let name = || path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let components = within.unwrap_or_else(|| name().into_iter().collect());
        let places = std::iter::once(beside.to_owned()).chain(choices.includes.iter().cloned()).collect();
        let root = ModulePath::new(PathOrigin::Absolute, components);
        Self { root, path, text, places, defines: &choices.defines, texts: RefCell::default() }
    }

    /// The path that the shader itself has.
    pub fn root(&self) -> &ModulePath {
        &self.root
    }

    /// The file of a module, if there is one.
    pub fn file(&self, module: &ModulePath) -> Option<PathBuf> {
        if *module == self.root {
            return Some(self.path.to_owned());
        }
        let at = |directory: PathBuf, components: &[String]| {
            let mut file = directory;
            file.extend(components);
            ["wesl", "wgsl"].into_iter().map(|extension| file.with_extension(extension)).find(|f| f.is_file())
        };
        let components = match module.components.is_empty() {
            true => &[ROOT.to_owned()][..],
            false => &module.components,
        };
        let of_package = |name: &str| {
            let is_it = |place: &Path| place.file_name().is_some_and(|own| own == name);
            let in_directory = self.places.iter().find_map(|place| {
                at(place.join(name), components)
                    .or_else(|| at(place.clone(), components).filter(|_| is_it(place)))
            });
            let alone = || self.places.iter().find_map(|place| at(place.clone(), &[name.to_owned()]));
            in_directory.or_else(|| alone().filter(|_| module.components.is_empty()))
        };
        match &module.origin {
            // The package of a package is written behind its name.
            PathOrigin::Package(name) => of_package(name.rsplit('/').next().unwrap_or(name)),
            PathOrigin::Absolute | PathOrigin::Relative(_) => {
                self.places.iter().find_map(|place| at(place.clone(), components))
            }
        }
    }

    /// The text of a module that was read, or of the shader.
    pub fn text(&self, module: &ModulePath) -> Option<String> {
        if *module == self.root {
            return Some(self.text.to_owned());
        }
        self.texts.borrow().iter().find(|(own, _)| own == module).map(|(_, text)| text.clone())
    }

    /// All modules that were put in, the shader first.
    pub fn all(&self) -> Vec<ModulePath> {
        let read = self.texts.borrow();
        std::iter::once(&self.root).chain(read.iter().map(|(module, _)| module)).cloned().collect()
    }

    /// The texts of all modules that were put in, other than what definitions say.
    pub fn texts(&self) -> String {
        let texts = self.texts.borrow();
        let of_files = texts.iter().filter(|(module, _)| !is_constants(module));
        of_files.map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Where modules are looked for.
    pub fn places(&self) -> String {
        self.places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ")
    }

    /// The definitions with values as a module.
    fn constants(&self) -> String {
        let is_literal =
            |value: &str| !value.is_empty() && value.chars().all(|c| is_word(c) || ".+-".contains(c));
        let constant = |define: &Define| {
            let value = define.value.as_deref().filter(|value| is_literal(value))?;
            Some(format!("const {} = {value};\n", define.name))
        };
        self.defines.iter().filter_map(constant).collect()
    }
}

/// The components of `path` below `directory`; none where it lies elsewhere.
fn components(directory: &Path, path: &Path) -> Option<Vec<String>> {
    let [directory, path] = [directory, path].map(|path| path.canonicalize().ok());
    let path = path?.with_extension("");
    let below = path.strip_prefix(directory?).ok()?;
    Some(below.iter().map(|part| part.to_string_lossy().into_owned()).collect())
}

/// Whether a module is that of the definitions.
pub fn is_constants(module: &ModulePath) -> bool {
    match &module.origin {
        PathOrigin::Package(name) => name.rsplit('/').next() == Some(CONSTANTS),
        _ => false,
    }
}

impl Resolver for Modules<'_> {
    fn resolve_source<'a>(&'a self, module: &ModulePath) -> Result<Cow<'a, str>, ResolveError> {
        if *module == self.root {
            return Ok(self.text.into());
        }
        let text = match self.file(module) {
            None if is_constants(module) => self.constants(),
            None => return Err(ResolveError::ModuleNotFound(module.clone(), self.places())),
            Some(file) => {
                let unread = |e: std::io::Error| ResolveError::FileNotFound(file.clone(), e.to_string());
                let text =
                    placeholders::filled(&std::fs::read_to_string(&file).map_err(unread)?, self.defines);
                let too_large = |(expected, found): size::Excess| {
                    let said = Error::Custom(format!("expected {expected}, found {found}"));
                    Diagnostic::from(said).with_module_path(module.clone(), self.display_name(module))
                };
                size::checked(&text).map_err(too_large)?;
                text
            }
        };
        self.texts.borrow_mut().push((module.clone(), text.clone()));
        Ok(text.into())
    }

    fn display_name(&self, module: &ModulePath) -> Option<String> {
        self.file(module).map(|file| file.display().to_string())
    }
}
