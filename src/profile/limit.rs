//! What limits a kernel at best, where its operations are on numbers of several types.

use super::Peaks;
use super::rows::Bound;

/// Operations of a dispatch by the type of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Operations {
    pub f16: f64,
    pub f32: f64,
    pub f64: f64,
    /// On whole numbers and truth values, of up to 32 bits and of 64.
    pub whole: f64,
    pub long: f64,
}

/// What limits a kernel at best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Limit {
    /// To so many microseconds; and how many of them arithmetic takes at its peaks.
    Known { bound: Bound, us: f64, compute_us: f64 },
    /// There are more operations than can be left out whose peak nobody measured.
    Unmeasured,
}

/// So many times as long as one of f32 at its peak an operation takes at most: a product of whole numbers, of long ones, of f64.
const SLOWEST: [f64; 3] = [8.0, 32.0, 64.0];

impl Operations {
    /// On floating-point numbers.
    pub fn flops(&self) -> f64 {
        self.f16 + self.f32 + self.f64
    }

    /// On what no peak is measured of.
    pub fn unmeasured(&self) -> f64 {
        self.whole + self.long + self.f64
    }

    /// What limits them, and so many bytes.
    pub fn limit(&self, bytes: f64, peaks: &Peaks) -> Limit {
        // Billions a second are thousands a microsecond.
        let us = |operations: f64, gflops: f64| operations / (1e3 * gflops);
        let compute_us =
            us(self.f32, peaks.f32_gflops) + us(self.f16, peaks.f16_gflops.unwrap_or(peaks.f32_gflops));
        let memory = (Bound::Memory, bytes / (1e3 * peaks.copy_gb_s));
        let launch = (Bound::Launch, peaks.empty_dispatch_us);
        let other = if memory.1 > launch.1 { memory } else { launch };
        let [whole, long, double] = SLOWEST;
        let slowly = us(whole * self.whole + long * self.long + double * self.f64, peaks.f32_gflops);
        // A few operations for indices do not matter, whatever they take.
        if compute_us + slowly <= other.1 {
            return Limit::Known { bound: other.0, us: other.1, compute_us };
        }
        let doubles_us = us(double * self.f64, peaks.f32_gflops);
        if doubles_us > compute_us || self.whole + self.long > self.flops() {
            return Limit::Unmeasured;
        }
        let (bound, us) = if compute_us >= other.1 { (Bound::Compute, compute_us) } else { other };
        Limit::Known { bound, us, compute_us }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEAKS: Peaks =
        Peaks { f32_gflops: 10.0, f16_gflops: Some(20.0), copy_gb_s: 1.0, empty_dispatch_us: 5.0 };

    fn bound(operations: Operations, bytes: f64) -> Option<(Bound, f64)> {
        match operations.limit(bytes, &PEAKS) {
            Limit::Known { bound, us, .. } => Some((bound, us)),
            Limit::Unmeasured => None,
        }
    }

    #[test]
    fn each_type_is_held_to_its_own_peak() {
        let none = Operations::default();
        assert_eq!(bound(Operations { f32: 1e6, ..none }, 0.0), Some((Bound::Compute, 100.0)));
        assert_eq!(bound(Operations { f16: 1e6, ..none }, 0.0), Some((Bound::Compute, 50.0)));
        assert_eq!(bound(Operations { f16: 1e6, f32: 1e6, ..none }, 1e5), Some((Bound::Compute, 150.0)));
        assert_eq!(bound(Operations { f32: 1e3, ..none }, 1e5), Some((Bound::Memory, 100.0)));
        assert_eq!(bound(none, 0.0), Some((Bound::Launch, 5.0)));
    }

    #[test]
    fn work_without_a_measured_peak_has_no_bound_unless_it_cannot_matter() {
        let none = Operations::default();
        assert_eq!(bound(Operations { whole: 1e6, ..none }, 1e3), None);
        assert_eq!(bound(Operations { f32: 1e6, f64: 1e6, ..none }, 1e3), None);
        let few = Operations { f32: 1e6, f64: 1e3, ..none };
        assert_eq!(bound(few, 1e3), Some((Bound::Compute, 100.0)), "few of f64 beside many of f32");
        // A copy's indices.
        assert_eq!(bound(Operations { whole: 1e5, ..none }, 1e6), Some((Bound::Memory, 1000.0)));
        assert_eq!(bound(Operations { f32: 1e6, whole: 1e5, ..none }, 1e3), Some((Bound::Compute, 100.0)));
    }
}
