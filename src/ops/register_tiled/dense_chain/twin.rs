//! The twin: the three ops' own twins, one after the other.

use super::proof::shapes;
use crate::contract::{Arrays, Case, absolute, reals};
use crate::error::Result;
use crate::ops::dense::proof::{self as dense, DenseShape};
use crate::ops::relu::proof as relu;

/// The case's arrays and what the first layer gives.
pub(super) struct Twin {
    pub first: DenseShape,
    pub second: DenseShape,
    values: Values,
    /// The same without signs: what comes out of them are the sums of the absolute values of what is added up.
    absolutes: Values,
    before_relu: Vec<f64>,
}

struct Values {
    x: Vec<f64>,
    weight1: Vec<f64>,
    bias1: Vec<f64>,
    weight2: Vec<f64>,
    bias2: Vec<f64>,
    dy: Vec<f64>,
}

impl Values {
    fn new(case: &Case) -> Result<Self> {
        Ok(Self {
            x: case.reals("x")?,
            weight1: case.reals("weight1")?,
            bias1: case.reals("bias1")?,
            weight2: case.reals("weight2")?,
            bias2: case.reals("bias2")?,
            dy: case.reals("dy")?,
        })
    }

    fn before_relu(&self, first: DenseShape) -> Vec<f64> {
        dense::forward(&self.x, &self.weight1, &self.bias1, first)
    }
}

impl Twin {
    pub fn new(case: &Case) -> Result<Self> {
        let [first, second] = shapes(case)?;
        let (values, absolutes) = (Values::new(case)?, Values::new(&absolute(case))?);
        let before_relu = values.before_relu(first);
        Ok(Self { first, second, values, absolutes, before_relu })
    }

    pub fn outputs(&self) -> Arrays {
        self.outputs_of(&self.values, &relu::forward(&self.before_relu, 0.0))
    }

    /// The sums of the absolute values of what each output adds up, with what ReLU lets through as it is.
    pub fn magnitudes(&self) -> Arrays {
        self.outputs_of(&self.absolutes, &self.let_through(&self.absolutes.before_relu(self.first)))
    }

    /// 0 where the ReLU's argument is not above 0.
    fn let_through(&self, values: &[f64]) -> Vec<f64> {
        relu::backward(&self.before_relu, values, 0.0)
    }

    fn outputs_of(&self, values: &Values, hidden: &[f64]) -> Arrays {
        let (first, second) = (self.first, self.second);
        let Values { x, weight1, weight2, bias2, dy, .. } = values;
        let d_before_relu = self.let_through(&dense::backward_input(dy, weight2, second));
        reals([
            ("y", &[second.n, second.o], dense::forward(hidden, weight2, bias2, second)),
            ("dx", &[first.n, first.i], dense::backward_input(&d_before_relu, weight1, first)),
            ("dweight1", &[first.o, first.i], dense::backward_weight(x, &d_before_relu, first)),
            ("dbias1", &[first.o], dense::backward_bias(&d_before_relu, first)),
            ("dweight2", &[second.o, second.i], dense::backward_weight(hidden, dy, second)),
            ("dbias2", &[second.o], dense::backward_bias(dy, second)),
        ])
    }
}

/// Roundings in each output of a layer: one for each product that is added up and one for the product itself.
pub(super) fn roundings(s: DenseShape) -> usize {
    s.i + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Bound, cases};

    /// Of an f32: whole numbers up to here are exact, and so are sums that stay below.
    const EXACT: f64 = (1 << 24) as f64;

    fn twins() -> impl Iterator<Item = (String, Twin)> {
        let cases = cases().filter(|case| case.op == "dense_relu_dense");
        cases.map(|case| (case.name.clone(), Twin::new(&case).unwrap()))
    }

    /// Whether no rounding at all can happen on the way to the ReLU.
    fn is_exact(twin: &Twin) -> bool {
        let whole = |values: &[f64]| values.iter().all(|value| value.fract() == 0.0);
        let Values { x, weight1, bias1, .. } = &twin.values;
        let largest = twin.absolutes.before_relu(twin.first).into_iter().fold(0.0, f64::max);
        [x, weight1, bias1].into_iter().all(|values| whole(values)) && largest < EXACT
    }

    /// Whether rounding can change nothing of what ReLU lets through.
    fn is_decided(twin: &Twin) -> bool {
        let off = Bound::rounding(&twin.absolutes.before_relu(twin.first), roundings(twin.first)).each;
        twin.before_relu.iter().zip(off).all(|(value, off)| value.abs() > off)
    }

    #[test]
    fn nothing_that_relu_decides_in_a_case_hangs_on_rounding() {
        for (name, twin) in twins() {
            assert!(is_exact(&twin) || is_decided(&twin), "{name}");
        }
    }

    #[test]
    fn cases_hold_values_of_all_signs_in_front_of_relu() {
        let count = |test: fn(f64) -> bool| {
            twins().flat_map(|(_, twin)| twin.before_relu).filter(|&value| test(value)).count()
        };
        let counts = [count(|value| value < 0.0), count(|value| value == 0.0), count(|value| value > 0.0)];
        assert!(counts.iter().all(|&count| count > 100), "{counts:?}");
    }
}
