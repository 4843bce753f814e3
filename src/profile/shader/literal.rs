//! Numbers as WGSL writes them.

use half::f16;
use naga::{Scalar, ScalarKind};
use std::str::FromStr;

/// A number, of the type that its suffix names or of any.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Literal {
    /// `3u`, `0xffu`.
    U32(u32),
    /// `-1i`.
    I32(i32),
    /// `0.5f`.
    F32(f32),
    /// `0.5h`.
    F16(f16),
    /// `3lu`.
    U64(u64),
    /// `-1li`.
    I64(i64),
    /// `0.5lf`.
    F64(f64),
    /// `3`, `-0x10`: whatever stands at its place.
    Integer(i128),
    /// `0.5`, `1e-3`: a floating-point number of the width that stands at its place.
    Real(f64),
}

impl FromStr for Literal {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        literal(text).ok_or(())
    }
}

fn literal(text: &str) -> Option<Literal> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        // `f` is a digit here.
        let (body, suffix) = split(hex, &["lu", "li", "u", "i"]);
        return integer(sign * i128::from(u64::from_str_radix(body, 16).ok()?), suffix);
    }
    let (body, suffix) = split(digits, &["lu", "li", "lf", "u", "i", "f", "h"]);
    match body.parse::<u64>() {
        Ok(number) if !["lf", "f", "h"].contains(&suffix) => integer(sign * i128::from(number), suffix),
        _ => real(body, f64::from(sign as i8), suffix),
    }
}

/// The text without the first of `suffixes` that it ends in, and that suffix.
fn split<'a>(text: &'a str, suffixes: &[&'a str]) -> (&'a str, &'a str) {
    let found = suffixes.iter().find_map(|&suffix| Some((text.strip_suffix(suffix)?, suffix)));
    found.unwrap_or((text, ""))
}

fn integer(value: i128, suffix: &str) -> Option<Literal> {
    match suffix {
        "u" => value.try_into().ok().map(Literal::U32),
        "i" => value.try_into().ok().map(Literal::I32),
        "lu" => value.try_into().ok().map(Literal::U64),
        "li" => value.try_into().ok().map(Literal::I64),
        _ => Some(Literal::Integer(value)),
    }
}

fn real(body: &str, sign: f64, suffix: &str) -> Option<Literal> {
    let is_number = body.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
    let value = sign * body.parse::<f64>().ok().filter(|value| is_number && value.is_finite())?;
    let literal = match suffix {
        "f" => Literal::F32(value as f32),
        "h" => Literal::F16(f16::from_f64(value)),
        "lf" => Literal::F64(value),
        "" => Literal::Real(value),
        _ => return None,
    };
    let is_finite = match literal {
        Literal::F32(value) => value.is_finite(),
        Literal::F16(value) => value.is_finite(),
        _ => true,
    };
    is_finite.then_some(literal)
}

impl Literal {
    /// Its value, rounded if need be.
    pub(super) fn value(self) -> f64 {
        match self {
            Self::U32(value) => value.into(),
            Self::I32(value) => value.into(),
            Self::F32(value) => value.into(),
            Self::F16(value) => value.into(),
            Self::U64(value) => value as f64,
            Self::I64(value) => value as f64,
            Self::Integer(value) => value as f64,
            Self::F64(value) | Self::Real(value) => value,
        }
    }

    /// Its bytes where a number of type `at` stands, if anything does; `None` where the type cannot hold it.
    pub(super) fn bytes(self, at: Option<Scalar>) -> Option<Vec<u8>> {
        let (kind, width) = at.map_or((None, 4), |scalar| (Some(scalar.kind), scalar.width));
        Some(match self {
            Self::U32(value) => value.to_le_bytes().to_vec(),
            Self::I32(value) => value.to_le_bytes().to_vec(),
            Self::F32(value) => value.to_le_bytes().to_vec(),
            Self::F16(value) => value.to_le_bytes().to_vec(),
            Self::U64(value) => value.to_le_bytes().to_vec(),
            Self::I64(value) => value.to_le_bytes().to_vec(),
            Self::F64(value) => value.to_le_bytes().to_vec(),
            Self::Integer(value) if kind == Some(ScalarKind::Float) => {
                return Self::Real(value as f64).bytes(at);
            }
            Self::Integer(value) => {
                let (least, most) = match kind {
                    Some(ScalarKind::Uint) => (0, (1 << (8 * u32::from(width))) - 1),
                    // Nothing is said of what lies between values.
                    None => (-(1 << 31), (1 << 32) - 1),
                    _ => (-(1 << (8 * u32::from(width) - 1)), (1 << (8 * u32::from(width) - 1)) - 1),
                };
                let fits = (least..=most).contains(&value);
                return fits.then(|| value.to_le_bytes()[..usize::from(width)].to_vec());
            }
            Self::Real(value) => match (kind, width) {
                (Some(ScalarKind::Float), 2) => f16::from_f64(value).to_le_bytes().to_vec(),
                (Some(ScalarKind::Float), 8) => value.to_le_bytes().to_vec(),
                (Some(ScalarKind::Float) | None, _) => (value as f32).to_le_bytes().to_vec(),
                _ => return None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_wgsl_writes_them() {
        let read = |text: &str| text.parse::<Literal>().ok();
        assert_eq!(read("3u"), Some(Literal::U32(3)));
        assert_eq!(read("0xffu"), Some(Literal::U32(255)));
        assert_eq!(read("0xff"), Some(Literal::Integer(255)));
        assert_eq!(read("-0X10i"), Some(Literal::I32(-16)));
        assert_eq!(read("0.5"), Some(Literal::Real(0.5)));
        assert_eq!(read("-1.5e-3f"), Some(Literal::F32(-1.5e-3)));
        assert_eq!(read("1f"), Some(Literal::F32(1.0)));
        assert_eq!(read(".5h"), Some(Literal::F16(f16::from_f32(0.5))));
        assert_eq!(read("7lu"), Some(Literal::U64(7)));
        assert_eq!(read("2lf"), Some(Literal::F64(2.0)));
        for text in ["", "-", "u", "0x", "0xg", "-1u", "4294967296u", "1e99f", "70000h", "inf", "1.5u", "1_0"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_without_a_suffix_are_what_stands_at_their_place() {
        let at = |kind, width| Some(Scalar { kind, width });
        let (real, whole) = (Literal::Real(0.5), Literal::Integer(2));
        assert_eq!(whole.bytes(at(ScalarKind::Float, 4)), Some(2_f32.to_le_bytes().to_vec()));
        assert_eq!(whole.bytes(at(ScalarKind::Uint, 8)), Some(2_u64.to_le_bytes().to_vec()));
        assert_eq!(whole.bytes(None), Some(2_u32.to_le_bytes().to_vec()));
        assert_eq!(real.bytes(at(ScalarKind::Float, 2)), Some(f16::from_f32(0.5).to_le_bytes().to_vec()));
        assert_eq!(real.bytes(at(ScalarKind::Uint, 4)), None);
        assert_eq!(Literal::Integer(-1).bytes(at(ScalarKind::Uint, 4)), None);
        assert_eq!(Literal::Integer(1 << 40).bytes(at(ScalarKind::Sint, 4)), None);
        assert_eq!(Literal::Integer(0xffff_ffff).bytes(at(ScalarKind::Uint, 4)), Some(vec![255; 4]));
    }
}
