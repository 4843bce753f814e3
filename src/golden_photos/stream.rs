//! Values that a golden file does not hold but says how to compute.

use serde::Deserialize;

/// Numbers from −`scale` to `scale` around `offset`, each from its place in the stream alone.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Stream {
    pub stream: u64,
    pub scale: f64,
    pub offset: f64,
}

/// PCG RXS-M-XS 32 (O'Neill 2014), as the kernels draw with.
fn pcg(value: u32) -> u32 {
    let state = value.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let word = ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737);
    (word >> 22) ^ word
}

impl Stream {
    /// The first `count` values behind the first `skipped`.
    pub fn values(self, skipped: usize, count: usize) -> Vec<f32> {
        let first = (2_654_435_761_u64.wrapping_mul(self.stream)) as u32;
        let value = |index: usize| {
            let drawn = pcg((index as u32).wrapping_add(first)) >> 8;
            let unit = 2.0 * f64::from(drawn) / f64::from(1 << 24) - 1.0;
            (unit * self.scale + self.offset) as f32
        };
        (skipped..skipped + count).map(value).collect()
    }

    /// The stream that a tensor of this one is multiplied with to tell where its values lie.
    pub fn of_dot(self) -> Self {
        Self { stream: self.stream + 1_000_000, scale: 1.0, offset: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_formula() {
        // Computed by hand from the formula in 64-bit integers: pcg(0) is 129708002, pcg(1) is 2831084092.
        assert_eq!([pcg(0), pcg(1)], [129_708_002, 2_831_084_092]);
        let stream = Stream { stream: 0, scale: 1.0, offset: 0.0 };
        let unit = |drawn: u32| (2.0 * f64::from(drawn >> 8) / 16_777_216.0 - 1.0) as f32;
        assert_eq!(stream.values(0, 2), [unit(129_708_002), unit(2_831_084_092)]);
        assert_eq!(stream.values(1, 1), stream.values(0, 2)[1..]);
        let shifted = Stream { scale: 0.5, offset: 1.0, ..stream };
        assert_eq!(shifted.values(0, 1), [(f64::from(unit(129_708_002)) * 0.5 + 1.0) as f32]);
    }
}
