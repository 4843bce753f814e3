//! Which names a text leaves open.

use super::{Define, bindings, directives, is_word, placeholders, wesl};
use crate::error::{Error, Result, ShaderError};
use std::path::Path;

/// Whether a directive, a condition or a placeholder asks for that name.
pub fn asks(text: &str, name: &str) -> bool {
    let code = bindings::without_comments(text);
    let define = Define { name: name.to_owned(), value: Some(String::new()) };
    directives::ask(&code, name) || wesl::asks(&code, name) || placeholders::filled(&code, &[define]) != code
}

/// Refuses names that nothing in `text` asks for: what somebody says of them would change nothing, without a word.
///
/// # Errors
/// [`ShaderError::Define`] with what the shader has of that name.
pub fn checked<'a>(path: &Path, text: &str, mut defines: impl Iterator<Item = &'a Define>) -> Result<()> {
    let Some(define) = defines.find(|define| !asks(text, &define.name)) else { return Ok(()) };
    let (name, value) = (define.name.clone(), define.value.clone());
    let (shader, declared) = (path.display().to_string(), declared(text, &define.name));
    Err(Error::Shader(ShaderError::Define { shader, name, value, declared }))
}

/// What the shader declares by that name.
fn declared(text: &str, name: &str) -> Option<&'static str> {
    let code = bindings::without_comments(text);
    let words: Vec<&str> = code.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
    ["override", "const"].into_iter().find(|by| words.windows(2).any(|pair| pair == [*by, name]))
}
