//! The first convolution of a network over few channels, four pixels at a time; twin and cases are those of
//! [`super::conv2d`].

use super::conv2d::{self, Geometry};
use super::kernels::{depthwise_params::Params, stem as wgsl};
use super::{expect, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};
use crate::shape::MapShape;

const OP: &str = "stem";
/// As `MOST` in the shader.
const MOST_CHANNELS: usize = 4;
/// How the kernels go over the maps.
const GEOMETRY: Geometry = Geometry { stride: (2, 2), before: (0, 0), behind: (1, 1), groups: 1 };

/// The shapes of a convolution that these kernels take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stem {
    x: MapShape,
    y: MapShape,
}

impl Stem {
    /// `None` for other than convolutions of 3×3 taps over few channels, with stride 2 and padding as TensorFlow's "same" has
    /// it where sizes are even, rows of whole groups of eight and outputs in groups of eight.
    pub fn new(x: MapShape, outputs: usize, kernel: (usize, usize), geometry: Geometry) -> Option<Self> {
        let whole = x.width.is_multiple_of(8) && x.height.is_multiple_of(2) && outputs.is_multiple_of(8);
        let few = x.channels <= MOST_CHANNELS && kernel == (3, 3) && geometry == GEOMETRY;
        let y = MapShape::new(outputs, x.height / 2, x.width / 2);
        (whole && few && !x.is_empty() && outputs > 0).then_some(Self { x, y })
    }

    /// (N, O, OH, OW) of y over a batch of `rows`.
    pub fn y_dims(&self, rows: usize) -> [usize; 4] {
        [rows, self.y.channels, self.y.height, self.y.width]
    }

    fn params(&self, x: &Tensor, y: &Tensor, weight: &Tensor) -> Result<Params> {
        let (rows, channels, outputs) = (x.rows(), self.x.channels, self.y.channels);
        expect(OP, "x", x, &[rows, channels, self.x.height, self.x.width])?;
        expect(OP, "y", y, &self.y_dims(rows))?;
        expect(OP, "weight", weight, &[outputs, channels, 3, 3])?;
        Ok(Params {
            planes: u32_of(OP, rows * outputs)?,
            channels: u32_of(OP, channels)?,
            height: u32_of(OP, self.x.height)?,
            quads: u32_of(OP, self.x.width / 4)?,
            out_h: u32_of(OP, self.y.height)?,
            out_quads: u32_of(OP, self.y.width / 4)?,
            taps: u32_of(OP, outputs)?,
            pad: 0,
        })
    }

    fn work(&self, y: &Tensor) -> Work {
        Work::new(18 * y.len() * self.x.channels, format!("{}×3×3 → {}", self.x.channels, by(y.dims())))
    }

    /// y (N, O, OH, OW) from x (N, C, H, W) and weight (O, C, 3, 3).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit.
    pub fn forward(&self, rec: &mut Recording, x: &Tensor, weight: &Tensor, y: &Tensor) -> Result<()> {
        let params = &self.params(x, y, weight)?;
        let rows = self.y.channels * self.x.channels * 3;
        let packed = &Tensor::zeros(rec.gpu(), "taps", &[rows, 4])?;
        let work = Work::new(0, by(weight.dims()));
        rec.dispatch(wgsl::Pack { params, weight, packed_out: packed }, rows, work)?;
        rec.dispatch(wgsl::Forward { params, packed, x, y }, y.len() / 32, self.work(y))
    }

    /// dx (N, C, H, W) from dy (N, O, OH, OW) and weight (O, C, 3, 3), by the plain kernel: nobody asks for it but virtual
    /// adversarial training.
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
        conv2d::backward_input(rec, dy, weight, dx, GEOMETRY)
    }

    /// dweight (O, C, 3, 3) from x (N, C, H, W) and dy (N, O, OH, OW).
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
        let workgroups = self.y.channels / 4 * self.x.channels;
        // Fours of pixels of all images for 64 threads, and what adds up what they have.
        let turns = (dy.rows() * self.y.height * self.y.width.div_ceil(4)).div_ceil(64) + 72;
        let work = self.work(dy).turns(turns);
        rec.dispatch_workgroups(wgsl::BackwardWeight { params, x, dy, dweight }, workgroups, work)
    }
}
