//! The text of a shader before a compiler sees it: of several files, with values in place of what they leave open.

mod asked;
mod bindings;
mod dialect;
mod directives;
mod foreign;
mod oil;
mod placeholders;
mod size;
mod wesl;

use super::Choices;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// A name that a shader leaves open: for `#ifdef` and its kin, or for a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Define {
    /// The name.
    pub name: String,
    /// What stands for it; without one it is merely known.
    pub value: Option<String>,
}

impl FromStr for Define {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        let is_name = |name: &str| {
            name.chars().all(is_word) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty()
        };
        if !is_name(name) {
            return Err(Error::input("define", "NAME or NAME=VALUE", format!("{text:?}")));
        }
        Ok(Self { name: name.to_owned(), value })
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The text that the front end reads, and which of its lines come from which file.
pub(super) struct Text {
    pub text: String,
    /// The text before anything is done to it, with that of all modules.
    asked: String,
    /// Each file and its first line, from 1; none where a line belongs to no line of a file any more.
    files: Vec<(PathBuf, usize)>,
    /// Where each line was written, if that is known line by line.
    origins: Vec<Option<Origin>>,
}

/// What imports and conditions have made of a text.
struct Composed {
    text: String,
    /// The text of all modules that were put in.
    modules: String,
    lines: Lines,
}

/// What has become of a text's lines.
enum Lines {
    /// Each is that of the file.
    Kept,
    /// They are others.
    Lost,
    /// They were written here.
    From(Vec<Option<Origin>>),
}

/// A line of a file.
#[derive(Clone)]
struct Origin {
    file: Arc<Path>,
    line: usize,
    /// Otherwise it stands there or a little below.
    is_exact: bool,
}

impl Text {
    /// Of one file.
    pub fn of(path: &Path, text: String) -> Self {
        Self { text, asked: String::new(), files: vec![(path.to_owned(), 1)], origins: vec![] }
    }

    /// Of `before` and `path`, in this order.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file that cannot be read.
    pub fn read(before: &[PathBuf], path: &Path) -> Result<Self> {
        let mut all = Self { text: String::new(), asked: String::new(), files: vec![], origins: vec![] };
        for path in before.iter().map(PathBuf::as_path).chain([path]) {
            let text = foreign::read(path)?;
            all.files.push((path.to_owned(), all.text.lines().count() + 1));
            all.text.push_str(&text);
            if !text.ends_with('\n') {
                all.text.push('\n');
            }
        }
        Ok(all)
    }

    /// With values in place of placeholders, directives followed, imports put in and bindings assigned.
    ///
    /// # Errors
    /// [`Error::Input`] naming the file and what is left open, a name that nothing asks for, a module that is not there, or what
    /// naga_oil or WESL's compiler says.
    pub fn resolved(mut self, path: &Path, choices: &Choices) -> Result<Self> {
        if let Some(absent) = choices.includes.iter().find(|directory| !directory.is_dir()) {
            return Err(Error::file(absent, "a directory with modules", "none"));
        }
        foreign::checked(path, &self.text)?;
        let mut asked = self.text.clone();
        self.text = placeholders::filled(&dialect::translated(&self.text), &choices.defines);
        let too_large = |(expected, found)| Error::input(path.display(), expected, found);
        size::checked(&self.text).map_err(too_large)?;
        if let Some(composed) = composed(path, &self.text, choices, &|line| self.located(path, line))? {
            asked.push('\n');
            asked.push_str(&composed.modules);
            match composed.lines {
                Lines::Kept => {}
                Lines::Lost => self.files.clear(),
                Lines::From(origins) => {
                    self.files.clear();
                    self.origins = origins;
                }
            }
            self.text = composed.text;
        }
        let is_setting = |define: &Define| choices.settings.contains(define);
        if !choices.is_lenient {
            asked::checked(path, &asked, choices.defines.iter().filter(|define| !is_setting(define)))?;
        }
        // Modules that were put in have such words, too.
        self.text = bindings::assigned(&dialect::translated(&self.text));
        self.asked = asked;
        Ok(self)
    }

    /// Whether a directive, a condition or a placeholder asks for that name.
    pub fn asks(&self, name: &str) -> bool {
        asked::asks(&self.asked, name)
    }

    /// Adds to what a front end says of line `line` of the text where in the files that is, and what is left open.
    pub fn explained(&self, message: &str, line: Option<u32>) -> String {
        let mut message = message.trim_end().to_owned();
        if let Some(place) = line.and_then(|line| self.place(line as usize)) {
            message += &format!("\n{place}");
        }
        let open = placeholders::open(&self.text);
        if !open.is_empty() {
            message += &format!("\nwithout a value: {} (define NAME=VALUE gives one)", open.join(", "));
        }
        message
    }

    /// The file of a line of the text as it was read, and the line's number in it.
    fn located(&self, path: &Path, line: usize) -> String {
        let of_file = self.files.iter().rev().find(|(_, first)| *first <= line);
        let (path, first) = of_file.map_or((path, 1), |(path, first)| (path.as_path(), *first));
        format!("{}:{}", path.display(), line + 1 - first)
    }

    /// Where in the files that line is, where its number does not tell.
    fn place(&self, line: usize) -> Option<String> {
        let origin = line.checked_sub(1).and_then(|index| self.origins.get(index)?.as_ref());
        if let Some(Origin { file, line: written, is_exact }) = origin {
            let (near, file) = (if *is_exact { "" } else { "near " }, file.display());
            return Some(format!("line {line} of what WESL gives is {near}line {written} of {file}"));
        }
        let (path, first) = self.files.iter().rev().find(|(_, first)| *first <= line)?;
        let is_of_several = self.files.len() > 1;
        is_of_several
            .then(|| format!("line {line} of all files is line {} of {}", line + 1 - first, path.display()))
    }
}

/// What imports and conditions make of the text, in the form that it has; none where it has neither.
fn composed(
    path: &Path,
    text: &str,
    choices: &Choices,
    located: directives::Located<'_>,
) -> Result<Option<Composed>> {
    if wesl::is_named_so(path) {
        return wesl::composed(path, text, choices).map(Some);
    }
    if oil::has_directives(text) {
        return oil::composed(path, text, choices, located).map(Some);
    }
    wesl::is_used(text).then(|| wesl::composed(path, text, choices)).transpose()
}

#[cfg(test)]
mod tests;
