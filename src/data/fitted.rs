//! What images were like before they came to one size, and what was done to them, in words.

use super::fit;
use super::wanted::ImageSize;
use crate::shape::Frame;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

/// So many sizes are told one by one.
const MOST_SIZES: usize = 3;

/// How many images of which sizes came to one size, and how.
///
/// ```
/// use dann::data::{Fit, Fitted, Frame, ImageSize};
///
/// let sizes = [ImageSize { height: 32, width: 32 }; 2000];
/// let fitted = Fitted::new(Frame::new(28, 28).fit(Fit::Crop), sizes);
/// assert_eq!(fitted.to_string(), "2,000 images of 32×32, cropped to 28×28");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitted {
    frame: Frame,
    /// How many images of each.
    sizes: BTreeMap<ImageSize, usize>,
}

impl Fitted {
    /// Images of `sizes` that come to the size of `frame`.
    pub fn new(frame: Frame, sizes: impl IntoIterator<Item = ImageSize>) -> Self {
        let mut counts = BTreeMap::new();
        for size in sizes {
            *counts.entry(size).or_default() += 1;
        }
        Self { frame, sizes: counts }
    }

    /// `count` images that all have one size.
    pub(super) fn of_one_size(frame: Frame, size: ImageSize, count: usize) -> Self {
        Self { frame, sizes: [(size, count)].into() }
    }

    /// "28×28", "32×32 (90) and 16×16 (10)", or the smallest and the largest of many.
    fn sizes(&self) -> String {
        let mut sizes: Vec<(ImageSize, usize)> =
            self.sizes.iter().map(|(&size, &count)| (size, count)).collect();
        let pixels = |&(size, _): &(ImageSize, usize)| size.height * size.width;
        let extremes =
            (sizes.iter().min_by_key(|size| pixels(size)), sizes.iter().max_by_key(|size| pixels(size)));
        if let ((Some((least, _)), Some((most, _))), true) = (extremes, sizes.len() > MOST_SIZES) {
            return format!("{} sizes from {least} to {most}", sizes.len());
        }
        sizes.sort_by_key(|&(_, count)| Reverse(count));
        match &sizes[..] {
            [(size, _)] => size.to_string(),
            sizes => listed(sizes.iter().map(|&(size, count)| format!("{size} ({})", grouped(count)))),
        }
    }

    /// "as they are", "cropped to 28×28", or how many of each.
    fn done(&self) -> String {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (&size, &count) in &self.sizes {
            *counts.entry(fit::done(self.frame, size)).or_default() += count;
        }
        let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|&(_, count)| Reverse(count));
        match &counts[..] {
            [(done, _)] => done.clone(),
            counts => listed(counts.iter().map(|(done, count)| format!("{} {done}", grouped(*count)))),
        }
    }
}

impl fmt::Display for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let images = self.sizes.values().sum();
        if images == 0 {
            return f.write_str("no images");
        }
        let word = if images == 1 { "image" } else { "images" };
        write!(f, "{} {word} of {}, {}", grouped(images), self.sizes(), self.done())
    }
}

/// "a", "a and b", "a, b and c".
fn listed(parts: impl Iterator<Item = String>) -> String {
    let mut parts: Vec<String> = parts.collect();
    match parts.pop() {
        Some(last) if !parts.is_empty() => format!("{} and {last}", parts.join(", ")),
        only => only.unwrap_or_default(),
    }
}

/// 60000 as "60,000".
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap_or_default()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Fit;

    fn sizes(of: &[(usize, usize, usize)]) -> impl Iterator<Item = ImageSize> {
        of.iter().flat_map(|&(count, height, width)| vec![ImageSize { height, width }; count])
    }

    fn said(fit: Fit, of: &[(usize, usize, usize)]) -> String {
        Fitted::new(Frame::new(28, 28).fit(fit), sizes(of)).to_string()
    }

    #[test]
    fn what_is_done_is_told_for_every_way_of_fitting() {
        for (fit, size, done) in [
            (Fit::Resize, (28, 28), "as they are"),
            (Fit::Resize, (16, 16), "resized to 28×28"),
            (Fit::Resize, (28, 40), "resized to 28×28"),
            (Fit::Crop, (32, 28), "cropped to 28×28"),
            (Fit::Crop, (16, 16), "resized to 28×28"),
            (Fit::Crop, (16, 40), "scaled and cropped to 28×28"),
            (Fit::Pad, (16, 28), "padded to 28×28"),
            (Fit::Pad, (56, 56), "resized to 28×28"),
            (Fit::Pad, (16, 40), "scaled and padded to 28×28"),
            (Fit::Scale, (56, 56), "resized to 28×28"),
            (Fit::Scale, (40, 60), "scaled and cropped to 28×28"),
            (Fit::Centre, (32, 32), "cropped to 28×28"),
            (Fit::Centre, (16, 16), "padded to 28×28"),
            (Fit::Centre, (16, 32), "cropped and padded to 28×28"),
        ] {
            let expected = format!("2 images of {}×{}, {done}", size.0, size.1);
            assert_eq!(said(fit, &[(2, size.0, size.1)]), expected, "{fit:?}");
        }
    }

    #[test]
    fn several_sizes_are_told_by_number_and_many_by_their_bounds() {
        assert_eq!(
            said(Fit::Crop, &[(1, 16, 16), (1200, 32, 32), (3, 28, 28)]),
            "1,204 images of 32×32 (1,200), 28×28 (3) and 16×16 (1), 1,200 cropped to 28×28, 3 as they are and 1 resized \
             to 28×28"
        );
        assert_eq!(
            said(Fit::Resize, &[(1, 9, 9), (1, 10, 80), (1, 90, 10), (1, 30, 20)]),
            "4 images of 4 sizes from 9×9 to 90×10, resized to 28×28"
        );
        assert_eq!(said(Fit::Resize, &[]), "no images");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 60_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "60,000", "1,234,567"]
        );
    }
}
