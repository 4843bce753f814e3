//! How many workgroups or threads, as people write it: numbers, and products and quotients of numbers and names.

use crate::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// `64`, `n/TILE`, `n*n/256`; what is left over when something is divided counts as a whole one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    first: Factor,
    others: Vec<(Sign, Factor)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Factor {
    Number(u64),
    Name(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Times,
    Over,
}

const EXPECTED: &str = "a number from 1 up, or a product or quotient of numbers and names, as in n/TILE";

impl FromStr for Amount {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::input("size", EXPECTED, format!("{text:?}"));
        let factor = |text: &str| factor(text.trim()).ok_or_else(wrong);
        let mut parts = text.split(['*', '/']);
        let first = factor(parts.next().unwrap_or_default())?;
        let signs = text.chars().filter(|c| matches!(c, '*' | '/'));
        let signs = signs.map(|c| if c == '*' { Sign::Times } else { Sign::Over });
        let others = signs.zip(parts).map(|(sign, part)| Ok((sign, factor(part)?))).collect::<Result<_>>()?;
        Ok(Self { first, others })
    }
}

fn factor(text: &str) -> Option<Factor> {
    if let Ok(number) = text.parse() {
        return (number > 0 && !text.starts_with('+')).then_some(Factor::Number(number));
    }
    let is_name = text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| Factor::Name(text.to_owned()))
}

impl Amount {
    /// Its value, where `known` says what names stand for.
    ///
    /// # Errors
    /// [`Error::Input`] naming a name that stands for nothing, or a value beyond all that can be dispatched.
    pub fn value(&self, known: &dyn Fn(&str) -> Option<u64>) -> Result<u32> {
        let of = |factor: &Factor| match factor {
            Factor::Number(number) => Ok(*number),
            Factor::Name(name) => known(name).filter(|value| *value > 0).ok_or_else(|| {
                let expected = format!("{name} to stand for a whole number from 1 up");
                Error::input(self, expected, "no constant, value or size of that name that does")
            }),
        };
        let mut value = u128::from(of(&self.first)?);
        for (sign, factor) in &self.others {
            let by = u128::from(of(factor)?);
            value = match sign {
                Sign::Times => value.saturating_mul(by),
                Sign::Over => value.div_ceil(by),
            };
        }
        u32::try_from(value).map_err(|_| Error::input(self, format!("at most {}", u32::MAX), value))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        self.others.iter().try_for_each(|(sign, factor)| {
            write!(f, "{}{factor}", if *sign == Sign::Times { '*' } else { '/' })
        })
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Amounts in x, y and z; 1 where nothing is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amounts(Vec<Amount>);

impl FromStr for Amounts {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all: Vec<Amount> = text.split(',').map(str::parse).collect::<Result<_>>()?;
        match all.len() {
            1..=3 => Ok(Self(all)),
            count => Err(Error::input("size", "one to three amounts, as in 64,n/8,1", count)),
        }
    }
}

impl Amounts {
    /// Their values; see [`Amount::value`].
    ///
    /// # Errors
    /// As [`Amount::value`].
    pub fn values(&self, known: &dyn Fn(&str) -> Option<u64>) -> Result<[u32; 3]> {
        let mut values = [1; 3];
        for (value, amount) in values.iter_mut().zip(&self.0) {
            *value = amount.value(known)?;
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_numbers_products_and_quotients() {
        let known = |name: &str| match name {
            "n" => Some(1000),
            "TILE" => Some(16),
            "none" => Some(0),
            _ => None,
        };
        let value = |text: &str| text.parse::<Amounts>().and_then(|amounts| amounts.values(&known));
        assert_eq!(value("64").unwrap(), [64, 1, 1]);
        assert_eq!(value("n/TILE, n/TILE").unwrap(), [63, 63, 1]);
        assert_eq!(value("n*n/256,2*TILE,7").unwrap(), [3907, 32, 7]);
        for text in ["", "0", "-1", "+1", "n/", "n//2", "1,2,3,4", "n+1", "m", "n/none", "n*n*n*n", "a b"] {
            assert!(value(text).is_err(), "{text}");
        }
        let message = value("m/2").unwrap_err().to_string();
        assert!(message.contains("m/2: expected m to stand for a whole number"), "{message}");
    }
}
