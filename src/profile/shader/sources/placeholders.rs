//! Placeholders of templates: `{name}`, `{{name}}`, `${name}`, `#{name}` and `$name`; behind two characters, with spaces too.

use super::{Define, is_word};

/// The text with the values of `defines` in place of their placeholders.
pub fn filled(text: &str, defines: &[Define]) -> String {
    let mut text = text.to_owned();
    for Define { name, value } in defines {
        let Some(value) = value else { continue };
        for (opening, closing) in [("{{", "}}"), ("${", "}"), ("#{", "}"), ("{", "}")] {
            text = text.replace(&format!("{opening}{name}{closing}"), value);
            if opening != "{" {
                text = text.replace(&format!("{opening} {name} {closing}"), value);
            }
        }
        text = words_replaced(&text, &format!("${name}"), value);
    }
    text
}

/// Replaces `pattern` where no longer word begins with it.
fn words_replaced(text: &str, pattern: &str, value: &str) -> String {
    let mut parts = text.split(pattern);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result.push_str(if part.starts_with(is_word) { pattern } else { value });
        result.push_str(part);
    }
    result
}

/// Whether `word` stands in the text by itself.
pub fn has_word(text: &str, word: &str) -> bool {
    text.split(|c| !is_word(c)).any(|found| found == word)
}

/// The placeholders in the code of a text: WGSL has no `$`, and nothing but `{name}` puts a name alone between braces.
pub fn open(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if !found.contains(&name) {
            found.push(name);
        }
    };
    for line in text.lines() {
        let code = line.split("//").next().unwrap_or_default();
        for (start, opening) in code.match_indices(['$', '{']) {
            let inner = code[start + 1..].trim_start_matches('{');
            // A block has spaces at its braces, too.
            let is_single = opening == "{" && inner.len() == code.len() - start - 1;
            let rest = if is_single { inner } else { inner.trim_start() };
            let name: String = rest.chars().take_while(|&c| is_word(c)).collect();
            let behind = &rest[name.len()..];
            let behind = if is_single { behind } else { behind.trim_start() };
            let closed = opening == "$" || behind.starts_with('}');
            if closed && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                add(name);
            }
        }
    }
    found
}
