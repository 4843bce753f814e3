//! Depthwise convolutions of 3×3 and 5×5 taps, four pixels at a time; twin and cases are those of [`super::conv2d`].

use super::conv2d::{Geometry, out_size};
use super::kernels::{depthwise as wgsl, depthwise_params::Params, depthwise_weight as weights};
use super::{expect, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by, nested};
use crate::shape::MapShape;

const OP: &str = "depthwise";
/// As `ROWS` in the shader.
const STRIDED_ROWS: usize = 8;
/// As `WORKGROUP_SIZE` in the shader of the weight's gradient, and the turns in which it adds up what the lanes have.
const LANES: usize = 64;
const OF_SUMS: usize = 2 * LANES;

/// The shapes of a convolution that these kernels take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depthwise {
    x: MapShape,
    y: MapShape,
    /// 3 or 5.
    taps: usize,
    /// 1 or 2.
    stride: usize,
    /// Rows of zeros above.
    pad: usize,
}

impl Depthwise {
    /// `None` for other than depthwise convolutions over rows of whole groups of four, with padding that keeps the maps'
    /// size, or halves it as TensorFlow's "same" does where it is even.
    pub fn new(x: MapShape, outputs: usize, kernel: (usize, usize), geometry: Geometry) -> Option<Self> {
        let Geometry { stride, before, behind, groups } = geometry;
        let (taps, step) = (kernel.0, stride.0);
        let square = kernel.0 == kernel.1 && stride.0 == stride.1;
        let depthwise = groups == x.channels && outputs == x.channels;
        let pad = (taps.checked_sub(step)?) / 2;
        let rest = taps - step - pad;
        let padded = before == (pad, pad) && behind == (rest, rest);
        let even = x.width.is_multiple_of(4 * step) && x.height.is_multiple_of(step);
        let known = matches!(taps, 3 | 5) && matches!(step, 1 | 2);
        let (height, width) = out_size((x.height, x.width), kernel, geometry).ok()?;
        let y = MapShape::new(outputs, height, width);
        (square && depthwise && padded && even && known).then_some(Self { x, y, taps, stride: step, pad })
    }

    /// (N, C, H, W) of x over a batch of `rows`.
    fn x_dims(&self, rows: usize) -> [usize; 4] {
        [rows, self.x.channels, self.x.height, self.x.width]
    }

    /// (N, C, OH, OW) of y over a batch of `rows`.
    pub fn y_dims(&self, rows: usize) -> [usize; 4] {
        [rows, self.y.channels, self.y.height, self.y.width]
    }

    /// For x of `rows` rows, checked, and the other tensors.
    fn params(&self, x: &Tensor, y: &Tensor, weight: &Tensor) -> Result<Params> {
        let rows = x.rows();
        expect(OP, "x", x, &self.x_dims(rows))?;
        expect(OP, "y", y, &self.y_dims(rows))?;
        expect(OP, "weight", weight, &[self.x.channels, 1, self.taps, self.taps])?;
        Ok(Params {
            planes: u32_of(OP, rows * self.x.channels)?,
            channels: u32_of(OP, self.x.channels)?,
            height: u32_of(OP, self.x.height)?,
            quads: u32_of(OP, self.x.width / 4)?,
            out_h: u32_of(OP, self.y.height)?,
            out_quads: u32_of(OP, self.y.width / 4)?,
            taps: u32_of(OP, self.taps)?,
            pad: u32_of(OP, self.pad)?,
        })
    }

    fn work(&self, y: &Tensor) -> Work {
        Work::new(
            2 * y.len() * self.taps * self.taps,
            format!("{} * {}×{}", by(y.dims()), self.taps, self.taps),
        )
    }

