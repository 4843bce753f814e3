//! The twin: the three ops' own twins, one after the other.

use super::proof::shape;
use super::terms;
use crate::contract::{Arrays, Bound, Case, reals};
use crate::error::Result;
use crate::ops::conv2d::proof::fusible;
use crate::ops::conv2d::twin::{self as conv2d, Conv2dShape};
use crate::ops::max_pool2d::proof::{self as max_pool2d, MaxPool2dShape};
use crate::ops::register_tiled::conv_block::ConvBlock;
use crate::ops::relu::proof as relu;

/// The case's arrays and what the twin computes on the way to y.
pub(super) struct Twin {
    pub s: Conv2dShape,
    pub pool: MaxPool2dShape,
    x: Vec<f64>,
    weight: Vec<f64>,
    bias: Vec<f64>,
    dy: Vec<f64>,
    before_relu: Vec<f64>,
    /// Which value of its plane each window takes.
    argmax: Vec<u32>,
    y: Vec<f64>,
}

impl Twin {
    pub fn new(case: &Case) -> Result<Self> {
        let (s, pool) = shape(case)?;
        let (x, weight) = (case.reals("x")?, case.reals("weight")?);
        let (bias, dy) = (case.reals("bias")?, case.reals("dy")?);
        let before_relu = conv2d::forward(&x, &weight, &bias, s);
        let (y, argmax) = max_pool2d::forward(&relu::forward(&before_relu, 0.0), pool);
        Ok(Self { s, pool, x, weight, bias, dy, before_relu, argmax, y })
    }

    pub fn outputs(self) -> Arrays {
        let (s, pool) = (self.s, self.pool);
        let mut outputs = gradients(&self.x, &self.weight, &self.d_before_relu(), s);
        outputs.extend(reals([("y", &[s.n, s.o, pool.out_h(), pool.out_w()], self.y)]));
        outputs
    }

    /// The gradient behind the convolution: one value of each window at most.
    fn d_before_relu(&self) -> Vec<f64> {
        let d_before_pooling = max_pool2d::backward(&self.dy, &self.argmax, self.pool);
        relu::backward(&self.before_relu, &d_before_pooling, 0.0)
    }

    /// How far off values may lie that are `expected` and that each are one of the map before ReLU; `pick` takes, of sums of
    /// absolute values of what those of the map add up, the ones of these.
    pub fn map_bound(&self, expected: &[f64], pick: impl Fn(&[f64]) -> Vec<f64>) -> Bound {
        let block = ConvBlock::new(fusible(self.s));
        if block.is_some_and(|block| block.is_image()) {
            return Bound::winograd_terms(expected, &pick(&self.winograd_magnitude_before_relu()));
        }
        Bound::rounding(&pick(&self.magnitude_before_relu()), roundings(self.s))
    }

    fn magnitude_before_relu(&self) -> Vec<f64> {
        conv2d::forward(&absolutes(&self.x), &absolutes(&self.weight), &absolutes(&self.bias), self.s)
    }

    fn winograd_magnitude_before_relu(&self) -> Vec<f64> {
        let mut map = terms::map_magnitudes(&self.x, &self.weight, self.s);
        let plane = self.s.out_h() * self.s.out_w();
        for (index, value) in map.iter_mut().enumerate() {
            *value += self.bias[index / plane % self.s.o].abs();
        }
        map
    }

    /// The sums of the absolute values of what each gradient adds up, with the argmax as they are.
    pub fn gradient_magnitudes(&self) -> Arrays {
        let d_before_relu = absolutes(&self.d_before_relu());
        gradients(&absolutes(&self.x), &absolutes(&self.weight), &d_before_relu, self.s)
    }

    /// The same of dx and dweight where they are taken in Winograd's domain.
    pub fn winograd_magnitudes(&self) -> [Vec<f64>; 2] {
        terms::magnitudes(&self.x, &self.weight, &self.d_before_relu(), self.s)
    }
}

fn absolutes(values: &[f64]) -> Vec<f64> {
    values.iter().copied().map(f64::abs).collect()
}

