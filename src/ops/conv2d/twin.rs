//! 2-D convolution (cross-correlation) with zero padding: `torch.nn.functional.conv2d`.
//!
//! `y[n,o,oy,ox] = bias[o] + Σ_{c,ky,kx} x[n, g·C/G + c, oy·SH+ky−PH, ox·SW+kx−PW] · weight[o,c,ky,kx]`,
//! where x is 0 outside the image and g = ⌊o / (O/G)⌋ is the group of output o.

/// The shapes of a convolution: x (N, C, H, W), weight (O, C/G, KH, KW), bias (O), y (N, O, OH, OW).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dShape {
    /// N, rows of the batch.
    pub n: usize,
    /// C, input channels.
    pub c: usize,
    /// H, input height.
    pub h: usize,
    /// W, input width.
    pub w: usize,
    /// O, output channels.
    pub o: usize,
    /// KH, kernel height.
    pub kh: usize,
    /// KW, kernel width.
    pub kw: usize,
    /// PH, rows of zeros above the image.
    pub ph: usize,
    /// PW, columns of zeros left of the image.
    pub pw: usize,
    /// Rows of zeros below the image.
    pub bottom: usize,
    /// Columns of zeros right of the image.
    pub right: usize,
    /// SH and SW, from one position of the kernel to the next.
    pub stride: (usize, usize),
    /// G, groups of channels that are convolved apart.
    pub groups: usize,
}

impl Conv2dShape {
    /// x (N, C, H, W), O, KH and KW of the weight, and PH and PW on all sides; stride 1, one group.
    pub const fn plain(x: [usize; 4], weight: [usize; 3], padding: [usize; 2]) -> Self {
        let ([n, c, h, w], [o, kh, kw], [ph, pw]) = (x, weight, padding);
        Self { n, c, h, w, o, kh, kw, ph, pw, bottom: ph, right: pw, stride: (1, 1), groups: 1 }
    }

    /// OH = ⌊(H + both paddings − KH) / SH⌋ + 1, the output height.
    pub const fn out_h(&self) -> usize {
        (self.h + self.ph + self.bottom - self.kh) / self.stride.0 + 1
    }

    /// OW = ⌊(W + both paddings − KW) / SW⌋ + 1, the output width.
    pub const fn out_w(&self) -> usize {
        (self.w + self.pw + self.right - self.kw) / self.stride.1 + 1
    }

    /// C/G
    pub const fn group_channels(&self) -> usize {
        self.c / self.groups
    }
}

/// The input coordinate under kernel tap `k` of the padded coordinate `out`; none where it is padding.
fn tap(out: usize, k: usize, padding: usize, size: usize) -> Option<usize> {
    (out + k).checked_sub(padding).filter(|&i| i < size)
}

/// Calls `product` for every product of the formula, with the places of its x, its weight and the y that it is added to.
fn each_product(s: Conv2dShape, mut product: impl FnMut(usize, usize, usize)) {
    let (mut y, channels) = (0, s.group_channels());
    for n in 0..s.n {
        for o in 0..s.o {
            for oy in 0..s.out_h() {
                for ox in 0..s.out_w() {
                    for c in 0..channels {
                        for ky in 0..s.kh {
                            for kx in 0..s.kw {
                                let Some(iy) = tap(oy * s.stride.0, ky, s.ph, s.h) else { continue };
                                let Some(ix) = tap(ox * s.stride.1, kx, s.pw, s.w) else { continue };
                                let of_x = n * s.c + o / (s.o / s.groups) * channels + c;
                                let of_weight = (o * channels + c) * s.kh + ky;
                                product((of_x * s.h + iy) * s.w + ix, of_weight * s.kw + kx, y);
                            }
                        }
                    }
                    y += 1;
                }
            }
        }
    }
}

/// x (N, C, H, W), weight (O, C/G, KH, KW), bias (O) → y (N, O, OH, OW).
pub fn forward(x: &[f64], weight: &[f64], bias: &[f64], s: Conv2dShape) -> Vec<f64> {
    let of_output = bias.iter().flat_map(|&bias| std::iter::repeat_n(bias, s.out_h() * s.out_w()));
    let mut y: Vec<f64> = of_output.collect::<Vec<_>>().repeat(s.n);
    each_product(s, |of_x, of_weight, of_y| y[of_y] += x[of_x] * weight[of_weight]);
    y
}

