//! What a binding shall hold, as people write it.

use super::literal::Literal;
use crate::error::{Error, Result, ShaderError};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// What one binding shall hold.
#[derive(Clone, Debug, PartialEq)]
pub struct BufferSpec {
    /// Which binding.
    pub place: Place,
    /// What it holds.
    pub content: Content,
}

/// Which binding is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// By the numbers behind `@group` and `@binding`.
    Slot {
        /// The group.
        group: u32,
        /// The binding in it.
        binding: u32,
    },
    /// By the variable's name.
    Name(String),
}

/// What a binding holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// These values, then the rest.
    Values(Vec<Literal>, Rest),
    /// Seeded texels: width, height, and depth or layers; 0 where that is left open.
    Texels([u32; 3]),
    /// The bytes of a file.
    File(PathBuf),
}

/// What lies behind the values that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing, and zeros as far as a fixed size goes.
    Nothing,
    /// So many bytes of seeded values.
    Seeded(u64),
    /// So many zeros; without a number, as many as there would be seeded bytes.
    Zeros(Option<u64>),
}

const EXPECTED: &str = "[GROUP:]BINDING= or NAME= and a size of seeded values (4096, 64K, 16M), zeros (zero:16M), values \
                        (1024u,-1i,0.5), values and a size behind them (1024u+16M), a texture's size (512x512) or @FILE";

/// [`ShaderError::Buffer`].
pub(super) fn bad(place: &str, expected: impl ToString, found: impl ToString) -> Error {
    let (expected, found) = (expected.to_string(), found.to_string());
    Error::Shader(ShaderError::Buffer { place: place.to_owned(), expected, found })
}

impl FromStr for BufferSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || bad("", EXPECTED, format!("{text:?}"));
        let (place, content) = text.split_once('=').ok_or_else(wrong)?;
        let place = place.parse().map_err(|()| wrong())?;
        let content = content_of(content.trim()).ok_or_else(wrong)?;
        Ok(Self { place, content })
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let text = text.trim();
        let is_name = text.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_alphanumeric() || c == '_');
        if is_name {
            return Ok(Self::Name(text.to_owned()));
        }
        let (group, binding) = text.split_once(':').unwrap_or(("0", text));
        let number = |text: &str| text.trim().parse().map_err(|_| ());
        Ok(Self::Slot { group: number(group)?, binding: number(binding)? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot { group, binding } => write!(f, "{group}:{binding}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

pub(super) fn content_of(text: &str) -> Option<Content> {
    if let Some(path) = text.strip_prefix('@') {
        return (!path.is_empty()).then(|| Content::File(path.into()));
    }
    // A whole number by itself is a size, never a value.
    let is_size = text.trim_end_matches(['K', 'k', 'M', 'm', 'G', 'g']).bytes().all(|b| b.is_ascii_digit());
    if let Some(rest) = rest_of(text) {
        return Some(Content::Values(vec![], rest));
    }
    if is_size {
        return None;
    }
    if let Some(values) = values_of(text) {
        return Some(Content::Values(values, Rest::Nothing));
    }
    if let Some(extent) = extent_of(text) {
        return Some(Content::Texels(extent));
    }
    // The sign of an exponent is none of these.
    let (values, rest) = text.rsplit_once('+')?;
    Some(Content::Values(values_of(values)?, rest_of(rest)?))
}

/// `512x512x4`
fn extent_of(text: &str) -> Option<[u32; 3]> {
    let sides: Vec<u32> =
        text.split('x').map(|side| side.parse().ok().filter(|&side| side > 0)).collect::<Option<_>>()?;
    match sides[..] {
        [x, y] => Some([x, y, 0]),
        [x, y, z] => Some([x, y, z]),
        _ => None,
    }
}

fn values_of(text: &str) -> Option<Vec<Literal>> {
    text.split(',').map(|value| value.trim().parse().ok()).collect()
}

fn rest_of(text: &str) -> Option<Rest> {
    match text.trim().strip_prefix("zero") {
        Some("") => Some(Rest::Zeros(None)),
        Some(size) => Some(Rest::Zeros(Some(size_of(size.strip_prefix(':')?)?))),
        None => size_of(text.trim()).map(Rest::Seeded),
    }
}

/// `64K` as 65,536; not 0.
fn size_of(text: &str) -> Option<u64> {
    let (digits, factor) = match text.char_indices().last()? {
        (end, 'K' | 'k') => (&text[..end], 1 << 10),
        (end, 'M' | 'm') => (&text[..end], 1 << 20),
        (end, 'G' | 'g') => (&text[..end], 1 << 30),
        _ => (text, 1_u64),
    };
    let is_number = digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse::<u64>().ok().filter(|_| is_number)?.checked_mul(factor).filter(|&size| size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Option<Content> {
        text.parse::<BufferSpec>().ok().map(|spec| spec.content)
    }

    #[test]
    fn contents_are_read() {
        let seeded = |size| Some(Content::Values(vec![], Rest::Seeded(size)));
        assert_eq!(content("0=4096"), seeded(4096));
        assert_eq!(content("0=2G"), seeded(2 << 30));
        assert_eq!(content("0=zero:4M"), Some(Content::Values(vec![], Rest::Zeros(Some(4 << 20)))));
        assert_eq!(content("0=zero"), Some(Content::Values(vec![], Rest::Zeros(None))));
        let head = vec![Literal::U32(16), Literal::Real(1e3)];
        assert_eq!(content("0=16u, 1e+3"), Some(Content::Values(head.clone(), Rest::Nothing)));
        assert_eq!(content("0=16u,1e+3+4K"), Some(Content::Values(head.clone(), Rest::Seeded(4096))));
        assert_eq!(content("0=16u,1e+3+zero:4K"), Some(Content::Values(head, Rest::Zeros(Some(4096)))));
        assert_eq!(content("0=512x256"), Some(Content::Texels([512, 256, 0])));
        assert_eq!(content("0=8x8x6"), Some(Content::Texels([8, 8, 6])));
        assert_eq!(content("0=@a=b"), Some(Content::File("a=b".into())));
        for text in [
            "0",
            "0=",
            "0=@",
            "0=0",
            "0=zero:",
            "0=zeros",
            "0=1u,",
            "0=+4K",
            "0=1u+",
            "0=0x10x10",
            "0=8x",
            "0=1x2x3x4",
            "0=99999999999G",
            "=4K",
        ] {
            assert_eq!(content(text), None, "{text}");
        }
    }

    #[test]
    fn places_are_numbers_or_names() {
        let place = |text: &str| text.parse::<Place>();
        assert_eq!(place("3"), Ok(Place::Slot { group: 0, binding: 3 }));
        assert_eq!(place("1:3"), Ok(Place::Slot { group: 1, binding: 3 }));
        assert_eq!(place("_params2"), Ok(Place::Name("_params2".into())));
        for text in ["", "-1", "1:", "1:2:3", "a b", "4294967296"] {
            assert!(place(text).is_err(), "{text}");
        }
    }
}
