//! The gradient of a convolution's input with strides: pixels that lie a stride apart meet the same taps, all others of
//! them meet other taps. Each such phase is a product of its own.

use crate::ops::register_tiled::Convolution;

/// The pixels of one phase along one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phase {
    /// The first pixel.
    pub first: usize,
    /// How many pixels there are, a stride apart.
    pub count: usize,
    /// The first tap that they meet.
    pub tap: usize,
    /// How many taps they meet, a stride apart.
    pub taps: usize,
    /// Where in the map of y the first tap meets the first pixel; further taps meet it further back.
    pub base: usize,
}

impl Phase {
    /// Along an axis of x of `size`, the phase whose pixels meet `tap` first.
    fn new(size: usize, kernel: usize, stride: usize, padding: usize, tap: usize) -> Self {
        let first = (tap + stride - padding % stride) % stride;
        let count = size.saturating_sub(first).div_ceil(stride);
        let taps = kernel.saturating_sub(tap).div_ceil(stride);
        Self { first, count, tap, taps, base: (first + padding - tap) / stride }
    }

    /// How far its taps reach beyond a map of y of size `out`.
    fn reach(&self, out: usize) -> usize {
        if self.count == 0 || self.taps == 0 {
            return 0;
        }
        (self.taps - 1).saturating_sub(self.base).max((self.base + self.count).saturating_sub(out))
    }
}

/// The phases of both axes of a convolution.
pub(super) struct Phases {
    rows: Vec<Phase>,
    columns: Vec<Phase>,
}

impl Phases {
    pub fn new(Convolution { x, kernel, padding, .. }: Convolution, stride: (usize, usize)) -> Self {
        let along = |size, kernel, stride, padding| {
            (0..stride).map(|tap| Phase::new(size, kernel, stride, padding, tap)).collect()
        };
        Self {
            rows: along(x.height, kernel.0, stride.0, padding.0),
            columns: along(x.width, kernel.1, stride.1, padding.1),
        }
    }

    /// The border of zeros that a map of y of `size` needs.
    pub fn border(&self, size: (usize, usize)) -> (usize, usize) {
        let along = |phases: &[Phase], size| phases.iter().map(|phase| phase.reach(size)).max().unwrap_or(0);
        (along(&self.rows, size.0), along(&self.columns, size.1))
    }

    /// Those that have pixels, down and across.
    pub fn pairs(&self) -> impl Iterator<Item = (Phase, Phase)> {
        let pairs = self.rows.iter().flat_map(|down| self.columns.iter().map(move |across| (*down, *across)));
        pairs.filter(|(down, across)| down.count * across.count > 0)
    }
}
