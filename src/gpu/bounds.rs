//! How much a device takes at a time.

use super::Gpu;
use crate::error::{Error, Result};

/// Turns that a thread's loops may take together: llvmpipe counts those of all its loops in one and ends them after 65,535
/// (`LP_MAX_TGSI_LOOP_ITERATIONS` in Mesa's `lp_bld_limits.h`), without a word. A part is left for loops that are not counted here.
pub(crate) const MOST_TURNS: usize = 60_000;

/// Turns of loops within each other, the outermost first.
pub(crate) fn nested<const N: usize>(counts: [usize; N]) -> usize {
    counts.iter().rev().fold(0, |inner: usize, count| count.saturating_mul(inner.saturating_add(1)))
}

impl Gpu {
    /// Bytes of the largest tensor that the device can hold and bind.
    pub(crate) fn most_bytes(&self) -> u64 {
        let limits = self.device().limits();
        limits.max_buffer_size.min(limits.max_storage_buffer_binding_size)
    }

    /// Turns that a thread's loops may take together.
    pub(crate) fn most_turns(&self) -> usize {
        if self.inner().ends_loops { MOST_TURNS } else { usize::MAX }
    }

    /// Refuses a kernel whose loops take so many turns where the driver would end them early.
    pub(super) fn expect_turns(&self, kernel: &str, turns: usize) -> Result<()> {
        if turns <= self.most_turns() {
            return Ok(());
        }
        let expected = format!("loops of at most {MOST_TURNS} turns, as llvmpipe ends longer ones");
        Err(Error::beyond_limit(kernel, expected, turns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::{Options, Recording, Tensor, choose};
    use crate::ops::softmax;

    #[test]
    fn turns_within_turns_are_counted_with_those_around_them() {
        assert_eq!(nested([3, 4, 5]), 3 * (1 + 4 * (1 + 5)));
        assert_eq!(nested([7]), 7);
        assert_eq!(nested([usize::MAX, 2]), usize::MAX);
    }

    #[test]
    fn loops_that_llvmpipe_would_end_are_refused_there() {
        let adapter = choose(None).expect("an adapter");
        let gpu = Gpu::open(&adapter, Options::default()).expect("a device");
        // Three loops over all classes.
        for (classes, fits) in [(20_000, true), (20_001, !gpu.name().contains("llvmpipe"))] {
            let x = Tensor::zeros(&gpu, "x", &[1, classes]).expect("logits");
            let y = Tensor::zeros(&gpu, "y", &[1, classes]).expect("probabilities");
            let predictions = Tensor::zeros_of::<u32>(&gpu, "classes", &[1]).expect("a class");
            let recorded = softmax::forward(&mut Recording::new(&gpu), &x, &y, &predictions);
            assert_eq!(recorded.is_ok(), fits, "{classes}: {recorded:?}");
            if let Err(error) = recorded {
                let words =
                    "expected loops of at most 60000 turns, as llvmpipe ends longer ones, found 60003";
                assert!(error.to_string().contains(words), "{error}");
            }
        }
    }
}
