//! 2-D max pooling: `torch.nn.functional.max_pool2d`.
//!
//! `y[n,c,oy,ox] = max_{ky,kx} x[n, c, oy·SH+ky−PH, ox·SW+kx−PW]` over the places within the map
//!
//! Rows and columns that no whole window covers are left out (`ceil_mode=False`).
//!
//! Proof of max_pool2d: y, argmax and dx from x and dy.

use crate::contract::{
    Array, Arrays, Bound, Bounds, Case, Gradient, OF_INPUT, Op, Rig, SEED, Values, absolute, reals,
};
use crate::error::{Error, Result};
use crate::ops::max_pool2d::{self as host, Window};
use serde_json::json;

/// The shapes of a pooling: x (N, C, H, W), y and argmax (N, C, OH, OW).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool2dShape {
    /// N, rows of the batch.
    pub n: usize,
    /// C, channels.
    pub c: usize,
    /// H, input height.
    pub h: usize,
    /// W, input width.
    pub w: usize,
    /// KH, window height.
    pub kh: usize,
    /// KW, window width.
    pub kw: usize,
    /// SH, rows from one window to the next.
    pub sh: usize,
    /// SW, columns from one window to the next.
    pub sw: usize,
    /// PH, rows beyond the map above and below.
    pub ph: usize,
    /// PW, columns beyond it left and right.
    pub pw: usize,
}

impl MaxPool2dShape {
    /// OH = ⌊(H + 2·PH − KH) / SH⌋ + 1, the output height.
    pub const fn out_h(&self) -> usize {
        (self.h + 2 * self.ph - self.kh) / self.sh + 1
    }

    /// OW = ⌊(W + 2·PW − KW) / SW⌋ + 1, the output width.
    pub const fn out_w(&self) -> usize {
        (self.w + 2 * self.pw - self.kw) / self.sw + 1
    }
}

/// x (N, C, H, W) → y (N, C, OH, OW) and argmax (N, C, OH, OW), the index h·W + w of each maximum within
/// its input plane.
///
/// Of equal maxima the first in row-major order counts. A NaN beats every number and of several NaNs the
/// last counts, as in PyTorch's CPU kernel.
pub fn forward(x: &[f64], s: MaxPool2dShape) -> (Vec<f64>, Vec<u32>) {
    let (mut y, mut argmax) = (Vec::new(), Vec::new());
    for plane in x.chunks_exact(s.h * s.w) {
        for oy in 0..s.out_h() {
            for ox in 0..s.out_w() {
                let (first_row, first_column) = (oy * s.sh, ox * s.sw);
                let mut best = first_row.saturating_sub(s.ph) * s.w + first_column.saturating_sub(s.pw);
                for ky in first_row..first_row + s.kh {
                    for kx in first_column..first_column + s.kw {
                        let within = |at: usize, padding: usize, size: usize| {
                            at.checked_sub(padding).filter(|&at| at < size)
                        };
                        let place = within(ky, s.ph, s.h).zip(within(kx, s.pw, s.w));
                        let Some(i) = place.map(|(row, column)| row * s.w + column) else { continue };
                        if plane[i] > plane[best] || plane[i].is_nan() {
                            best = i;
                        }
                    }
                }
                y.push(plane[best]);
                argmax.push(best as u32);
            }
        }
    }
    (y, argmax)
}

/// dy (N, C, OH, OW), argmax (N, C, OH, OW) → dx (N, C, H, W): each dy goes to the maximum it came from;
/// where windows overlap the contributions add up.
pub fn backward(dy: &[f64], argmax: &[u32], s: MaxPool2dShape) -> Vec<f64> {
    let windows = s.out_h() * s.out_w();
    let mut dx = vec![0.0; s.n * s.c * s.h * s.w];
    for plane in 0..s.n * s.c {
        for window in 0..windows {
            let out = plane * windows + window;
            dx[plane * s.h * s.w + argmax[out] as usize] += dy[out];
        }
    }
    dx
}

pub struct MaxPool2d;

fn window(case: &Case) -> Result<Window> {
    let padding = if case.attributes.contains_key("padding") { case.pair("padding")? } else { (0, 0) };
    Ok(Window { kernel: case.pair("kernel")?, stride: case.pair("stride")?, padding })
}

