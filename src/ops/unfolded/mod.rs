//! Convolutions of any kernel and stride as products of matrices, for software adapters; twin and cases are those of
//! [`super::conv2d`].

use super::conv2d::{Geometry, out_size};
use super::kernels::{resize_rows, unfold as wgsl};
use super::pointwise::{Pointwise, Sums};
use super::{expect, u32_of};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, Work, by};
use crate::shape::MapShape;
use std::ops::Range;

const OP: &str = "unfolded";
/// Values that are unfolded at once, at most where four images are fewer: what is unfolded takes KH·KW times as much memory as
/// the maps, so the batch goes through in parts.
const AT_ONCE: usize = 1 << 21;
/// Images of a part are a multiple of so many: it starts where devices let a binding start.
const IMAGES: usize = 4;

/// The shapes of a convolution that these kernels take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfolded {
    x: MapShape,
    y: MapShape,
    kernel: (usize, usize),
    geometry: Geometry,
    /// Of what is unfolded, its planes filled up to whole groups of four.
    product: Pointwise,
}

impl Unfolded {
    /// `None` where the device cannot multiply so, and for convolutions of several groups, and of outputs that are no multiple
    /// of four.
    pub fn new(
        gpu: &Gpu,
        x: MapShape,
        outputs: usize,
        kernel: (usize, usize),
        geometry: Geometry,
    ) -> Option<Self> {
        let (height, width) = out_size((x.height, x.width), kernel, geometry).ok()?;
        let planes = (x.channels * kernel.0 * kernel.1).next_multiple_of(4);
        let unfolded = MapShape::new(planes, 1, (height * width).next_multiple_of(4));
        let product = Pointwise::new(gpu, unfolded, outputs, (1, 1), (0, 0).into())?;
        let y = MapShape::new(outputs, height, width);
        (geometry.groups == 1 && !x.is_empty()).then_some(Self { x, y, kernel, geometry, product })
    }

    /// Whether the register-tiled kernels do not take the convolution, or waste most of their tiles on it.
    pub fn is_best(&self) -> bool {
        let ragged = self.pixels().0 != self.pixels().1;
        self.geometry != Geometry::from(self.geometry.before) || self.kernel == (1, 1) || ragged
    }

    /// (N, O, OH, OW) of y over a batch of `rows`.
    pub fn y_dims(&self, rows: usize) -> [usize; 4] {
        [rows, self.y.channels, self.y.height, self.y.width]
    }

    fn x_dims(&self, rows: usize) -> [usize; 4] {
        [rows, self.x.channels, self.x.height, self.x.width]
    }

    fn expect(&self, x: &Tensor, weight: &Tensor, y: &Tensor) -> Result<()> {
        expect(OP, "x", x, &self.x_dims(x.rows()))?;
        expect(OP, "y", y, &self.y_dims(x.rows()))?;
        expect(OP, "weight", weight, &[self.y.channels, self.x.channels, self.kernel.0, self.kernel.1])
    }

    /// Values of a row of the weight.
    fn taps(&self) -> usize {
        self.x.channels * self.kernel.0 * self.kernel.1
    }

    /// Pixels of a plane of y, and the same filled up.
    fn pixels(&self) -> (usize, usize) {
        let pixels = self.y.height * self.y.width;
        (pixels, pixels.next_multiple_of(4))
    }

    /// The parts that a batch of `rows` goes through in.
    fn parts(&self, rows: usize) -> impl Iterator<Item = Range<usize>> {
        let of_image: usize = self.product.x_dims(1).iter().product();
        let images = (AT_ONCE / of_image / IMAGES * IMAGES).max(IMAGES);
        (0..rows).step_by(images).map(move |first| first..(first + images).min(rows))
    }

    /// Memory for what is unfolded of the longest part of a batch of `rows`.
    fn memory(&self, rec: &Recording, rows: usize) -> Result<Tensor> {
        let images = self.parts(rows).map(|part| part.len()).max().unwrap_or(0);
        Tensor::zeros(rec.gpu(), "unfolded", &self.product.x_dims(images))
    }

    fn params(&self, part: &Range<usize>) -> Result<wgsl::Params> {
        let Geometry { stride, before, .. } = self.geometry;
        let (_, pixels) = self.pixels();
        Ok(wgsl::Params {
            rows: u32_of(OP, part.len())?,
            first: u32_of(OP, part.start)?,
            channels: u32_of(OP, self.x.channels)?,
            height: u32_of(OP, self.x.height)?,
            width: u32_of(OP, self.x.width)?,
            kernel_h: u32_of(OP, self.kernel.0)?,
            kernel_w: u32_of(OP, self.kernel.1)?,
            stride_h: u32_of(OP, stride.0)?,
            stride_w: u32_of(OP, stride.1)?,
            pad_h: u32_of(OP, before.0)?,
            pad_w: u32_of(OP, before.1)?,
            out_h: u32_of(OP, self.y.height)?,
            out_w: u32_of(OP, self.y.width)?,
            planes: u32_of(OP, self.taps().next_multiple_of(4))?,
            quads: u32_of(OP, pixels / 4)?,
        })
    }

    /// What the taps meet in a part of x.
    fn unfold(&self, rec: &mut Recording, x: &Tensor, part: &Range<usize>, unfolded: &Tensor) -> Result<()> {
        let params = &self.params(part)?;
        let runs = (params.quads as usize).div_ceil(RUN);
        let threads = unfolded.rows() * params.planes as usize * runs;
        let work = Work::new(0, by(unfolded.dims()));
        rec.dispatch(wgsl::Unfold { params, x, unfolded_out: unfolded }, threads, work)
    }

