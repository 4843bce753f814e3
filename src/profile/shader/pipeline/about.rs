//! What an error in a pipeline is about: its file, and the dispatch.

use crate::error::{Error, ShaderError};
use std::path::Path;

/// Which file an error is about.
pub(super) fn about(path: &Path, e: Error) -> Error {
    match e {
        Error::Input { subject, expected, found } => {
            Error::input(format!("{}: {subject}", path.display()), expected, found)
        }
        other => other,
    }
}

/// Which dispatch an error is about. What a shader leaves open is said by keys of the pipeline's file, and by nothing else.
pub(super) fn placed(path: &Path, name: Option<&str>, index: usize, e: Error) -> Error {
    let name = name.map_or(format!("dispatch {}", index + 1), |name| format!("dispatch {name}"));
    let input = |subject: String, expected: String, found: String| {
        about(path, Error::input(format!("{name}: {subject}"), expected, found))
    };
    match e {
        Error::Input { subject, expected, found } => input(subject, expected, found),
        Error::Shader(ShaderError::Override { name: constant, expected, found }) => {
            // Of several, the values are said.
            let key = constant.split(' ').next().unwrap_or_default();
            let expected = match constant.contains('=') {
                true => expected,
                false => format!("{expected} (overrides = {{ {key} = VALUE }} sets it)"),
            };
            input(["overrides", &constant].join(" ").trim_end().to_owned(), expected, found)
        }
        Error::Shader(ShaderError::EntryPoint { shader, wanted: None, found }) if !found.is_empty() => {
            let expected = "a single compute entry point, or the name of one in the key entry".to_owned();
            input(shader, expected, format!("{found:?}"))
        }
        Error::Shader(ShaderError::Define { shader, name: define, declared, .. }) => {
            let found = match declared {
                Some("override") => {
                    format!("an override constant alone (overrides = {{ {define} = VALUE }} sets it)")
                }
                Some(word) => format!("{word} {define} alone"),
                None => "none that does".to_owned(),
            };
            input(
                format!("{shader}: defines {define}"),
                "a directive or a placeholder that asks for it".into(),
                found,
            )
        }
        other => other,
    }
}
