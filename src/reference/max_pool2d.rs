//! 2-D max pooling without padding: `torch.nn.functional.max_pool2d`.
//!
//! `y[n,c,oy,ox] = max_{ky,kx} x[n, c, oy·SH+ky, ox·SW+kx]`
//!
//! Rows and columns that no whole window covers are left out (`ceil_mode=False`).

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
}

impl MaxPool2dShape {
    /// OH = ⌊(H − KH) / SH⌋ + 1, the output height.
    pub const fn out_h(&self) -> usize {
        (self.h - self.kh) / self.sh + 1
    }

    /// OW = ⌊(W − KW) / SW⌋ + 1, the output width.
    pub const fn out_w(&self) -> usize {
        (self.w - self.kw) / self.sw + 1
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
                let mut best = oy * s.sh * s.w + ox * s.sw;
                for ky in 0..s.kh {
                    for kx in 0..s.kw {
                        let i = (oy * s.sh + ky) * s.w + ox * s.sw + kx;
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

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_gradient, normal};
    use super::*;

    /// One 2×3 image; 2×2 windows one column apart.
    const OVERLAPPING: MaxPool2dShape = MaxPool2dShape { n: 1, c: 1, h: 2, w: 3, kh: 2, kw: 2, sh: 1, sw: 1 };

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
        let s = MaxPool2dShape { n: 1, c: 2, h: 2, w: 3, kh: 2, kw: 2, sh: 2, sw: 2 };
        let x = [1.0, 2.0, 99.0, 4.0, 3.0, 99.0, 8.0, 7.0, 99.0, 6.0, 5.0, 99.0];
        let (y, argmax) = forward(&x, s);
        assert_eq!((y, argmax.clone()), (vec![4.0, 8.0], vec![3, 0]));
        let dx = backward(&[1.0, 2.0], &argmax, s);
        assert_eq!(dx, [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        let cases = [
            [2, 3, 5, 7, 2, 2, 2, 2],
            [3, 2, 7, 4, 3, 2, 1, 2],
            [1, 4, 6, 9, 2, 3, 3, 1],
            [1, 1, 1, 1, 1, 1, 1, 1],
        ];
        for [n, c, h, w, kh, kw, sh, sw] in cases {
            let s = MaxPool2dShape { n, c, h, w, kh, kw, sh, sw };
            let x = normal(n * c * h * w, "x");
            let dy = normal(n * c * s.out_h() * s.out_w(), "dy");
            let (_, argmax) = forward(&x, s);
            let dx = backward(&dy, &argmax, s);
            assert_gradient(|x| forward(x, s).0, &x, &dy, &dx);
        }
    }
}