/// dy (N, O, OH, OW), weight (O, C/G, KH, KW) → dx (N, C, H, W): every product `x·weight` that forward adds to
/// a y hands `dy·weight` back to its x.
pub fn backward_input(dy: &[f64], weight: &[f64], s: Conv2dShape) -> Vec<f64> {
    let mut dx = vec![0.0; s.n * s.c * s.h * s.w];
    each_product(s, |of_x, of_weight, of_y| dx[of_x] += dy[of_y] * weight[of_weight]);
    dx
}

/// x (N, C, H, W), dy (N, O, OH, OW) → dweight (O, C/G, KH, KW): and `dy·x` to its weight.
pub fn backward_weight(x: &[f64], dy: &[f64], s: Conv2dShape) -> Vec<f64> {
    let mut dweight = vec![0.0; s.o * s.group_channels() * s.kh * s.kw];
    each_product(s, |of_x, of_weight, of_y| dweight[of_weight] += x[of_x] * dy[of_y]);
    dweight
}

/// dy (N, O, OH, OW) → dbias (O): `dbias[o] = Σ_{n,oy,ox} dy[n,o,oy,ox]`.
pub fn backward_bias(dy: &[f64], s: Conv2dShape) -> Vec<f64> {
    let plane = s.out_h() * s.out_w();
    let mut dbias = vec![0.0; s.o];
    for n in 0..s.n {
        for o in 0..s.o {
            for i in 0..plane {
                dbias[o] += dy[(n * s.o + o) * plane + i];
            }
        }
    }
    dbias
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_gradient, normal};

    /// One 2×3 image, one 1×2 kernel, a column of padding left and right: y is 2×4.
    const TINY: Conv2dShape = Conv2dShape::plain([1, 1, 2, 3], [1, 1, 2], [0, 1]);
    const X: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    const WEIGHT: [f64; 2] = [10.0, 1.0];
    const DY: [f64; 8] = [1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 3.0];

    #[test]
    fn tiny_values_by_hand() {
        assert_eq!(
            forward(&X, &WEIGHT, &[100.0], TINY),
            [101.0, 112.0, 123.0, 130.0, 104.0, 145.0, 156.0, 160.0]
        );
        assert_eq!(backward_input(&DY, &WEIGHT, TINY), [1.0, 0.0, 0.0, 20.0, 2.0, 30.0]);
        // Tap 0 meets 0, 4 and 6; tap 1 meets 1, 5 and 0.
        assert_eq!(backward_weight(&X, &DY, TINY), [26.0, 11.0]);
        assert_eq!(backward_bias(&DY, TINY), [6.0]);
    }

    #[test]
    fn channels_add_up_and_outputs_keep_apart() {
        let s = Conv2dShape::plain([2, 2, 1, 1], [3, 1, 1], [0, 0]);
        let weight = [1.0, 10.0, 2.0, 20.0, 3.0, 30.0];
        let y = forward(&[1.0, 2.0, 3.0, 4.0], &weight, &[0.0, 0.0, 100.0], s);
        assert_eq!(y, [21.0, 42.0, 163.0, 43.0, 86.0, 229.0]);
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        let cases = [
            [2, 3, 5, 7, 4, 3, 2, 0, 0],
            [3, 2, 4, 6, 5, 2, 3, 2, 1],
            [1, 1, 1, 1, 1, 1, 1, 0, 0],
            [2, 2, 3, 2, 3, 5, 4, 1, 2],
        ];
        let plain = cases
            .map(|[n, c, h, w, o, kh, kw, ph, pw]| Conv2dShape::plain([n, c, h, w], [o, kh, kw], [ph, pw]));
        let strided = Conv2dShape { stride: (2, 3), bottom: 2, right: 0, ..plain[1] };
        let grouped = Conv2dShape { c: 4, groups: 2, stride: (1, 2), ..plain[0] };
        for s in plain.into_iter().chain([strided, grouped]) {
            let Conv2dShape { n, c, h, w, o, kh, kw, .. } = s;
            let x = normal(n * c * h * w, "x");
            let weight = normal(o * c / s.groups * kh * kw, "weight");
            let bias = normal(o, "bias");
            let dy = normal(n * o * s.out_h() * s.out_w(), "dy");
            let dx = backward_input(&dy, &weight, s);
            assert_gradient(|x| forward(x, &weight, &bias, s), &x, &dy, &dx);
            let dweight = backward_weight(&x, &dy, s);
            assert_gradient(|weight| forward(&x, weight, &bias, s), &weight, &dy, &dweight);
            let dbias = backward_bias(&dy, s);
            assert_gradient(|bias| forward(&x, &weight, bias, s), &bias, &dy, &dbias);
        }
    }
}
