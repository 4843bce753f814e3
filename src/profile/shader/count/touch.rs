//! Which bytes of what is bound are touched.

use super::frame::Place;
use super::range::Range;

/// What is read, or written, of one variable.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Touched {
    /// From the first byte to the last; none where nothing is known of an index.
    hull: Option<Range>,
    is_anywhere: bool,
    /// Bytes of all accesses, if it is known how many there are.
    moved: Option<f64>,
}

impl Touched {
    pub fn nothing() -> Self {
        Self { hull: None, is_anywhere: false, moved: Some(0.0) }
    }

    /// So many accesses of `size` bytes each.
    pub fn add(&mut self, place: &Place, size: u64, times: Option<f64>) {
        let last = i128::from(size.max(1)) - 1;
        match place.offset {
            Some(at) => {
                let hull = Range::new(at.lo, at.hi + last);
                self.hull = Some(self.hull.map_or(hull, |known| known.hull(hull)));
            }
            None => self.is_anywhere = true,
        }
        self.moved = self.moved.zip(times).map(|(moved, times)| moved + times * size as f64);
    }

    /// The most bytes that can have been touched of `all`; `None` where that says nothing.
    pub fn bytes(&self, all: u64) -> Option<u64> {
        let span = match (self.is_anywhere, self.hull) {
            (false, None) => return Some(0),
            (false, Some(hull)) => {
                let hull = hull.within(Range::new(0, i128::from(all.max(1)) - 1));
                Some((hull.hi - hull.lo + 1) as u64)
            }
            (true, _) => None,
        };
        let moved = self.moved.map(|moved| moved as u64);
        match (span, moved) {
            (Some(span), Some(moved)) => Some(span.min(moved).min(all)),
            (Some(span), None) => Some(span.min(all)),
            (None, Some(moved)) => Some(moved.min(all)),
            (None, None) => None,
        }
    }
}