fn shape(case: &Case) -> Result<MaxPool2dShape> {
    let [n, c, h, w] = case.dims("x")?;
    let window = window(case)?;
    let (out_h, out_w) = window.out_size((h, w))?;
    case.expect_reals("dy", &[n, c, out_h, out_w])?;
    let ((kh, kw), (sh, sw), (ph, pw)) = (window.kernel, window.stride, window.padding);
    Ok(MaxPool2dShape { n, c, h, w, kh, kw, sh, sw, ph, pw })
}

impl Op for MaxPool2d {
    fn name(&self) -> &'static str {
        "max_pool2d"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["kernel", "stride", "padding"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        shape(rig.case)?;
        let window = window(rig.case)?;
        let (x, dy) = (rig.input("x")?, rig.input("dy")?);
        let y = rig.output("y", dy.dims())?;
        let argmax = rig.whole_output("argmax", dy.dims())?;
        let dx = rig.output("dx", x.dims())?;
        host::forward(&mut rig.rec, &x, &y, &argmax, window)?;
        host::backward(&mut rig.rec, &argmax, &dy, &dx, window)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let dy = case.reals("dy")?;
        let (y, argmax) = forward(&case.reals("x")?, s);
        let dx = backward(&dy, &argmax, s);
        let out = [s.n, s.c, s.out_h(), s.out_w()];
        let mut outputs = reals([("y", &out, y), ("dx", &[s.n, s.c, s.h, s.w], dx)]);
        outputs.insert("argmax".into(), Array::u32(&out, argmax));
        Ok(outputs)
    }

    /// y is one of the inputs, and so is dx where windows do not overlap; where they do, it adds up at most
    /// one value for each window that covers a pixel.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let s = shape(case)?;
        let y = Bound::exact(case.array("dy")?.len());
        if s.kh <= s.sh && s.kw <= s.sw {
            return Ok([("y", y), ("dx", Bound::exact(case.array("x")?.len()))].into());
        }
        let Some(Values::U32(argmax)) = twin.get("argmax").map(|array| &array.values) else {
            return Err(Error::input("max_pool2d", "an output \"argmax\" of whole numbers", "none"));
        };
        let magnitude = backward(&absolute(case).reals("dy")?, argmax, s);
        Ok([("y", y), ("dx", Bound::rounding(&magnitude, s.kh.div_ceil(s.sh) * s.kw.div_ceil(s.sw)))].into())
    }

    fn gradients(&self) -> &'static [Gradient] {
        OF_INPUT
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let padded = |name, dims: [usize; 4], kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]| {
        let [n, c, h, w] = dims;
        let along = |size: usize, axis: usize| (size + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1;
        Case::new("max_pool2d", name, SEED)
            .attribute("kernel", json!(kernel))
            .attribute("stride", json!(stride))
            .attribute("padding", json!(padding))
            .normal("x", &dims, 1.0)
            .normal("dy", &[n, c, along(h, 0), along(w, 1)], 1.0)
    };
    let case = |name, dims, kernel, stride| padded(name, dims, kernel, stride, [0, 0]);
    let ties = |case: Case| case.levels("x", &[3, 5, 6, 7], 3).not_smooth();
    vec![
        case("single value", [1, 1, 1, 1], [1, 1], [1, 1]),
        case("halves", [3, 5, 8, 6], [2, 2], [2, 2]),
        case("leftover row and column", [2, 7, 15, 17], [2, 2], [2, 2]),
        case("overlapping windows", [2, 3, 9, 11], [3, 2], [1, 1]),
        case("overlapping in one direction", [1, 3, 9, 10], [3, 2], [2, 3]),
        case("gaps between windows", [2, 2, 11, 13], [2, 1], [3, 4]),
        case("window as large as the image", [5, 3, 4, 7], [4, 7], [9, 9]),
        case("far below zero", [2, 3, 5, 7], [2, 3], [1, 2]).input("x", negative(&[2, 3, 5, 7])),
        ties(case("ties", [3, 5, 6, 7], [2, 2], [2, 2])),
        ties(case("ties in overlapping windows", [3, 5, 6, 7], [3, 3], [1, 2])),
        padded("padding", [2, 3, 15, 12], [3, 3], [2, 2], [1, 1]),
        padded("padding far below zero", [2, 3, 5, 7], [2, 3], [1, 2], [1, 0])
            .input("x", negative(&[2, 3, 5, 7])),
        padded("padding beyond windows", [3, 2, 2, 3], [5, 4], [1, 3], [2, 2]),
    ]
}