    /// The weight (O, planes).
    fn weight(&self, rec: &mut Recording, weight: &Tensor) -> Result<Tensor> {
        let (taps, planes) = (self.taps(), self.taps().next_multiple_of(4));
        if taps == planes {
            return Ok(weight.reshaped(&[self.y.channels, planes, 1, 1]));
        }
        let filled = Tensor::zeros(rec.gpu(), "weight, filled up", &[self.y.channels, planes, 1, 1])?;
        resize(rec, (weight, taps, 0), (&filled, planes, 0), self.y.channels)?;
        Ok(filled)
    }

    /// dy of a part, its planes filled up.
    fn filled_dy(&self, rec: &mut Recording, dy: &Tensor, part: &Range<usize>) -> Result<Tensor> {
        let (pixels, filled) = self.pixels();
        let dims = self.product.y_dims(part.len());
        let outputs = self.y.channels;
        if pixels == filled {
            return Ok(dy.part(part.start * outputs * pixels, &dims));
        }
        let to = Tensor::zeros(rec.gpu(), "dy, filled up", &dims)?;
        resize(rec, (dy, pixels, part.start * outputs), (&to, filled, 0), part.len() * outputs)?;
        Ok(to)
    }

    /// y (N, O, OH, OW) from x (N, C, H, W) and weight (O, C, KH, KW).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit, [`crate::error::Error::OutOfMemory`] when there is no memory
    /// for what lies between the kernels.
    pub fn forward(&self, rec: &mut Recording, x: &Tensor, weight: &Tensor, y: &Tensor) -> Result<()> {
        self.expect(x, weight, y)?;
        let (weight, memory) = (&self.weight(rec, weight)?, self.memory(rec, x.rows())?);
        let ((pixels, filled), outputs) = (self.pixels(), self.y.channels);
        for part in self.parts(x.rows()) {
            let unfolded = &memory.first_rows(part.len());
            self.unfold(rec, x, &part, unfolded)?;
            let dims = self.product.y_dims(part.len());
            if pixels == filled {
                let y = &y.part(part.start * outputs * pixels, &dims);
                self.product.forward(rec, unfolded, weight, y)?;
                continue;
            }
            let of_part = &Tensor::zeros(rec.gpu(), "y, filled up", &dims)?;
            self.product.forward(rec, unfolded, weight, of_part)?;
            resize(rec, (of_part, filled, 0), (y, pixels, part.start * outputs), part.len() * outputs)?;
        }
        Ok(())
    }

    /// dx (N, C, H, W) from dy (N, O, OH, OW) and weight (O, C, KH, KW).
    ///
    /// # Errors
    /// As [`Unfolded::forward`].
    pub fn backward_input(
        &self,
        rec: &mut Recording,
        dy: &Tensor,
        weight: &Tensor,
        dx: &Tensor,
    ) -> Result<()> {
        self.expect(dx, weight, dy)?;
        let (weight, memory) = (&self.weight(rec, weight)?, self.memory(rec, dx.rows())?);
        for part in self.parts(dx.rows()) {
            let unfolded = &memory.first_rows(part.len());
            let dy = &self.filled_dy(rec, dy, &part)?;
            self.product.backward_input(rec, dy, weight, unfolded)?;
            let (params, values) = (&self.params(&part)?, part.len() * self.x.len());
            let work = Work::new(unfolded.len(), by(&self.x_dims(part.len())));
            rec.dispatch(wgsl::Fold { params, unfolded, dx }, values, work)?;
        }
        Ok(())
    }

    /// dweight (O, C, KH, KW) from x (N, C, H, W) and dy (N, O, OH, OW).
    ///
    /// # Errors
    /// As [`Unfolded::forward`].
    pub fn backward_weight(
        &self,
        rec: &mut Recording,
        x: &Tensor,
        dy: &Tensor,
        dweight: &Tensor,
    ) -> Result<()> {
        self.expect(x, dweight, dy)?;
        let memory = self.memory(rec, x.rows())?;
        let rows: Vec<usize> = self.parts(x.rows()).map(|part| part.len()).collect();
        let sums = Sums::new(rec, &self.product, &rows)?;
        for (number, part) in self.parts(x.rows()).enumerate() {
            let unfolded = &memory.first_rows(part.len());
            self.unfold(rec, x, &part, unfolded)?;
            let dy = &self.filled_dy(rec, dy, &part)?;
            sums.add(rec, number, unfolded, dy)?;
        }
        let (taps, planes) = (self.taps(), self.taps().next_multiple_of(4));
        if taps == planes {
            return sums.finish(rec, &dweight.reshaped(&[self.y.channels, planes, 1, 1]));
        }
        let filled = &Tensor::zeros(rec.gpu(), "dweight, filled up", &[self.y.channels, planes, 1, 1])?;
        sums.finish(rec, filled)?;
        resize(rec, (filled, planes, 0), (dweight, taps, 0), self.y.channels)
    }
}

/// As in the shader.
const RUN: usize = 16;

/// `rows` rows of x, of so many values, as rows of y; each matrix with its first row.
fn resize(
    rec: &mut Recording,
    (x, from, source): (&Tensor, usize, usize),
    (y, to, first): (&Tensor, usize, usize),
    rows: usize,
) -> Result<()> {
    let params = &resize_rows::Params {
        rows: u32_of(OP, rows)?,
        x_length: u32_of(OP, from)?,
        y_length: u32_of(OP, to)?,
        first: u32_of(OP, first)?,
        source: u32_of(OP, source)?,
    };
    rec.dispatch(resize_rows::Resize { params, x, y }, rows * to, Work::new(0, by(&[rows, to])))
}