/// The gradients of the convolution's inputs from the one behind it.
fn gradients(x: &[f64], weight: &[f64], dy: &[f64], s: Conv2dShape) -> Arrays {
    reals([
        ("dx", &[s.n, s.c, s.h, s.w], conv2d::backward_input(dy, weight, s)),
        ("dweight", &[s.o, s.c, s.kh, s.kw], conv2d::backward_weight(x, dy, s)),
        ("dbias", &[s.o], conv2d::backward_bias(dy, s)),
    ])
}

/// Roundings in each value before ReLU: one for each product that is added up and one for the product itself.
fn roundings(s: Conv2dShape) -> usize {
    s.c * s.kh * s.kw + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::cases;

    /// Of an f32: whole numbers up to here are exact, and so are sums that stay below.
    const EXACT: f64 = (1 << 24) as f64;

    /// Whether no rounding at all can happen on the way to y.
    fn is_exact(twin: &Twin) -> bool {
        let whole = |values: &[f64]| values.iter().all(|value| value.fract() == 0.0);
        let inputs = [&twin.x, &twin.weight, &twin.bias];
        let largest = twin.magnitude_before_relu().into_iter().fold(0.0, f64::max);
        inputs.into_iter().all(|values| whole(values)) && largest < EXACT
    }

    /// Whether rounding can neither change a argmax nor what ReLU lets through.
    fn is_decided(twin: &Twin) -> bool {
        let off = twin.map_bound(&twin.before_relu, <[f64]>::to_vec).each;
        let (pool, y) = (twin.pool, &twin.before_relu);
        let clear = |first: usize, window: usize| {
            let (row, column) = (window / pool.out_w() * pool.sh, window % pool.out_w() * pool.sw);
            let at = |k: usize| first + (row + k / pool.kw) * pool.w + column + k % pool.kw;
            let indices: Vec<usize> = (0..pool.kh * pool.kw).map(at).collect();
            let dead = indices.iter().all(|&i| y[i] < -off[i]);
            let best = indices.iter().copied().max_by(|&i, &j| y[i].total_cmp(&y[j]));
            let wins = |best: usize| {
                let beaten = |i: usize| i == best || y[best] - y[i] > off[best] + off[i];
                y[best] > off[best] && indices.iter().all(|&i| beaten(i))
            };
            dead || best.is_some_and(wins)
        };
        let windows = pool.out_h() * pool.out_w();
        (0..pool.n * pool.c).all(|plane| (0..windows).all(|w| clear(plane * pool.h * pool.w, w)))
    }

    #[test]
    fn no_winner_of_a_case_hangs_on_rounding() {
        for case in cases().filter(|case| case.op == "conv_block") {
            let twin = Twin::new(&case).unwrap();
            assert!(is_exact(&twin) || is_decided(&twin), "{}", case.name);
        }
    }

    /// The cases must hold what the fused kernels treat apart.
    #[test]
    fn cases_hold_ties_and_dead_windows() {
        let (mut ties, mut dead, mut zero) = (0, 0, 0);
        for case in cases().filter(|case| case.op == "conv_block") {
            let Twin { pool, before_relu, argmax, y, .. } = Twin::new(&case).unwrap();
            let windows = pool.out_h() * pool.out_w();
            for (window, (&y, &argmax)) in y.iter().zip(&argmax).enumerate() {
                let plane = &before_relu[window / windows * pool.h * pool.w..][..pool.h * pool.w];
                let first = argmax as usize;
                dead += usize::from(y == 0.0);
                zero += usize::from(y == 0.0 && plane[first] == 0.0);
                // The neighbour on the right belongs to the same window if the argmax is on the left.
                let left = (first % pool.w).is_multiple_of(2);
                ties += usize::from(y > 0.0 && left && plane[first + 1] == y);
            }
        }
        assert!(ties > 100 && dead > 100 && zero > 100, "{ties} ties, {dead} dead, {zero} at 0");
    }
}
