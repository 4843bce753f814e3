//! What the compiler says against a shader, as an error that names the file and the line.

use super::modules::{Modules, is_constants};
use crate::error::Error;
use crate::profile::shader::sources::{bindings, placeholders};
use std::fmt::Write as _;
use wesl::{Diagnostic, ImportError, ModulePath, ResolveError};

/// More of what could stand at a place says nothing.
const LONGEST: usize = 160;

pub fn told(error: wesl::Error, modules: &Modules<'_>) -> Error {
    let Diagnostic { error, detail } = Diagnostic::from(error);
    let module = detail.module_path.as_ref().unwrap_or_else(|| modules.root());
    let file = modules.file(module).map_or_else(|| module.to_string(), |file| file.display().to_string());
    let text = modules.text(module).unwrap_or_default();
    let at = |line: Option<usize>| line.map_or_else(|| file.clone(), |line| format!("{file}:{line}"));
    match &*error {
        wesl::Error::ImportError(ImportError::ResolveError(e)) | wesl::Error::ResolveError(e) => match e {
            ResolveError::ModuleNotFound(wanted, places) => {
                let expected = format!("a module {wanted} in {places} (an include directory adds a place)");
                Error::input(at(line_of_module(&text, wanted)), expected, "none")
            }
            other => Error::input(file, "modules that can be read", other),
        },
        wesl::Error::ImportError(ImportError::MissingDecl(of, name)) => {
            let expected = match is_constants(of) {
                true => format!("a value of {name} (define {name}=VALUE gives one)"),
                false => format!("a declaration {name} in {}", declared_in(of, modules)),
            };
            Error::input(asked(name, of, modules).unwrap_or(file), expected, "none")
        }
        other => {
            let said = shortened(match other {
                wesl::Error::ParseError(e) => e.error.to_string(),
                other => other.to_string(),
            });
            let place = detail.span.and_then(|span| Place::of(&text, span.range().start));
            let found = place.map_or_else(|| said.clone(), |place| place.shown(&said));
            Error::input(at(place.map(|place| place.line)), "WESL that can be compiled", found)
        }
    }
}

/// The file and the line of another module than `of` that asks for what it does not declare.
fn asked(name: &str, of: &ModulePath, modules: &Modules<'_>) -> Option<String> {
    modules.all().iter().filter(|module| *module != of).find_map(|module| {
        let line = line_of(&modules.text(module)?, name)?;
        Some(format!("{}:{line}", modules.file(module)?.display()))
    })
}

fn declared_in(module: &ModulePath, modules: &Modules<'_>) -> String {
    modules.file(module).map_or_else(|| module.to_string(), |file| file.display().to_string())
}

fn shortened(said: String) -> String {
    match said.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &said[..end]),
        None => said,
    }
}

/// The first line that names a module.
fn line_of_module(text: &str, module: &ModulePath) -> Option<usize> {
    let name = module.components.last().cloned();
    name.or_else(|| module.to_string().rsplit('/').next().map(str::to_owned))
        .and_then(|name| line_of(text, &name))
}

/// The first line that imports a name or has it behind a path, else the first that has it.
fn line_of(text: &str, name: &str) -> Option<usize> {
    let code = bindings::without_comments(text);
    let place = |is_meant: &dyn Fn(&str) -> bool| {
        code.lines().position(|line| placeholders::has_word(line, name) && is_meant(line))
    };
    place(&|line| line.contains("::") || line.trim_start().starts_with("import"))
        .or_else(|| place(&|_| true))
        .map(|line| line + 1)
}

/// A place in a text.
#[derive(Clone, Copy)]
struct Place<'a> {
    line: usize,
    column: usize,
    text: &'a str,
}

impl<'a> Place<'a> {
    fn of(text: &'a str, byte: usize) -> Option<Self> {
        let before = text.get(..byte)?;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[start..].chars().count() + 1;
        Some(Self { line, column, text: text[start..].lines().next().unwrap_or_default() })
    }

    /// The line with a mark below it.
    fn shown(&self, said: &str) -> String {
        let Self { line, column, text } = self;
        let mut shown = format!("{said}\n{line} │ {text}\n");
        let width = line.to_string().len() + 2 + column;
        let _ = write!(shown, "{:>width$}", "^", width = width + 1);
        shown
    }
}