/// Values below any number that a maximum might carelessly start from.
fn negative(dims: &[usize]) -> Array {
    let count: usize = dims.iter().product();
    Array::f32(dims, (0..count).map(|i| -3e38 + ((i * 37 % 101) as f32) * 1e35).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_gradient, normal};

    /// One 2×3 image; 2×2 windows one column apart.
    const OVERLAPPING: MaxPool2dShape =
        MaxPool2dShape { n: 1, c: 1, h: 2, w: 3, kh: 2, kw: 2, sh: 1, sw: 1, ph: 0, pw: 0 };

    #[test]
    fn overlapping_windows_add_up() {
        let (y, argmax) = forward(&[1.0, 2.0, 3.0, -1.0, 7.0, 0.0], OVERLAPPING);
        assert_eq!((y, argmax.clone()), (vec![7.0, 7.0], vec![4, 4]));
        assert_eq!(backward(&[10.0, 5.0], &argmax, OVERLAPPING), [0.0, 0.0, 0.0, 0.0, 15.0, 0.0]);
    }

    #[test]
    fn the_first_of_equal_maxima_counts() {
        let (y, argmax) = forward(&[-5.0, -5.0, -5.0, -5.0, -5.0, -4.0], OVERLAPPING);
        assert_eq!((y, argmax), (vec![-5.0, -4.0], vec![0, 5]));
        let (y, argmax) = forward(&[f64::NEG_INFINITY; 6], OVERLAPPING);
        assert_eq!((y, argmax), (vec![f64::NEG_INFINITY; 2], vec![0, 1]));
    }

    #[test]
    fn nan_wins_its_windows_only() {
        let (y, argmax) = forward(&[f64::NAN, 2.0, 3.0, 4.0, 9.0, 0.0], OVERLAPPING);
        assert!(y[0].is_nan());
        assert_eq!((y[1], argmax), (9.0, vec![0, 4]));
        let (y, argmax) = forward(&[1.0, f64::NAN, 3.0, 4.0, f64::NAN, 0.0], OVERLAPPING);
        assert!(y[0].is_nan() && y[1].is_nan());
        assert_eq!(argmax, [4, 4]);
    }

    #[test]
    fn what_no_whole_window_covers_is_left_out() {
        let s = MaxPool2dShape { n: 1, c: 2, h: 2, w: 3, kh: 2, kw: 2, sh: 2, sw: 2, ph: 0, pw: 0 };
        let x = [1.0, 2.0, 99.0, 4.0, 3.0, 99.0, 8.0, 7.0, 99.0, 6.0, 5.0, 99.0];
        let (y, argmax) = forward(&x, s);
        assert_eq!((y, argmax.clone()), (vec![4.0, 8.0], vec![3, 0]));
        let dx = backward(&[1.0, 2.0], &argmax, s);
        assert_eq!(dx, [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn what_lies_beyond_the_map_never_wins() {
        let s = MaxPool2dShape { ph: 1, pw: 1, ..OVERLAPPING };
        let (y, argmax) = forward(&[-6.0, -2.0, -3.0, -1.0, -7.0, -8.0], s);
        assert_eq!(y, [-6.0, -2.0, -2.0, -3.0, -1.0, -1.0, -2.0, -3.0, -1.0, -1.0, -7.0, -8.0]);
        assert_eq!(argmax, [0, 1, 1, 2, 3, 3, 1, 2, 3, 3, 4, 5]);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        let cases = [
            [2, 3, 5, 7, 2, 2, 2, 2, 0, 0],
            [3, 2, 7, 4, 3, 2, 1, 2, 1, 0],
            [1, 4, 6, 9, 2, 3, 3, 1, 1, 1],
            [1, 1, 1, 1, 1, 1, 1, 1, 0, 0],
        ];
        for [n, c, h, w, kh, kw, sh, sw, ph, pw] in cases {
            let s = MaxPool2dShape { n, c, h, w, kh, kw, sh, sw, ph, pw };
            let x = normal(n * c * h * w, "x");
            let dy = normal(n * c * s.out_h() * s.out_w(), "dy");
            let (_, argmax) = forward(&x, s);
            let dx = backward(&dy, &argmax, s);
            assert_gradient(|x| forward(x, s).0, &x, &dy, &dx);
        }
    }
}
