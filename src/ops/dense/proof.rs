//! A fully connected layer: `torch.nn.functional.linear`.
//!
//! `y[n,o] = bias[o] + Σ_i x[n,i] · weight[o,i]`
//!
//! Proof of dense: y, dx, dweight and dbias from x, weight, bias and dy.

use crate::contract::{Arrays, Bounds, Case, Gradient, Op, PARAMETRIC, Rig, SEED, bilinear_bounds, reals};
use crate::error::Result;
use crate::gpu::Variant;
use crate::ops::dense as host;
use crate::ops::gemm::{Epilogue, Gemm};
use crate::ops::register_tiled::Gradients;
use crate::ops::register_tiled::{Parameters, dense_chain};

/// The shapes of a dense layer: x (N, I), weight (O, I), bias (O), y (N, O).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DenseShape {
    /// N, rows of the batch.
    pub n: usize,
    /// I, inputs per row.
    pub i: usize,
    /// O, outputs per row.
    pub o: usize,
}

/// x (N, I), weight (O, I), bias (O) → y (N, O).
pub fn forward(x: &[f64], weight: &[f64], bias: &[f64], s: DenseShape) -> Vec<f64> {
    let mut y = Vec::new();
    for n in 0..s.n {
        for o in 0..s.o {
            let mut sum = bias[o];
            for i in 0..s.i {
                sum += x[n * s.i + i] * weight[o * s.i + i];
            }
            y.push(sum);
        }
    }
    y
}

/// dy (N, O), weight (O, I) → dx (N, I): `dx[n,i] = Σ_o dy[n,o] · weight[o,i]`.
pub fn backward_input(dy: &[f64], weight: &[f64], s: DenseShape) -> Vec<f64> {
    let mut dx = Vec::new();
    for n in 0..s.n {
        for i in 0..s.i {
            let mut sum = 0.0;
            for o in 0..s.o {
                sum += dy[n * s.o + o] * weight[o * s.i + i];
            }
            dx.push(sum);
        }
    }
    dx
}

/// x (N, I), dy (N, O) → dweight (O, I): `dweight[o,i] = Σ_n dy[n,o] · x[n,i]`.
pub fn backward_weight(x: &[f64], dy: &[f64], s: DenseShape) -> Vec<f64> {
    let mut dweight = Vec::new();
    for o in 0..s.o {
        for i in 0..s.i {
            let mut sum = 0.0;
            for n in 0..s.n {
                sum += dy[n * s.o + o] * x[n * s.i + i];
            }
            dweight.push(sum);
        }
    }
    dweight
}

/// dy (N, O) → dbias (O): `dbias[o] = Σ_n dy[n,o]`.
pub fn backward_bias(dy: &[f64], s: DenseShape) -> Vec<f64> {
    let mut dbias = vec![0.0; s.o];
    for n in 0..s.n {
        for o in 0..s.o {
            dbias[o] += dy[n * s.o + o];
        }
    }
    dbias
}

pub struct Dense;

fn shape(case: &Case) -> Result<DenseShape> {
    let [n, i] = case.dims("x")?;
    let [o, _] = case.dims("weight")?;
    case.expect_reals("weight", &[o, i])?;
    case.expect_reals("bias", &[o])?;
    case.expect_reals("dy", &[n, o])?;
    Ok(DenseShape { n, i, o })
}

