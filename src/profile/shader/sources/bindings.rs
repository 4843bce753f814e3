//! Bindings for variables that leave them to the host.

use std::collections::BTreeSet;

/// The text with `@group(0) @binding(n)` in front of each resource that has neither, and a number in place of
/// `@binding(auto)`: the first that is free, in the order of the text. Lines stay where they are.
pub fn assigned(text: &str) -> String {
    let code = without_comments(text);
    let variables = module_variables(&code);
    let mut taken: BTreeSet<u32> =
        variables.iter().filter_map(|v| number(v.attributes(&code), "@binding")).collect();
    let mut result = String::with_capacity(text.len());
    let mut copied = 0;
    for variable in variables {
        let attributes = variable.attributes(&code);
        let is_auto = argument(attributes, "@binding").is_some_and(|argument| argument == "auto");
        let has_place = attributes.contains("@group") || attributes.contains("@binding");
        if has_place && !is_auto || !is_resource(&code[variable.start..]) {
            continue;
        }
        let free = (0..).find(|n| taken.insert(*n)).unwrap_or_default();
        if let Some(at) = attributes.find("auto").filter(|_| is_auto) {
            let at = variable.attributes_start + at;
            result.push_str(&text[copied..at]);
            result.push_str(&free.to_string());
            copied = at + "auto".len();
        } else {
            result.push_str(&text[copied..variable.start]);
            result.push_str(&format!("@group(0) @binding({free}) "));
            copied = variable.start;
        }
    }
    result + &text[copied..]
}

/// A `var` outside functions.
struct Variable {
    /// Where the declaration before it ends.
    attributes_start: usize,
    /// Where `var` stands.
    start: usize,
}

impl Variable {
    fn attributes<'a>(&self, code: &'a str) -> &'a str {
        &code[self.attributes_start..self.start]
    }
}

fn module_variables(code: &str) -> Vec<Variable> {
    let (mut depth, mut declaration, mut found) = (0_i32, 0, Vec::new());
    let bytes = code.as_bytes();
    let is_word = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                declaration = at + 1;
            }
            b';' => declaration = at + 1,
            b'v' if depth == 0
                && code[at..].starts_with("var")
                && !is_word(at + 3)
                && !(at > 0 && is_word(at - 1)) =>
            {
                found.push(Variable { attributes_start: declaration, start: at });
            }
            _ => {}
        }
    }
    found
}

/// Whether a declaration that begins with `var` is of something that is bound.
fn is_resource(declaration: &str) -> bool {
    let declaration: String =
        declaration.split(';').next().unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
    let Some(rest) = declaration.strip_prefix("var<") else {
        let ty = declaration.split_once(':').map_or("", |(_, ty)| ty);
        return ["texture_", "sampler", "binding_array"].iter().any(|kind| ty.starts_with(kind));
    };
    rest.starts_with("storage") || rest.starts_with("uniform")
}

/// What stands in brackets behind an attribute.
fn argument<'a>(attributes: &'a str, attribute: &str) -> Option<&'a str> {
    let rest = attributes.split_once(attribute)?.1.trim_start().strip_prefix('(')?;
    Some(rest.split_once(')')?.0.trim())
}

fn number(attributes: &str, attribute: &str) -> Option<u32> {
    argument(attributes, attribute)?.trim_end_matches(['u', 'i']).parse().ok()
}

/// The text with spaces in place of comments, of the same length in bytes.
pub fn without_comments(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let (mut at, mut depth) = (0, 0_u32);
    while at < bytes.len() {
        let pair = [bytes[at], bytes.get(at + 1).copied().unwrap_or_default()];
        let step = match (pair, depth) {
            ([b'/', b'/'], 0) => bytes[at..].iter().position(|b| *b == b'\n').unwrap_or(bytes.len() - at),
            ([b'/', b'*'], _) => {
                depth += 1;
                2
            }
            ([b'*', b'/'], 1..) => {
                depth -= 1;
                bytes[at..at + 2].fill(b' ');
                at += 2;
                continue;
            }
            (_, 0) => {
                at += 1;
                continue;
            }
            _ => 1,
        };
        let end = (at + step).min(bytes.len());
        bytes[at..end].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
        at = end;
    }
    // Whole characters were replaced, or none of their bytes.
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
