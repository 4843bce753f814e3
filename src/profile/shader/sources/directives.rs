//! Directives line by line: what each says, whether they fit together, and which lines they leave. naga_oil takes what it does
//! not know for text, or for a part of what it knows: `#elif` would leave the wrong lines without a word.

mod line;

use super::{bindings, is_word, placeholders};
use crate::error::{Error, Result};
use line::{Condition, Directive, directive};
use naga_oil::compose::ShaderDefValue;
use std::collections::BTreeMap;

/// Names that are given, with their values where these are numbers or truth values.
pub type Given = BTreeMap<String, Option<ShaderDefValue>>;

/// Where a line was written, as `FILE:LINE`.
pub type Located<'a> = &'a dyn Fn(usize) -> String;

/// The lines that conditions leave, with empty ones in place of all others; only imports are left to naga_oil. What a shader
/// defines itself is added to `given`, unless it is given already.
///
/// # Errors
/// [`Error::Input`] naming the line, what would have been right, and what was found.
pub fn followed(text: &str, given: &mut Given, is_module: bool, located: Located<'_>) -> Result<String> {
    let code = bindings::without_comments(text);
    let lines: Vec<(&str, &str)> = text.lines().zip(code.lines()).collect();
    let mut parsed = Vec::with_capacity(lines.len());
    for (index, (_, code)) in lines.iter().enumerate() {
        let wrong = |expected: String| Error::input(located(index + 1), expected, quoted(code));
        parsed.push(directive(code, &|name| given.contains_key(name)).map_err(wrong)?);
    }
    let source = Source { lines: &lines, parsed: &parsed, located };
    source.fits_together()?;
    source.add_defines(given, is_module)?;
    source.left(given)
}

fn quoted(line: &str) -> String {
    format!("\"{}\"", line.trim())
}

/// The lines of a text, whole and without comments, and the directives that they are.
struct Source<'a> {
    lines: &'a [(&'a str, &'a str)],
    parsed: &'a [Option<Directive<'a>>],
    located: Located<'a>,
}

/// A condition that has not ended yet.
struct Open {
    /// Whether its lines are left in.
    is_active: bool,
    /// Whether they can be left in after an `#else`.
    is_open: bool,
}

impl<'a> Source<'a> {
    fn wrong(&self, index: usize, expected: impl std::fmt::Display, found: impl std::fmt::Display) -> Error {
        Error::input((self.located)(index + 1), expected, found)
    }

    fn directives(&self) -> impl Iterator<Item = (usize, &'a Directive<'a>)> {
        let all = self.parsed.iter().enumerate();
        all.filter_map(|(index, directive)| Some((index, directive.as_ref()?)))
    }

    /// Refuses an `#endif` or `#else` without an `#if`, and an `#if` without an `#endif`.
    fn fits_together(&self) -> Result<()> {
        const EXPECTED: &str = "directives that fit together";
        // Where each open one began, and whether its last part has begun.
        let mut open: Vec<(usize, bool)> = Vec::new();
        for (index, directive) in self.directives() {
            let lonely =
                || self.wrong(index, EXPECTED, format!("{} without #if", quoted(self.lines[index].1)));
            match directive {
                Directive::If(_) => open.push((index, false)),
                Directive::ElseIf(_) | Directive::Else => {
                    let last = open.last_mut().ok_or_else(lonely)?;
                    if last.1 {
                        let found = format!("{} behind #else", quoted(self.lines[index].1));
                        return Err(self.wrong(index, EXPECTED, found));
                    }
                    last.1 = matches!(directive, Directive::Else);
                }
                Directive::Endif => drop(open.pop().ok_or_else(lonely)?),
                _ => {}
            }
        }
        let Some((index, _)) = open.pop() else { return Ok(()) };
        Err(self.wrong(index, EXPECTED, format!("{} without #endif", quoted(self.lines[index].1))))
    }