impl Op for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "weight", "bias", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        shape(rig.case)?;
        let (x, weight) = (rig.input("x")?, rig.input("weight")?);
        let (bias, dy) = (rig.input("bias")?, rig.input("dy")?);
        let y = rig.output("y", dy.dims())?;
        let dx = rig.output("dx", x.dims())?;
        let dweight = rig.output("dweight", weight.dims())?;
        let dbias = rig.output("dbias", bias.dims())?;
        if let Some(gemm) = Gemm::dense(rig.variant(), weight.map().len(), bias.len(), Epilogue::Nothing) {
            let saved = gemm.forward(&mut rig.rec, &x, &weight, &bias, &y)?;
            let parameters = Some(Parameters { weight: &dweight, bias: &dbias });
            let gradients = Gradients { parameters, dx: Some(&dx) };
            return gemm.backward(&mut rig.rec, &saved, &weight, &dy, &gradients);
        }
        if rig.variant() == Variant::Register {
            let parameters = [Parameters { weight: &weight, bias: &bias }];
            let gradients = [Parameters { weight: &dweight, bias: &dbias }];
            let saved = dense_chain::forward(&mut rig.rec, &x, &parameters, &y)?;
            return dense_chain::backward(&mut rig.rec, &saved, &dy, Some(&gradients), Some(&dx));
        }
        let rec = &mut rig.rec;
        host::forward(rec, &x, &weight, &bias, &y)?;
        host::backward_input(rec, &dy, &weight, &dx)?;
        host::backward_weight(rec, &x, &dy, &dweight)?;
        host::backward_bias(rec, &dy, &dbias)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let (x, weight) = (case.reals("x")?, case.reals("weight")?);
        let (bias, dy) = (case.reals("bias")?, case.reals("dy")?);
        Ok(reals([
            ("y", &[s.n, s.o], forward(&x, &weight, &bias, s)),
            ("dx", &[s.n, s.i], backward_input(&dy, &weight, s)),
            ("dweight", &[s.o, s.i], backward_weight(&x, &dy, s)),
            ("dbias", &[s.o], backward_bias(&dy, s)),
        ]))
    }

    /// One rounding for each product that is added up and one more for the product itself.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let s = shape(case)?;
        let sums = [("y", s.i + 1), ("dx", s.o), ("dweight", s.n), ("dbias", s.n)];
        bilinear_bounds(self, case, sums.map(|(name, terms)| (name, terms + 1)))
    }

    fn gradients(&self) -> &'static [Gradient] {
        PARAMETRIC
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn case(name: &str, [n, i, o]: [usize; 3]) -> Case {
    Case::new("dense", name, SEED)
        .normal("x", &[n, i], 1.0)
        .normal("weight", &[o, i], 0.1)
        .normal("bias", &[o], 1.0)
        .normal("dy", &[n, o], 1.0)
}

fn cases() -> Vec<Case> {
    vec![
        case("single value", [1, 1, 1]),
        case("ragged", [15, 65, 17]),
        case("one row", [1, 33, 65]),
        case("one input", [65, 1, 15]),
        case("one output", [17, 31, 1]),
        case("smallest tiles", [1, 4, 4]),
        case("one row less than a tile", [7, 12, 12]),
        case("one tile of rows", [8, 768, 4]),
        case("one row more than a tile", [9, 4, 100]),
        case("many rows in tiles", [65, 12, 12]),
        case("one output in tiles", [7, 12, 1]),
        case("two outputs in tiles", [65, 100, 2]),
        case("three outputs in tiles", [9, 4, 3]),
        case("one output more than a tile", [8, 768, 9]),
        case("one output less than two tiles", [1, 12, 15]),
        case("label_predictor.dense1", [64, 768, 100]),
        case("label_predictor.dense3", [17, 100, 10]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::assert_like_twin;
    use crate::contract::testing::{assert_gradient, normal};
    use crate::gpu::{Gpu, Options, choose};

    #[test]
    fn tiny_values_by_hand() {
        let s = DenseShape { n: 2, i: 3, o: 2 };
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let weight = [1.0, 0.0, -1.0, 2.0, 3.0, 4.0];
        let dy = [1.0, 10.0, -1.0, 2.0];
        assert_eq!(forward(&x, &weight, &[0.5, 100.0], s), [-1.5, 120.0, -1.5, 147.0]);
        assert_eq!(backward_input(&dy, &weight, s), [21.0, 30.0, 39.0, 3.0, 6.0, 9.0]);
        assert_eq!(backward_weight(&x, &dy, s), [-3.0, -3.0, -3.0, 18.0, 30.0, 42.0]);
        assert_eq!(backward_bias(&dy, s), [0.0, 12.0]);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        for [n, i, o] in [[1, 1, 1], [3, 17, 5], [15, 4, 7]] {
            let s = DenseShape { n, i, o };
            let x = normal(n * i, "x");
            let weight = normal(o * i, "weight");
            let bias = normal(o, "bias");
            let dy = normal(n * o, "dy");
            let dx = backward_input(&dy, &weight, s);
            assert_gradient(|x| forward(x, &weight, &bias, s), &x, &dy, &dx);
            let dweight = backward_weight(&x, &dy, s);
            assert_gradient(|weight| forward(&x, weight, &bias, s), &weight, &dy, &dweight);
            let dbias = backward_bias(&dy, s);
            assert_gradient(|bias| forward(&x, &weight, bias, s), &bias, &dy, &dbias);
        }
    }

    /// Plain kernels have such layers to themselves: no texture holds them.
    #[test]
    fn more_terms_than_llvmpipe_takes_turns_are_summed_up() {
        let adapter = choose(None).expect("an adapter");
        let gpu = Gpu::open(&adapter, Options::default().variant(Variant::Plain)).expect("a device");
        for size in [[2, 70_003, 2], [1, 2, 66_003]] {
            assert_like_twin(&Dense, &gpu, &case("many", size));
        }
    }
}
