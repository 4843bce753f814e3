//! Override constants: what they are set to, and the module with them in place.

use super::literal::Literal;
use super::{Choices, Define};
use crate::error::{Error, Result, ShaderError};
use naga::back::pipeline_constants::{PipelineConstantError, process_overrides};
use naga::valid::ModuleInfo;
use naga::{Module, Override as Declared, ScalarKind, ShaderStage};
use std::str::FromStr;

/// The value of an override constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Its name, or its number if it is declared with `@id`.
    pub name: String,
    /// Its value; a truth value is 0 or 1.
    pub value: f64,
}

impl FromStr for Override {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || bad("", "NAME=VALUE with a number, true or false", format!("{text:?}"));
        let (name, value) = text.split_once('=').ok_or_else(wrong)?;
        let (name, value) = (name.trim().to_owned(), value.trim());
        let value = match value {
            "true" => 1.0,
            "false" => 0.0,
            _ => value.parse::<Literal>().map_err(|()| wrong())?.value(),
        };
        if name.is_empty() { Err(wrong()) } else { Ok(Self { name, value }) }
    }
}

/// The values that are meant for this module: override constants, and of the settings those that are such. Whether the text
/// asks for another one, `asks` tells.
///
/// # Errors
/// [`ShaderError::Override`] when a setting is neither, or no number.
pub(super) fn fitting(
    module: &Module,
    choices: &Choices,
    asks: &dyn Fn(&str) -> bool,
) -> Result<Vec<Override>> {
    let declared = |name: &str| {
        let mut all = module.overrides.iter().map(|(_, declared)| declared);
        all.find(|declared| key(declared) == name || declared.name.as_deref() == Some(name))
    };
    let is_declared = |name: &str| declared(name).is_some();
    let meant = choices.overrides.iter().filter(|set| !choices.is_lenient || is_declared(&set.name));
    let mut all: Vec<Override> = meant.cloned().collect();
    for Define { name, value } in &choices.settings {
        let value = value.as_deref().unwrap_or("true");
        match (is_declared(name), asks(name) || choices.is_lenient) {
            (true, _) => all.push(format!("{name}={value}").parse()?),
            (_, true) => {}
            _ => {
                return Err(bad(
                    name,
                    "an override constant, or a name that directives or placeholders ask for",
                    "neither",
                ));
            }
        }
    }
    // Whoever sets one with a number by its name means it all the same.
    for set in &mut all {
        set.name = declared(&set.name).map_or_else(|| set.name.clone(), key);
    }
    Ok(all)
}

/// The module with `overrides` in place, for one entry point alone.
///
/// # Errors
/// [`ShaderError::Override`] when one has no such name, cannot have such a value, or has none at all.
pub(super) fn processed(
    module: &Module,
    info: &ModuleInfo,
    entry: &str,
    overrides: &[Override],
) -> Result<(Module, ModuleInfo)> {
    for (index, set) in overrides.iter().enumerate() {
        if overrides[..index].iter().any(|other| other.name == set.name) {
            return Err(bad(&set.name, "one value", "two"));
        }
        if !module.overrides.iter().any(|(_, declared)| key(declared) == set.name) {
            let all: Vec<String> = module.overrides.iter().map(|(_, declared)| known(declared)).collect();
            let expected = match all.is_empty() {
                true => "none, as the shader declares no override constants".to_owned(),
                false => format!("one of {}", all.join(", ")),
            };
            return Err(bad(&set.name, expected, "none of that name"));
        }
    }
    for set in overrides {
        let declared = module.overrides.iter().find(|(_, declared)| key(declared) == set.name);
        let scalar = declared.and_then(|(_, declared)| module.types[declared.ty].inner.scalar());
        let is_whole = scalar.is_some_and(|it| matches!(it.kind, ScalarKind::Sint | ScalarKind::Uint));
        // It would be cut off in silence.
        if is_whole && set.value.fract() != 0.0 {
            return Err(bad(&set.name, "a whole number, as it is declared", set.value));
        }
    }
    let constants = overrides.iter().map(|set| (set.name.clone(), set.value)).collect();
    let stage = Some((ShaderStage::Compute, entry));
    let (module, info) =
        process_overrides(module, info, stage, &constants).map_err(|e| refused(module, overrides, e))?;
    Ok((module.into_owned(), info.into_owned()))
}

/// What it is set by: its number, or else its name.
fn key(declared: &Declared) -> String {
    match declared.id {
        Some(id) => id.to_string(),
        None => declared.name.clone().unwrap_or_default(),
    }
}

fn known(declared: &Declared) -> String {
    match (declared.id, &declared.name) {
        (Some(id), Some(name)) => format!("{id} (@id of {name})"),
        _ => key(declared),
    }
}

fn bad(name: &str, expected: impl ToString, found: impl ToString) -> Error {
    let (expected, found) = (expected.to_string(), found.to_string());
    Error::Shader(ShaderError::Override { name: name.to_owned(), expected, found })
}

fn refused(module: &Module, overrides: &[Override], e: PipelineConstantError) -> Error {
    match e {
        PipelineConstantError::MissingValue(name) => {
            let declared = module.overrides.iter().find(|(_, declared)| key(declared) == name);
            let name = declared.map_or(name, |(_, declared)| known(declared));
            bad(&name, "a value, as its declaration has none", "none")
        }
        // It says of some alone which constant it was.
        other => {
            let set: Vec<String> =
                overrides.iter().map(|set| format!("{}={}", set.name, set.value)).collect();
            bad(&set.join(", "), "values that give a valid shader", other)
        }
    }
}