    /// Adds what `#define` says. naga_oil follows it wherever it stands, so that it may stand in no condition but the one that
    /// asks whether the name is given.
    fn add_defines(&self, given: &mut Given, is_module: bool) -> Result<()> {
        let mut open: Vec<&Directive<'_>> = Vec::new();
        let mut own = Given::new();
        for (index, directive) in self.directives() {
            match directive {
                Directive::If(_) => open.push(directive),
                Directive::Endif => drop(open.pop()),
                Directive::ElseIf(_) | Directive::Else => {
                    open.pop();
                    open.push(directive);
                }
                Directive::Define(name, value) => {
                    let line = || quoted(self.lines[index].1);
                    let is_guard = |it: &&Directive<'_>| matches!(it, Directive::If(Condition::IsNotGiven(asked)) if asked == name);
                    if is_module {
                        return Err(self.wrong(
                            index,
                            "a module without #define, which only a shader may have",
                            line(),
                        ));
                    }
                    if !open.iter().all(is_guard) {
                        let expected = format!(
                            "#define outside of conditions, as naga_oil follows it in all of them, or a definition of {name} from outside"
                        );
                        return Err(self.wrong(index, expected, line()));
                    }
                    if own.insert((*name).to_owned(), Some(*value)).is_some_and(|old| old != Some(*value)) {
                        return Err(self.wrong(
                            index,
                            format!("one value of {name}"),
                            format!("{}, another one", line()),
                        ));
                    }
                }
                _ => {}
            }
        }
        for (name, value) in own {
            given.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// The lines that are left.
    fn left(&self, given: &Given) -> Result<String> {
        let mut open: Vec<Open> = Vec::new();
        let mut text = String::new();
        for (index, (line, _)) in self.lines.iter().enumerate() {
            let is_active = |open: &[Open]| open.iter().all(|it| it.is_active);
            match &self.parsed[index] {
                Some(Directive::If(condition)) => {
                    let can_be = is_active(&open);
                    let holds = can_be && self.holds(index, condition, given)?;
                    open.push(Open { is_active: holds, is_open: can_be && !holds });
                }
                Some(Directive::ElseIf(condition)) => {
                    let is_open = open.pop().is_some_and(|it| it.is_open);
                    let holds = is_open && self.holds(index, condition, given)?;
                    open.push(Open { is_active: holds, is_open: is_open && !holds });
                }
                Some(Directive::Else) => {
                    let is_active = open.pop().is_some_and(|it| it.is_open);
                    open.push(Open { is_active, is_open: false });
                }
                Some(Directive::Endif) => drop(open.pop()),
                Some(Directive::Define(..)) => {}
                Some(Directive::Import) | None if is_active(&open) => text.push_str(line),
                Some(Directive::Import) | None => {}
            }
            text.push('\n');
        }
        Ok(text)
    }

    fn holds(&self, index: usize, condition: &Condition<'_>, given: &Given) -> Result<bool> {
        let line = quoted(self.lines[index].1);
        match *condition {
            Condition::IsGiven(name) | Condition::IsNotGiven(name) => {
                let value = given.get(name);
                // Whoever says so means that it does not hold, and naga_oil would take it for given.
                if value == Some(&Some(ShaderDefValue::Bool(false))) {
                    let expected = format!("#if {name} == true, as {name} is given, and is false");
                    return Err(self.wrong(index, expected, line));
                }
                Ok(value.is_some() == matches!(condition, Condition::IsGiven(_)))
            }
            Condition::Compares(name, operator, value) => {
                let unknown = |what: &str| {
                    self.wrong(index, format!("{what} (define {name}=VALUE gives one)"), line.clone())
                };
                let own = given.get(name).ok_or_else(|| unknown(&format!("a value of {name}")))?;
                let own =
                    own.ok_or_else(|| unknown(&format!("a whole number or a truth value of {name}")))?;
                let fits = compared(own, value).map(|order| operator.holds(order));
                fits.ok_or_else(|| {
                    let kind = if matches!(own, ShaderDefValue::Bool(_)) {
                        "true or false"
                    } else {
                        "a whole number"
                    };
                    self.wrong(index, format!("{kind}, as {name} is {}", shown(own)), line)
                })
            }
        }
    }
}

fn shown(value: ShaderDefValue) -> String {
    match value {
        ShaderDefValue::Bool(value) => value.to_string(),
        ShaderDefValue::Int(value) => value.to_string(),
        ShaderDefValue::UInt(value) => value.to_string(),
    }
}

fn compared(own: ShaderDefValue, value: &str) -> Option<std::cmp::Ordering> {
    let number = || value.trim_end_matches(['u', 'i']).parse::<i64>().ok();
    match own {
        ShaderDefValue::Bool(own) => Some(own.cmp(&value.parse().ok()?)),
        ShaderDefValue::Int(own) => Some(i64::from(own).cmp(&number()?)),
        ShaderDefValue::UInt(own) => Some(i64::from(own).cmp(&number()?)),
    }
}

/// Whether a condition, or a name in a line that stands for its value, asks for `name`; of a text without comments.
pub fn ask(code: &str, name: &str) -> bool {
    let in_line = |line: &str| match line.trim_start().strip_prefix('#') {
        Some(rest) => {
            let rest = rest.trim_start();
            let is_other = ["import", "define"].iter().any(|word| rest.starts_with(word));
            !is_other && placeholders::has_word(rest, name)
        }
        None => {
            line.split('#').skip(1).any(|rest| rest.trim_start().split(|c| !is_word(c)).next() == Some(name))
        }
    };
    code.lines().any(in_line)
}

#[cfg(test)]
mod tests;
