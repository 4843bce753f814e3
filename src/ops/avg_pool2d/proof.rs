//! 2-D average pooling: `torch.nn.functional.avg_pool2d`.
//!
//! `y[n,c,oy,ox] = Σ_{ky,kx} x[n, c, oy·SH+ky−PH, ox·SW+kx−PW] / size`, where x is 0 outside the map and size is KH·KW
//! (`count_include_pad`) or the number of places within the map.
//!
//! Proof of avg_pool2d: y and dx from x and dy.

use crate::contract::{Arrays, Bounds, Case, Gradient, OF_INPUT, Op, Rig, SEED, bilinear_bounds, reals};
use crate::error::Result;
use crate::ops::avg_pool2d::{self as host, Averaging, Window};
use serde_json::json;

/// (N·C, H, W) and how means are taken.
#[derive(Clone, Copy, Debug)]
pub struct AvgPool2dShape {
    pub planes: usize,
    pub h: usize,
    pub w: usize,
    pub averaging: Averaging,
}

/// Calls `term` for every term of every mean, with the places of its x and its y and the mean's size.
fn each_term(s: AvgPool2dShape, mut term: impl FnMut(usize, usize, f64)) {
    let Averaging { window, count_include_pad } = s.averaging;
    let Window { kernel: (kh, kw), stride: (sh, sw), padding: (ph, pw) } = window;
    let (out_h, out_w) = ((s.h + 2 * ph - kh) / sh + 1, (s.w + 2 * pw - kw) / sw + 1);
    for plane in 0..s.planes {
        for oy in 0..out_h {
            for ox in 0..out_w {
                let rows = (oy * sh..oy * sh + kh).filter_map(|at| at.checked_sub(ph)).filter(|&at| at < s.h);
                let columns: Vec<usize> = (ox * sw..ox * sw + kw)
                    .filter_map(|at| at.checked_sub(pw))
                    .filter(|&at| at < s.w)
                    .collect();
                let rows: Vec<usize> = rows.collect();
                let size = if count_include_pad { kh * kw } else { rows.len() * columns.len() };
                for &row in &rows {
                    for &column in &columns {
                        let y = (plane * out_h + oy) * out_w + ox;
                        term((plane * s.h + row) * s.w + column, y, size as f64);
                    }
                }
            }
        }
    }
}

/// x (N, C, H, W) → y (N, C, OH, OW), `outs` values.
pub fn forward(x: &[f64], outs: usize, s: AvgPool2dShape) -> Vec<f64> {
    let mut y = vec![0.0; outs];
    each_term(s, |of_x, of_y, size| y[of_y] += x[of_x] / size);
    y
}

/// dy (N, C, OH, OW) → dx (N, C, H, W).
pub fn backward(dy: &[f64], s: AvgPool2dShape) -> Vec<f64> {
    let mut dx = vec![0.0; s.planes * s.h * s.w];
    each_term(s, |of_x, of_y, size| dx[of_x] += dy[of_y] / size);
    dx
}

pub struct AvgPool2d;

fn averaging(case: &Case) -> Result<Averaging> {
    let padding = if case.attributes.contains_key("padding") { case.pair("padding")? } else { (0, 0) };
    let window = Window { kernel: case.pair("kernel")?, stride: case.pair("stride")?, padding };
    Ok(Averaging { window, count_include_pad: case.flag("count_include_pad", true)? })
}

fn shape(case: &Case) -> Result<AvgPool2dShape> {
    let [n, c, h, w] = case.dims("x")?;
    let averaging = averaging(case)?;
    let (out_h, out_w) = averaging.window.out_size((h, w))?;
    case.expect_reals("dy", &[n, c, out_h, out_w])?;
    Ok(AvgPool2dShape { planes: n * c, h, w, averaging })
}

impl Op for AvgPool2d {
    fn name(&self) -> &'static str {
        "avg_pool2d"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["kernel", "stride", "padding", "count_include_pad"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let averaging = shape(rig.case)?.averaging;
        let (x, dy) = (rig.input("x")?, rig.input("dy")?);
        let (y, dx) = (rig.output("y", dy.dims())?, rig.output("dx", x.dims())?);
        host::forward(&mut rig.rec, &x, &y, averaging)?;
        host::backward(&mut rig.rec, &dy, &dx, averaging)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let (x, dy) = (case.reals("x")?, case.reals("dy")?);
        let (y, dx) = (forward(&x, dy.len(), s), backward(&dy, s));
        Ok(reals([("y", &case.array("dy")?.dims, y), ("dx", &case.array("x")?.dims, dx)]))
    }

    /// One rounding for each value that is added up, and one for each division.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let Window { kernel: (kh, kw), stride: (sh, sw), .. } = shape(case)?.averaging.window;
        let windows = kh.div_ceil(sh) * kw.div_ceil(sw);
        bilinear_bounds(self, case, [("y", kh * kw + 1), ("dx", 2 * windows)])
    }

    fn gradients(&self) -> &'static [Gradient] {
        OF_INPUT
    }

    fn cases(&self) -> Vec<Case> {
        let case = |name, dims: [usize; 4], kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]| {
            let [n, c, h, w] = dims;
            let along =
                |size: usize, axis: usize| (size + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1;
            Case::new("avg_pool2d", name, SEED)
                .attribute("kernel", json!(kernel))
                .attribute("stride", json!(stride))
                .attribute("padding", json!(padding))
                .normal("x", &dims, 1.0)
                .normal("dy", &[n, c, along(h, 0), along(w, 1)], 1.0)
        };
        let in_map = |case: Case| case.attribute("count_include_pad", false);
        vec![
            case("single value", [1, 1, 1, 1], [1, 1], [1, 1], [0, 0]),
            case("leftover row and column", [2, 7, 15, 17], [2, 2], [2, 2], [0, 0]),
            case("overlapping windows", [2, 3, 9, 11], [3, 2], [1, 1], [0, 0]),
            case("gaps between windows", [2, 2, 11, 13], [2, 1], [3, 4], [0, 0]),
            case("padding", [2, 3, 15, 12], [3, 3], [2, 2], [1, 1]),
            in_map(case("padding left out", [2, 3, 15, 12], [3, 3], [2, 2], [1, 1])),
            in_map(case("oblong padding left out", [3, 2, 2, 3], [5, 4], [1, 3], [2, 1])),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_gradient, normal};

    fn row(count_include_pad: bool) -> AvgPool2dShape {
        let window = Window { kernel: (1, 2), stride: (1, 1), padding: (0, 1) };
        AvgPool2dShape { planes: 1, h: 1, w: 2, averaging: Averaging { window, count_include_pad } }
    }

    #[test]
    fn padding_counts_or_does_not() {
        assert_eq!(forward(&[4.0, 8.0], 3, row(true)), [2.0, 6.0, 4.0]);
        assert_eq!(forward(&[4.0, 8.0], 3, row(false)), [4.0, 6.0, 8.0]);
        assert_eq!(backward(&[1.0, 2.0, 4.0], row(true)), [1.5, 3.0]);
        assert_eq!(backward(&[1.0, 2.0, 4.0], row(false)), [2.0, 5.0]);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        for count_include_pad in [true, false] {
            let window = Window { kernel: (3, 4), stride: (2, 1), padding: (1, 2) };
            let s =
                AvgPool2dShape { planes: 3, h: 5, w: 7, averaging: Averaging { window, count_include_pad } };
            let (x, dy) = (normal(105, "x"), normal(3 * 3 * 8, "dy"));
            assert_gradient(|x| forward(x, dy.len(), s), &x, &dy, &backward(&dy, s));
        }
    }
}
