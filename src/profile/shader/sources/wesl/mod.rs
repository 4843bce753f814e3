//! WESL's forms, by its own compiler: `import package::…;`, `@if(…)`, paths in place.

mod fault;
mod modules;
mod origins;

use super::{Composed, Define, Lines, bindings, is_word, placeholders};
use crate::error::Result;
use crate::profile::shader::Choices;
use modules::Modules;
use std::collections::BTreeMap;
use std::path::Path;
use wesl::syntax::{GlobalDeclaration, Ident, TranslationUnit};
use wesl::{BasicSourceMap, CompileOptions, EscapeMangler, Feature, Features, ModulePath, SourceMap};

/// Whether the file's name says that it is WESL.
pub fn is_named_so(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wesl")
}

/// Whether the text has what WGSL has not: imports, and conditions on what is translated.
pub fn is_used(text: &str) -> bool {
    let code = bindings::without_comments(text);
    let is_import = |line: &str| {
        let rest = line.trim_start().strip_prefix("import");
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_whitespace() || c == '{'))
    };
    code.lines().any(|line| is_import(line) || has_condition(line))
}

fn has_condition(line: &str) -> bool {
    let is_condition = |rest: &str| {
        let rest = rest.trim_start();
        ["if", "elif"]
            .into_iter()
            .filter_map(|word| rest.strip_prefix(word))
            .any(|rest| rest.trim_start().starts_with('('))
    };
    line.split('@').skip(1).any(is_condition)
}

/// Whether a condition or an import of `constants` asks for that name.
pub fn asks(text: &str, name: &str) -> bool {
    let code = &bindings::without_comments(text);
    let is_import = |statement: &str| {
        placeholders::has_word(statement, "import") && placeholders::has_word(statement, modules::CONSTANTS)
    };
    // The module may have another name where it is imported.
    let has_constants = || placeholders::has_word(code, modules::CONSTANTS);
    code.split('@').skip(1).filter_map(condition).any(|asked| placeholders::has_word(asked, name))
        || code.split(';').any(|statement| is_import(statement) && placeholders::has_word(statement, name))
        || has_constants()
            && code.split("::").skip(1).any(|rest| rest.split(|c| !is_word(c)).next() == Some(name))
}

/// What stands between the brackets of `@if(…)`, of which the text begins behind `@`.
fn condition(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let text = ["if", "elif"].into_iter().find_map(|word| text.strip_prefix(word))?;
    let text = text.trim_start().strip_prefix('(')?;
    let mut depth = 1;
    let end = text.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    Some(&text[..end.unwrap_or(text.len())])
}

/// Puts the modules in that the shader in `path` imports, and leaves out what the conditions say.
///
/// # Errors
/// [`Error::Input`] naming the file and the line, and what the compiler says of it.
pub fn composed(path: &Path, text: &str, choices: &Choices) -> Result<Composed> {
    let modules = Modules::near(path, text, choices);
    let options = CompileOptions {
        // What it does not know of naga's own, naga finds.
        validate: false,
        keep_root: true,
        features: features(&choices.defines),
        ..CompileOptions::default()
    };
    let result = wesl::compile_sourcemap(modules.root(), &modules, &EscapeMangler, &options);
    let result = result.map_err(|e| fault::told(e, &modules))?;
    let names = result.sourcemap.unwrap_or_default();
    let imported = plainly_named(&result.syntax, &names);
    let (text, origins) = origins::written(&result.syntax, &imported, &modules);
    Ok(Composed { text, modules: modules.texts(), lines: Lines::From(origins) })
}

/// A name by itself or with a truth value is a feature; others are constants.
fn features(defines: &[Define]) -> Features {
    let feature = |define: &Define| {
        let is_on = define.value.as_deref().map_or(Ok(true), str::parse::<bool>).ok()?;
        Some((define.name.clone(), Feature::from(is_on)))
    };
    Features { default: Feature::Disable, flags: defines.iter().filter_map(feature).collect() }
}

/// By the names that they have in the composed text, the modules that declarations come from and their names there.
type Imported = BTreeMap<String, (ModulePath, String)>;

/// Gives what was imported the name that it has in its module, wherever nothing else in the text is called so.
fn plainly_named(syntax: &TranslationUnit, names: &BasicSourceMap) -> Imported {
    let text = syntax.to_string();
    let imported = |declaration: &GlobalDeclaration| {
        let ident = name_of(declaration)?;
        let (module, item) =
            names.get_decl(&ident.name()).map(|(module, item)| (module.clone(), item.to_owned()))?;
        Some((ident, module, item))
    };
    let all: Vec<(Ident, ModulePath, String)> =
        syntax.global_declarations.iter().filter_map(|declaration| imported(declaration)).collect();
    let mut by_name = Imported::new();
    for (ident, module, item) in &all {
        let is_alone = all.iter().filter(|(.., other)| other == item).count() == 1;
        if is_alone && !placeholders::has_word(&text, item) {
            ident.clone().rename(item.clone());
        }
        by_name.insert(ident.name().to_string(), (module.clone(), item.clone()));
    }
    by_name
}

fn name_of(declaration: &GlobalDeclaration) -> Option<Ident> {
    match declaration {
        GlobalDeclaration::Declaration(declaration) => Some(declaration.ident.clone()),
        GlobalDeclaration::TypeAlias(alias) => Some(alias.ident.clone()),
        GlobalDeclaration::Struct(structure) => Some(structure.ident.clone()),
        GlobalDeclaration::Function(function) => Some(function.ident.clone()),
        GlobalDeclaration::ConstAssert(_) | GlobalDeclaration::Void => None,
    }
}

#[cfg(test)]
mod tests;
