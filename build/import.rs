//! Shared WGSL, imported by name: a line `import "folder/file.wgsl";` stands for that file's text, once in a shader.
//!
//! A file that is imported has no names but its own, those of its imports, and those that a line `// Requires: a, b` at its
//! head asks of whoever imports it: they must stand before the import.

use std::collections::BTreeMap;

/// A shader with all imports in place.
#[derive(Debug, Default)]
pub struct Expanded {
    pub text: String,
    /// The files, each behind those that it imports, and how much of the text stands up to its end.
    pub parts: Vec<(String, usize)>,
    /// Those that are not yet at their end.
    open: Vec<String>,
}

/// The text of the file called `name`, with those that it imports. All files are given, by their paths below `shaders/`.
pub fn expand(files: &BTreeMap<String, String>, name: &str) -> Result<Expanded, String> {
    let mut expanded = Expanded::default();
    expanded.add(files, name)?;
    Ok(expanded)
}

impl Expanded {
    fn add(&mut self, files: &BTreeMap<String, String>, name: &str) -> Result<(), String> {
        if self.open.iter().any(|open| open == name) {
            return Err(format!("{name} imports itself, by way of {:?}", self.open));
        }
        let Some(text) = files.get(name) else {
            return Err(format!("{:?} import {name}, which is no file", self.open));
        };
        if let Some(lacking) = required(text).into_iter().find(|required| !defines(&self.text, required)) {
            return Err(format!(
                "{name} requires {lacking}, which does not stand before its import by {:?}",
                self.open
            ));
        }
        self.open.push(name.to_owned());
        for line in text.lines() {
            match line.strip_prefix("import \"").and_then(|rest| rest.strip_suffix("\";")) {
                Some(import) if self.parts.iter().any(|(done, _)| done == import) => {}
                Some(import) => self.add(files, import)?,
                None => self.text.extend([line, "\n"]),
            }
        }
        self.open.pop();
        self.parts.push((name.to_owned(), self.text.len()));
        Ok(())
    }
}

/// The names that a file asks of whoever imports it.
pub fn required(text: &str) -> Vec<&str> {
    let line = text.lines().find_map(|line| line.strip_prefix("// Requires: "));
    line.into_iter().flat_map(|names| names.split(", ")).collect()
}

/// Whether a line of `text` declares `name`; declarations start at the margin.
pub fn defines(text: &str, name: &str) -> bool {
    let declares = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        let words: Vec<&str> = code.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        let behind_keyword = |keyword| words.windows(2).any(|pair| pair == [keyword, name]);
        let margin = code.starts_with(|c: char| c.is_alphabetic() || c == '@');
        let variable = code.contains("var") && code.contains(&format!(" {name}:")) && !code.contains("fn ");
        margin && (variable || ["fn", "struct", "const", "alias"].into_iter().any(behind_keyword))
    };
    text.lines().any(declares)
}
