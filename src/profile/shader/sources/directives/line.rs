//! What a line says that begins with `#`.

use super::super::is_word;
use naga_oil::compose::ShaderDefValue;
use std::cmp::Ordering;

/// A directive.
#[derive(Debug, PartialEq)]
pub enum Directive<'a> {
    If(Condition<'a>),
    ElseIf(Condition<'a>),
    Else,
    Endif,
    Define(&'a str, ShaderDefValue),
    /// `#import`, or the name of a module: naga_oil's matter.
    Import,
}

#[derive(Debug, PartialEq)]
pub enum Condition<'a> {
    IsGiven(&'a str),
    IsNotGiven(&'a str),
    Compares(&'a str, Operator, &'a str),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operator {
    Equal,
    Other,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Operator {
    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "==" => Self::Equal,
            "!=" => Self::Other,
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">" => Self::Greater,
            ">=" => Self::AtLeast,
            _ => return None,
        })
    }

    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Other => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

const KNOWN: &str = "#ifdef, #ifndef, #if, #else, #endif, #define, #import or #define_import_path";
const COMPARED: &str = "#if NAME == VALUE (or !=, <, <=, >, >=)";

/// What a line without comments says; `None` where it is no directive, as where a name that `is_given` stands for its value.
///
/// # Errors
/// What would have been right.
pub fn directive<'a>(
    line: &'a str,
    is_given: &dyn Fn(&str) -> bool,
) -> Result<Option<Directive<'a>>, String> {
    let Some(rest) = line.trim().strip_prefix('#') else { return Ok(None) };
    if rest.starts_with('{') {
        return Ok(None);
    }
    let (word, tail) = word(rest.trim_start());
    let found = match word {
        "if" | "ifdef" | "ifndef" => Directive::If(condition(word, tail)?),
        "else" => match self::word(tail) {
            ("", "") => Directive::Else,
            (word @ ("if" | "ifdef" | "ifndef"), tail) => {
                Directive::ElseIf(condition(word, tail).map_err(|it| it.replacen("#if", "#else if", 1))?)
            }
            _ => {
                return Err(
                    "#else alone, #else if NAME == VALUE, #else ifdef NAME or #else ifndef NAME".into()
                );
            }
        },
        "endif" => Directive::Endif,
        "define" => define(tail)?,
        "import" | "define_import_path" => Directive::Import,
        word if !word.is_empty() && is_given(word) => return Ok(None),
        word => return Err(remedy(word, tail)),
    };
    Ok(Some(found))
}

/// The word at the start, and what stands behind it.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

fn condition<'a>(keyword: &str, text: &'a str) -> Result<Condition<'a>, String> {
    let (name, rest) = word(text);
    if keyword != "if" {
        return match (name.is_empty(), rest) {
            (false, "") if keyword == "ifdef" => Ok(Condition::IsGiven(name)),
            (false, "") => Ok(Condition::IsNotGiven(name)),
            _ => Err(format!("#{keyword} NAME, with one name alone")),
        };
    }
    let end = rest.find(|c| !matches!(c, '=' | '!' | '<' | '>')).unwrap_or(rest.len());
    let (operator, value) = (Operator::of(&rest[..end]), rest[end..].trim());
    let is_value = !value.is_empty() && value.chars().all(|c| is_word(c) || c == '-');
    match operator {
        Some(operator) if is_value && !name.is_empty() => Ok(Condition::Compares(name, operator, value)),
        _ => Err(asked_otherwise(text)),
    }
}

/// What says what somebody may mean by `#if` and this text.
fn asked_otherwise(text: &str) -> String {
    let (is_negated, positive) =
        text.strip_prefix('!').map_or((false, text), |rest| (true, rest.trim_start()));
    let named = positive.strip_prefix("defined").map_or(positive, |rest| rest.trim_matches(['(', ')', ' ']));
    let is_name = !named.is_empty() && named.chars().all(is_word);
    match is_negated {
        _ if !is_name => format!("{COMPARED}, with one condition in a line"),
        true => format!("#ifndef {named}"),
        false => format!("#ifdef {named}, or {COMPARED}"),
    }
}

fn define(text: &str) -> Result<Directive<'_>, String> {
    let (name, value) = word(text);
    let number = |value: &str| match (value.parse(), value.parse(), value.parse()) {
        (Ok(value), ..) => Some(ShaderDefValue::UInt(value)),
        (_, Ok(value), _) => Some(ShaderDefValue::Int(value)),
        (.., Ok(value)) => Some(ShaderDefValue::Bool(value)),
        _ => None,
    };
    let value = if value.is_empty() { Some(ShaderDefValue::Bool(true)) } else { number(value) };
    match value {
        Some(value) if !name.is_empty() => Ok(Directive::Define(name, value)),
        _ => Err("#define NAME, or #define NAME VALUE with a whole number, true or false (const NAME = VALUE; takes others)".into()),
    }
}

/// What says what somebody may mean by a word that is none of naga_oil's.
fn remedy(word: &str, tail: &str) -> String {
    match word {
        "elif" | "elseif" | "elsif" => "#else if NAME == VALUE, #else ifdef NAME or #else ifndef NAME".into(),
        "elifdef" => format!("#else ifdef {tail}"),
        "elifndef" => format!("#else ifndef {tail}"),
        "include" => {
            let file = tail.trim_matches(['"', '<', '>']);
            let file = if file.is_empty() { "FILE.wgsl" } else { file };
            format!("#import \"{file}\", and its items by their names behind it")
        }
        _ => KNOWN.into(),
    }
}
