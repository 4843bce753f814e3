//! Ranges of whole numbers.

use naga::{BinaryOperator, Scalar, ScalarKind};

/// The numbers from `lo` to `hi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub lo: i128,
    pub hi: i128,
}

impl Range {
    pub const fn new(lo: i128, hi: i128) -> Self {
        Self { lo, hi }
    }

    pub const fn exact(value: i128) -> Self {
        Self::new(value, value)
    }

    /// The only number in it, if there is but one.
    pub fn only(self) -> Option<i128> {
        (self.lo == self.hi).then_some(self.lo)
    }

    /// All numbers of a type; none of a type of other numbers.
    pub fn of(scalar: Scalar) -> Option<Self> {
        let bits = 8 * u32::from(scalar.width);
        match scalar.kind {
            ScalarKind::Uint => Some(Self::new(0, (1 << bits) - 1)),
            ScalarKind::Sint => Some(Self::new(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)),
            ScalarKind::Bool => Some(Self::new(0, 1)),
            _ => None,
        }
    }

    pub fn hull(self, other: Self) -> Self {
        Self::new(self.lo.min(other.lo), self.hi.max(other.hi))
    }

    /// What both have; the nearer end of `other` where that is nothing, as what cannot happen may be anything.
    pub fn within(self, other: Self) -> Self {
        let (lo, hi) = (self.lo.max(other.lo), self.hi.min(other.hi));
        if lo <= hi { Self::new(lo, hi) } else { Self::new(lo.min(other.hi), lo.min(other.hi)) }
    }

    pub fn contains(self, other: Self) -> bool {
        self.lo <= other.lo && other.hi <= self.hi
    }

    /// What `op` makes of two of them, as long as it is in all ranges of numbers; `None` where nothing is known.
    pub fn binary(op: BinaryOperator, a: Self, b: Self) -> Option<Self> {
        use BinaryOperator as Op;
        match op {
            Op::Add => Some(Self::new(a.lo.checked_add(b.lo)?, a.hi.checked_add(b.hi)?)),
            Op::Subtract => Some(Self::new(a.lo.checked_sub(b.hi)?, a.hi.checked_sub(b.lo)?)),
            Op::Multiply => Self::corners(a, b, i128::checked_mul),
            Op::Divide if b.lo > 0 => Self::corners(a, b, i128::checked_div),
            Op::Modulo if b.lo > 0 && a.lo >= 0 => {
                Some(if a.hi < b.lo { a } else { Self::new(0, a.hi.min(b.hi - 1)) })
            }
            Op::And if a.lo >= 0 || b.lo >= 0 => {
                let most = [a, b].iter().filter(|range| range.lo >= 0).map(|range| range.hi).min()?;
                Some(a.only().zip(b.only()).map_or(Self::new(0, most), |(a, b)| Self::exact(a & b)))
            }
            Op::InclusiveOr | Op::ExclusiveOr if a.lo >= 0 && b.lo >= 0 => {
                let most = (a.hi.max(b.hi) as u128 + 1).checked_next_power_of_two()? as i128 - 1;
                let exact = |(a, b): (i128, i128)| match op {
                    Op::InclusiveOr => a | b,
                    _ => a ^ b,
                };
                Some(a.only().zip(b.only()).map_or(Self::new(0, most), |both| Self::exact(exact(both))))
            }
            Op::ShiftLeft if (0..64).contains(&b.lo) && b.hi < 64 => {
                Self::corners(a, b, |a, b| a.checked_mul(1 << b))
            }
            Op::ShiftRight if (0..64).contains(&b.lo) && b.hi < 64 => {
                Self::corners(a, b, |a, b| Some(a >> b))
            }
            _ => Self::compared(op, a, b),
        }
    }

    /// 1 for true and 0 for false.
    fn compared(op: BinaryOperator, a: Self, b: Self) -> Option<Self> {
        use BinaryOperator as Op;
        let (always, never) = match op {
            Op::Less => (a.hi < b.lo, a.lo >= b.hi),
            Op::LessEqual => (a.hi <= b.lo, a.lo > b.hi),
            Op::Greater => (a.lo > b.hi, a.hi <= b.lo),
            Op::GreaterEqual => (a.lo >= b.hi, a.hi < b.lo),
            Op::Equal => (a.only().is_some() && a == b, a.hi < b.lo || b.hi < a.lo),
            Op::NotEqual => (a.hi < b.lo || b.hi < a.lo, a.only().is_some() && a == b),
            Op::LogicalAnd => (a.lo == 1 && b.lo == 1, a.hi == 0 || b.hi == 0),
            Op::LogicalOr => (a.lo == 1 || b.lo == 1, a.hi == 0 && b.hi == 0),
            _ => return None,
        };
        Some(match (always, never) {
            (true, _) => Self::exact(1),
            (_, true) => Self::exact(0),
            _ => Self::new(0, 1),
        })
    }

    fn corners(a: Self, b: Self, op: impl Fn(i128, i128) -> Option<i128>) -> Option<Self> {
        let mut all = [op(a.lo, b.lo)?, op(a.lo, b.hi)?, op(a.hi, b.lo)?, op(a.hi, b.hi)?];
        all.sort_unstable();
        Some(Self::new(all[0], all[3]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use naga::BinaryOperator as Op;

    /// Every operation holds what it makes of each pair of numbers.
    #[test]
    fn ranges_hold_what_operations_make_of_their_numbers() {
        let apply = |op: Op, a: i128, b: i128| -> Option<i128> {
            Some(match op {
                Op::Add => a + b,
                Op::Subtract => a - b,
                Op::Multiply => a * b,
                Op::Divide => a.checked_div(b)?,
                Op::Modulo => a.checked_rem(b)?,
                Op::And => a & b,
                Op::InclusiveOr => a | b,
                Op::ExclusiveOr => a ^ b,
                Op::ShiftLeft => a << b,
                Op::ShiftRight => a >> b,
                Op::Less => i128::from(a < b),
                Op::LessEqual => i128::from(a <= b),
                Op::Greater => i128::from(a > b),
                Op::GreaterEqual => i128::from(a >= b),
                Op::Equal => i128::from(a == b),
                _ => i128::from(a != b),
            })
        };
        let ops = [
            Op::Add,
            Op::Subtract,
            Op::Multiply,
            Op::Divide,
            Op::Modulo,
            Op::And,
            Op::InclusiveOr,
            Op::ExclusiveOr,
            Op::ShiftLeft,
            Op::ShiftRight,
            Op::Less,
            Op::LessEqual,
            Op::Greater,
            Op::GreaterEqual,
            Op::Equal,
            Op::NotEqual,
        ];
        let ranges: Vec<Range> =
            (-3..7).flat_map(|lo| (lo..lo + 4).map(move |hi| Range::new(lo, hi))).collect();
        let mut known = 0;
        for op in ops {
            for &a in &ranges {
                for &b in &ranges {
                    let Some(range) = Range::binary(op, a, b) else { continue };
                    known += 1;
                    for x in a.lo..=a.hi {
                        for y in b.lo..=b.hi {
                            let made = apply(op, x, y).expect("a number");
                            assert!(
                                range.contains(Range::exact(made)),
                                "{op:?} {a:?} {b:?}: {made} {range:?}"
                            );
                        }
                    }
                }
            }
        }
        assert!(known > 10_000, "{known}");
        assert_eq!(Range::new(0, 9).within(Range::new(3, 20)), Range::new(3, 9));
    }
}
