//! A fully connected layer: `torch.nn.functional.linear`.
//!
//! `y[n,o] = bias[o] + Σ_i x[n,i] · weight[o,i]`

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

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_gradient, normal};
    use super::*;

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
}
