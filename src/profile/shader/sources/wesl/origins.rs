//! Which line of which file each line of a composed text was written on.

use super::modules::Modules;
use super::{Imported, name_of};
use crate::profile::shader::sources::{Origin, bindings, is_word};
use std::path::Path;
use std::sync::Arc;
use wesl::syntax::{GlobalDeclaration, TranslationUnit};

/// So many words behind the last that was found, a line is looked for.
const FURTHEST: usize = 4000;
/// Fewer words are found anywhere.
const FEWEST: usize = 3;

/// The text, and where each of its lines comes from.
pub fn written(
    syntax: &TranslationUnit,
    imported: &Imported,
    modules: &Modules<'_>,
) -> (String, Vec<Option<Origin>>) {
    let mut text: String =
        syntax.global_directives.iter().map(|directive| format!("{directive}\n")).collect();
    let mut origins = vec![None; text.lines().count()];
    for declaration in &syntax.global_declarations {
        if matches!(**declaration, GlobalDeclaration::Void) {
            continue;
        }
        let rendered = declaration.to_string();
        let of = name_of(declaration)
            .and_then(|name| imported.get(&*name.name()).map(|(module, _)| module.clone()));
        let module = of.as_ref().unwrap_or_else(|| modules.root());
        let source = modules.text(module).zip(modules.file(module));
        let span = declaration.span().range();
        let found = source.and_then(|(source, file)| {
            let code = bindings::without_comments(&source);
            let before = code.get(..span.start)?.matches('\n').count();
            Some(lines(&rendered, code.get(span)?, before + 1, &Arc::from(file), imported))
        });
        origins.extend(found.unwrap_or_else(|| vec![None; rendered.lines().count()]));
        text.push_str(&rendered);
        text.push_str("\n\n");
        // The end of the last line, and an empty one.
        origins.push(None);
    }
    (text, origins)
}

/// The line of each line of a declaration, whose source begins on line `first` of `file`.
fn lines(
    rendered: &str,
    source: &str,
    first: usize,
    file: &Arc<Path>,
    imported: &Imported,
) -> Vec<Option<Origin>> {
    let source = words(source);
    let (mut at, mut line) = (0, source.first().map_or(0, |(_, line)| *line));
    let of_line = |text: &str| {
        let mut wanted: Vec<&str> = words(text).into_iter().map(|(word, _)| word).collect();
        for word in &mut wanted {
            *word = imported.get(*word).map_or(*word, |(_, item)| item);
        }
        let place = source[at..]
            .windows(wanted.len().max(1))
            .take(FURTHEST)
            .position(|words| words.iter().map(|(word, _)| word).eq(&wanted))
            .filter(|_| wanted.len() >= FEWEST);
        if let Some(place) = place {
            line = source[at + place].1;
            at += place + wanted.len();
        }
        Some(Origin { file: Arc::clone(file), line: first + line, is_exact: place.is_some() })
    };
    rendered.lines().map(of_line).collect()
}

/// The words and signs of a text with the lines that they stand on, from 0; of a path, the last word.
fn words(text: &str) -> Vec<(&str, usize)> {
    let mut found: Vec<(&str, usize)> = Vec::new();
    let (mut line, mut rest) = (0, text);
    while let Some(c) = rest.chars().next() {
        let length = match is_word(c) {
            true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            false => c.len_utf8(),
        };
        let (word, behind) = rest.split_at(length);
        rest = behind;
        match word {
            "\n" => line += 1,
            ":" if rest.starts_with(':') => {
                found.pop();
                rest = &rest[1..];
            }
            word if word.trim().is_empty() => {}
            word => found.push((word, line)),
        }
    }
    found
}
