//! How far a result may lie from the exact one, and why.

/// Half the distance from 1 to the next f32: the relative error of one rounding.
const UNIT_ROUNDOFF: f64 = 1.0 / (1 << 24) as f64;
/// The same of f16.
const HALF_UNIT_ROUNDOFF: f64 = 1.0 / (1 << 11) as f64;
/// λ of the probabilistic analysis: a sum of n terms stays within its bound with a probability of at least
/// 1 − 2n·exp(−λ²/2) by theory, and in practice nearly always.
const CONFIDENCE: f64 = 4.0;

/// What convolution loses in Winograd's domain, F(4×4, 5×5), as a relative L2 error in units of 2⁻²⁴: measured in f32 with
/// normal inputs, 32 channels and the points 0, ±1, ±2, ±1/2 and infinity (2.0e-6; plain sums lose 3.6e-7).
const WINOGRAD_ROUNDOFFS: f64 = 33.0;

/// The largest L2 norm allowed of all errors in Winograd's domain.
fn winograd_l2(expected: &[f64]) -> f64 {
    CONFIDENCE * WINOGRAD_ROUNDOFFS * UNIT_ROUNDOFF * norm(expected)
}

/// The tolerance of one tensor; both rules must hold.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The largest absolute error allowed at each value.
    pub each: Vec<f64>,
    /// The largest L2 norm allowed of all errors.
    pub l2: f64,
}

impl Bound {
    /// No error at all.
    pub fn exact(len: usize) -> Self {
        Self { each: vec![0.0; len], l2: 0.0 }
    }

    /// The errors that rounding may leave in values that take about `roundings` dependent roundings each;
    /// `magnitude` holds, for each value, the sum of the absolute values of the terms that it adds up.
    ///
    /// Each value: Higham and Mary, "A new approach to probabilistic rounding error analysis", SIAM J. Sci.
    /// Comput. 41 (2019): with independent roundings a sum of n terms is off by at most `λ·√n·u·Σ|terms|`,
    /// in whatever order it is added up.
    ///
    /// The norm: for terms of mean zero, which all cases draw, the partial sums grow as √n only, and the
    /// error is a multiple of `u·Σ|terms|` that does not grow with n (the same authors, "Sharper probabilistic
    /// backward error analysis for basic linear algebra kernels with random data", 2020). The typical
    /// multiple is below 1, so `λ·u·‖Σ|terms|‖₂` allows few wrong low bits and no wrong formula.
    pub fn rounding(magnitude: &[f64], roundings: usize) -> Self {
        let each = CONFIDENCE * (roundings as f64).sqrt() * UNIT_ROUNDOFF;
        let each: Vec<f64> = magnitude.iter().map(|terms| each * terms.abs()).collect();
        Self { each, l2: CONFIDENCE * UNIT_ROUNDOFF * norm(magnitude) }.with_underflow()
    }

    /// The errors that sums have which are taken in Winograd's domain.
    ///
    /// There the roundings of a tile's points spread over all values of the tile, however small one is: an error goes with
    /// the size of the whole tensor (Barabasz, Anderson, Soodhalter, Gregg, "Error analysis and improving the accuracy of
    /// Winograd convolution for deep neural networks", ACM TOMS 46 (2020)). The norm may be `λ` times what was measured, a
    /// single value `λ` times that share of a typical one; golden files allow 2.5 times as much.
    pub fn winograd(expected: &[f64]) -> Self {
        let l2 = winograd_l2(expected);
        let typical = l2 / (expected.len() as f64).sqrt();
        Self { each: vec![CONFIDENCE * typical; expected.len()], l2 }.with_underflow()
    }

    /// The same where it is known what each value adds up in Winograd's domain, as sums of absolute values with the factors
    /// of the maps into the domain and out of it. These are largest at the corners of a kernel: of one tile alone, an error
    /// there was 3.4 times a typical one. In f32, with multiplications and additions fused or not, no error of 120 draws
    /// was above 0.8·u·Σ|terms| (one tile; 0.2 with 16 tiles), and of maps of one to three channels none of 600 draws above
    /// 0.33·u·Σ|terms|; 2·u·Σ|terms| are allowed.
    pub fn winograd_terms(expected: &[f64], magnitude: &[f64]) -> Self {
        let each = magnitude.iter().map(|terms| 2.0 * UNIT_ROUNDOFF * terms).collect();
        Self { each, l2: winograd_l2(expected) }.with_underflow()
    }

    /// Errors given by the guaranteed accuracy of what the op calls, counted in units of 2⁻²⁴.
    pub fn guaranteed(roundoffs: &[f64]) -> Self {
        let each: Vec<f64> = roundoffs.iter().map(|count| count.abs() * UNIT_ROUNDOFF).collect();
        Self { l2: norm(&each), each }.with_underflow()
    }

    /// The same where values between the sums are rounded to f16 instead: the larger unit roundoff in place of f32's.
    #[must_use]
    pub fn rounded_to_half(self) -> Self {
        let ratio = HALF_UNIT_ROUNDOFF / UNIT_ROUNDOFF;
        Self { each: self.each.iter().map(|each| ratio * each).collect(), l2: ratio * self.l2 }
    }

    /// Devices may flush what is below the smallest normal number to 0. Where no error is allowed at all,
    /// none is.
    fn with_underflow(mut self) -> Self {
        let smallest = f64::from(f32::MIN_POSITIVE);
        for bound in self.each.iter_mut().filter(|bound| **bound > 0.0) {
            *bound += smallest;
        }
        self.l2 += smallest * (self.each.len() as f64).sqrt();
        self
    }

    /// What answers of another framework stored as f32 are held to: no value off by more than 1e-4 times the
    /// largest (or 1), and a relative L2 error of at most 2e-5.
    pub fn golden(expected: &[f64]) -> Self {
        let largest = expected.iter().fold(1.0_f64, |largest, value| largest.max(value.abs()));
        let norm = norm(expected);
        let l2 = if norm > 0.0 { 2e-5 * norm } else { f64::INFINITY };
        Self { each: vec![1e-4 * largest; expected.len()], l2 }
    }

    /// What kernels that round operands to f16 are held to instead: ten units of roundoff as an L2 error, for the operands
    /// and for what their rounding changes in ReLUs and windows, and twenty of the largest value (or 1).
    pub fn golden_mixed(expected: &[f64]) -> Self {
        let largest = expected.iter().fold(1.0_f64, |largest, value| largest.max(value.abs()));
        let norm = norm(expected);
        let l2 = if norm > 0.0 { 10.0 * HALF_UNIT_ROUNDOFF * norm } else { f64::INFINITY };
        Self { each: vec![20.0 * HALF_UNIT_ROUNDOFF * largest; expected.len()], l2 }
    }
}

/// √Σ value².
pub(super) fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}