    /// The taps in rows of their own.
    fn pack(&self, rec: &mut Recording, params: &Params, weight: &Tensor, rotated: bool) -> Result<Tensor> {
        let rows = self.x.channels * self.taps * 2;
        let packed = Tensor::zeros(rec.gpu(), "taps", &[rows, 4])?;
        let (work, packed_out) = (Work::new(0, by(weight.dims())), &packed);
        match rotated {
            false => rec.dispatch(wgsl::Pack { params, weight, packed_out }, rows, work)?,
            true => rec.dispatch(wgsl::PackRotated { params, weight, packed_out }, rows, work)?,
        }
        Ok(packed)
    }

    /// y (N, C, OH, OW) from x (N, C, H, W) and weight (C, 1, K, K).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit.
    pub fn forward(&self, rec: &mut Recording, x: &Tensor, weight: &Tensor, y: &Tensor) -> Result<()> {
        let params = &self.params(x, y, weight)?;
        let packed = &self.pack(rec, params, weight, false)?;
        let (quads, work) = (y.rows() * self.y.channels * self.y.width / 4, self.work(y));
        match (self.stride, self.taps) {
            (1, _) => self.plain(rec, params, packed, x, y),
            (_, 3) => {
                rec.dispatch(wgsl::StridedForward3 { params, packed, x, y }, quads * self.y.height, work)
            }
            _ => rec.dispatch(wgsl::StridedForward5 { params, packed, x, y }, quads * self.y.height, work),
        }
    }

    /// With stride 1: four rows a thread.
    fn plain(
        &self,
        rec: &mut Recording,
        params: &Params,
        packed: &Tensor,
        x: &Tensor,
        y: &Tensor,
    ) -> Result<()> {
        let threads = y.rows() * self.y.channels * self.y.width / 4 * self.y.height.div_ceil(4);
        match self.taps {
            3 => rec.dispatch(wgsl::Forward3 { params, packed, x, y }, threads, self.work(y)),
            _ => rec.dispatch(wgsl::Forward5 { params, packed, x, y }, threads, self.work(y)),
        }
    }

    /// dx (N, C, H, W) from dy (N, C, OH, OW) and weight (C, 1, K, K).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit.
    pub fn backward_input(
        &self,
        rec: &mut Recording,
        dy: &Tensor,
        weight: &Tensor,
        dx: &Tensor,
    ) -> Result<()> {
        let params = &self.params(dx, dy, weight)?;
        let packed = &self.pack(rec, params, weight, self.stride == 1)?;
        if self.stride == 1 {
            return self.plain(rec, params, packed, dy, dx);
        }
        let (columns, work) = (dy.rows() * self.y.channels * self.y.width / 4, self.work(dy));
        let threads = columns * self.y.height.div_ceil(STRIDED_ROWS);
        match self.taps {
            3 => rec.dispatch(wgsl::StridedInput3 { params, packed, dy, dx }, threads, work),
            _ => rec.dispatch(wgsl::StridedInput5 { params, packed, dy, dx }, threads, work),
        }
    }

    /// dweight (C, 1, K, K) from x (N, C, H, W) and dy (N, C, OH, OW).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit.
    pub fn backward_weight(
        &self,
        rec: &mut Recording,
        x: &Tensor,
        dy: &Tensor,
        dweight: &Tensor,
    ) -> Result<()> {
        let params = &self.params(x, dy, dweight)?;
        // A column of fours a thread, of 64; then what they have come to is added up.
        let columns = dy.rows() * self.y.width.div_ceil(4);
        let turns = nested([columns.div_ceil(LANES), self.y.height]) + OF_SUMS;
        let (channels, work) = (self.x.channels, self.work(dy).turns(turns));
        match (self.stride, self.taps) {
            (1, 3) => rec.dispatch_workgroups(weights::Weight3 { params, x, dy, dweight }, channels, work),
            (1, _) => rec.dispatch_workgroups(weights::Weight5 { params, x, dy, dweight }, channels, work),
            (_, 3) => {
                rec.dispatch_workgroups(weights::StridedWeight3 { params, x, dy, dweight }, channels, work)
            }
            _ => rec.dispatch_workgroups(weights::StridedWeight5 { params, x, dy, dweight }, channels, work),
        }
    }
}
