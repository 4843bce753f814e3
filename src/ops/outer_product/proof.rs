//! The multilinear map of features and probabilities: `torch.einsum("nk,nf->nkf", p, x).flatten(1)`; Long, Cao, Wang, Jordan,
//! "Conditional Adversarial Domain Adaptation", NeurIPS 2018, equation 6.
//!
//! `y[n, k·F + f] = p[n,k] · x[n,f]`
//!
//! Proof of outer_product: y and dx from p, x and dy; p gets no gradient.

use crate::contract::{Arrays, Case, OF_INPUT, Op, Rig, SEED, bilinear_bounds, product, reals};
use crate::contract::{Bounds, Gradient};
use crate::error::Result;
use crate::ops::outer_product as host;

/// p (N, K), x (N, F) → y (N, K·F).
pub fn forward(p: &[f64], x: &[f64], k: usize, f: usize) -> Vec<f64> {
    let mut y = Vec::new();
    for (p, x) in p.chunks_exact(k).zip(x.chunks_exact(f)) {
        for p in p {
            y.extend(x.iter().map(|x| p * x));
        }
    }
    y
}

/// p (N, K), dy (N, K·F) → dx (N, F).
pub fn backward(p: &[f64], dy: &[f64], k: usize, f: usize) -> Vec<f64> {
    let mut dx = Vec::new();
    for (p, dy) in p.chunks_exact(k).zip(dy.chunks_exact(k * f)) {
        dx.extend((0..f).map(|i| (0..k).map(|j| p[j] * dy[j * f + i]).sum::<f64>()));
    }
    dx
}

pub struct OuterProduct;

/// The rows, classes and features of a case.
fn shape(case: &Case) -> Result<[usize; 3]> {
    let [n, k] = case.dims("p")?;
    let dims = case.array("x")?.dims.clone();
    case.expect_reals("x", &dims)?;
    let f = product(&dims[1..]);
    case.expect_reals("dy", &[n, k * f])?;
    Ok([n, k, f])
}

impl Op for OuterProduct {
    fn name(&self) -> &'static str {
        "outer_product"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &[]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["p", "x", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let [n, k, f] = shape(rig.case)?;
        let (p, x, dy) = (rig.input("p")?, rig.input("x")?, rig.input("dy")?);
        let (y, dx) = (rig.output("y", &[n, k * f])?, rig.output("dx", x.dims())?);
        host::forward(&mut rig.rec, &p, &x, &y)?;
        host::backward(&mut rig.rec, &p, &dy, &dx)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let [n, k, f] = shape(case)?;
        let p = case.reals("p")?;
        let (y, dx) = (forward(&p, &case.reals("x")?, k, f), backward(&p, &case.reals("dy")?, k, f));
        Ok(reals([("y", &[n, k * f], y), ("dx", &case.array("x")?.dims, dx)]))
    }

    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let [_, k, _] = shape(case)?;
        bilinear_bounds(self, case, [("y", 1), ("dx", 2 * k)])
    }

    fn gradients(&self) -> &'static [Gradient] {
        OF_INPUT
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, x: &[usize], k: usize| {
        Case::new("outer_product", name, SEED).normal("p", &[x[0], k], 1.0).normal("x", x, 1.0).normal(
            "dy",
            &[x[0], k * product(&x[1..])],
            1.0,
        )
    };
    vec![
        case("one class", &[3, 5], 1),
        case("ragged", &[17, 13], 7),
        case("maps", &[4, 3, 5, 2], 10),
        case("the paper's features", &[2, 48, 4, 4], 10),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_gradient, normal};

    #[test]
    fn tiny_values_by_hand() {
        let p = [0.25, 0.75];
        assert_eq!(forward(&p, &[4.0, 8.0, 12.0], 2, 3), [1.0, 2.0, 3.0, 3.0, 6.0, 9.0]);
        assert_eq!(backward(&p, &[4.0, 8.0, 0.0, 4.0, 8.0, 12.0], 2, 3), [4.0, 8.0, 9.0]);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        let (p, x, dy) = (normal(7 * 3, "p"), normal(7 * 5, "x"), normal(7 * 15, "dy"));
        assert_gradient(|x| forward(&p, x, 3, 5), &x, &dy, &backward(&p, &dy, 3, 5));
    }
}
