//! Convolutions of 1×1 taps as products of matrices over the pixels of all images; twin and cases are those of
//! [`super::conv2d`].

use super::conv2d::Geometry;
use super::kernels::subgroup_pointwise as wgsl;
use super::{expect, u32_of};
use crate::error::Result;
use crate::gpu::{Gpu, MOST_TURNS, Recording, Tensor, Work, by};
use crate::shape::MapShape;

const OP: &str = "pointwise";
/// As `LANES` and `WIDE` in the shader.
const LANES: usize = 8;
const WIDE: usize = 32;
/// Subgroups worth having: enough that the cores of a software adapter end together.
const SUBGROUPS: usize = 384;

/// The shapes of a convolution that these kernels take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointwise {
    x: MapShape,
    outputs: usize,
}

/// How the gradient of a weight is cut up.
#[derive(Clone, Copy)]
struct Cut {
    /// Times eight rows of the narrow matrix in a subgroup.
    blocks: usize,
    /// Subgroups that a slice takes.
    tiles: usize,
}

/// Times eight rows in a tile, as there are entry points; the one that takes least of what `cost` says.
fn best(cost: impl Fn(usize) -> usize) -> usize {
    (2..=5).min_by_key(|&blocks| cost(blocks)).unwrap_or(2)
}

impl Cut {
    /// Loads take as long as the products of eight rows.
    fn new(wide: usize, narrow: usize) -> (Self, usize) {
        let tiles = |blocks: usize| wide.div_ceil(WIDE) * narrow.div_ceil(blocks * LANES);
        let cost = |blocks: usize| tiles(blocks) * (1 + blocks);
        let blocks = best(cost);
        (Self { blocks, tiles: tiles(blocks) }, cost(blocks))
    }
}

impl Pointwise {
    /// `None` where the device has no subgroups of eight lanes, and for other than convolutions of 1×1 taps with stride 1 over
    /// channels and pixels in whole groups of four.
    pub fn new(
        gpu: &Gpu,
        x: MapShape,
        outputs: usize,
        kernel: (usize, usize),
        geometry: Geometry,
    ) -> Option<Self> {
        let plain = kernel == (1, 1) && geometry == Geometry::from((0, 0));
        let whole = [x.channels, outputs, x.height * x.width].iter().all(|n| n.is_multiple_of(4));
        (plain && whole && !x.is_empty() && gpu.has_subgroups_of(LANES)).then_some(Self { x, outputs })
    }

    /// (N, C, H, W) over a batch of `rows`.
    fn dims(&self, rows: usize, channels: usize) -> [usize; 4] {
        [rows, channels, self.x.height, self.x.width]
    }

    /// (N, C, H, W) of x over a batch of `rows`.
    pub(super) fn x_dims(&self, rows: usize) -> [usize; 4] {
        self.dims(rows, self.x.channels)
    }

    /// (N, O, H, W) of y over a batch of `rows`.
    pub fn y_dims(&self, rows: usize) -> [usize; 4] {
        self.dims(rows, self.outputs)
    }

    fn expect(&self, x: &Tensor, weight: &Tensor, y: &Tensor) -> Result<()> {
        expect(OP, "x", x, &self.x_dims(x.rows()))?;
        expect(OP, "y", y, &self.y_dims(x.rows()))?;
        expect(OP, "weight", weight, &[self.outputs, self.x.channels, 1, 1])
    }

    /// Of a product that makes `outputs` maps of `channels`.
    fn params(&self, rows: usize, channels: usize, outputs: usize) -> Result<wgsl::Params> {
        Ok(wgsl::Params {
            rows: u32_of(OP, rows)?,
            channels: u32_of(OP, channels)?,
            outputs: u32_of(OP, outputs)?,
            quads: u32_of(OP, self.x.height * self.x.width / 4)?,
            ..wgsl::Params::default()
        })
    }

    fn work(&self, rows: usize) -> Work {
        let products = rows * self.x.len() * self.outputs;
        Work::new(2 * products, format!("{} → {}", by(&self.x_dims(rows)), self.outputs))
    }

    /// y (N, O, H, W) from x (N, C, H, W) and weight (O, C, 1, 1).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit.
    pub fn forward(&self, rec: &mut Recording, x: &Tensor, weight: &Tensor, y: &Tensor) -> Result<()> {
        self.expect(x, weight, y)?;
        self.multiply(rec, x, weight, y)
    }

    /// y of any number of maps from x of any other, and as many rows of weight.
    fn multiply(&self, rec: &mut Recording, x: &Tensor, weight: &Tensor, y: &Tensor) -> Result<()> {
        let outputs = y.map().channels;
        let params = &self.params(x.rows(), x.map().channels, outputs)?;
        // Loads of x take a little longer than the products of eight outputs.
        let blocks = best(|blocks| outputs.div_ceil(blocks * LANES) * (6 + 5 * blocks));
        let size = wgsl::FORWARD2.workgroup_size as usize;
        let across = (params.rows * params.quads).div_ceil(size as u32) as usize;
        let threads = across * outputs.div_ceil(blocks * LANES) * size;
        let work = self.work(x.rows());
        match blocks {
            2 => rec.dispatch(wgsl::Forward2 { params, x, weight, y }, threads, work),
            3 => rec.dispatch(wgsl::Forward3 { params, x, weight, y }, threads, work),
            4 => rec.dispatch(wgsl::Forward4 { params, x, weight, y }, threads, work),
            _ => rec.dispatch(wgsl::Forward5 { params, x, weight, y }, threads, work),
        }
    }

    /// dx (N, C, H, W) from dy (N, O, H, W) and weight (O, C, 1, 1).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit, [`crate::error::Error::OutOfMemory`] when there is no memory
    /// for the transposed weight.
    pub fn backward_input(
        &self,
        rec: &mut Recording,
        dy: &Tensor,
        weight: &Tensor,
        dx: &Tensor,
    ) -> Result<()> {
        self.expect(dx, weight, dy)?;
        let transposed = &Tensor::zeros(rec.gpu(), "transposed weight", &[self.x.channels, self.outputs])?;
        let params = &self.params(dy.rows(), self.outputs, self.x.channels)?;
        let (flat_weight, work) = (weight, Work::new(0, by(weight.dims())));
        rec.dispatch(wgsl::TransposeWeight { params, flat_weight, transposed }, weight.len() / 4, work)?;
        self.multiply(rec, dy, transposed, dx)
    }

    /// dweight (O, C, 1, 1) from x (N, C, H, W) and dy (N, O, H, W).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit, [`crate::error::Error::OutOfMemory`] when there is no memory
    /// for the partial sums.
    pub fn backward_weight(
        &self,
        rec: &mut Recording,
        x: &Tensor,
        dy: &Tensor,
        dweight: &Tensor,
    ) -> Result<()> {
        let sums = Sums::new(rec, self, &[x.rows()])?;
        sums.add(rec, 0, x, dy)?;
        sums.finish(rec, dweight)
    }
}

/// The gradient of a weight over a batch that comes in parts.
pub(super) struct Sums {
    product: Pointwise,
    cut: Cut,
    /// Whether x is the matrix whose rows are each lane's own; else dy is.
    x_is_wide: bool,
    /// Of each part, the first slice and how many there are.
    slices: Vec<(usize, usize)>,
    /// (slices, narrow, wide)
    partial: Tensor,
}

impl Sums {
    /// For parts of so many rows.
    ///
    /// # Errors
    /// [`crate::error::Error::OutOfMemory`] when there is no memory for the partial sums.
    pub fn new(rec: &Recording, product: &Pointwise, rows: &[usize]) -> Result<Self> {
        let (channels, outputs) = (product.x.channels, product.outputs);
        let ((of_x, x_cost), (of_dy, dy_cost)) = (Cut::new(channels, outputs), Cut::new(outputs, channels));
        let x_is_wide = x_cost <= dy_cost;
        let cut = if x_is_wide { of_x } else { of_dy };
        let (mut all, mut slices) = (0, vec![]);
        for rows in rows {
            let quads = rows * product.x.height * product.x.width / 4;
            let count = SUBGROUPS.div_ceil(cut.tiles).max(quads.div_ceil(MOST_TURNS)).min(quads);
            slices.push((all, count));
            all += count;
        }
        let dims = if x_is_wide { [all, outputs, channels] } else { [all, channels, outputs] };
        let partial = Tensor::zeros(rec.gpu(), "partial sums of dweight", &dims)?;
        Ok(Self { product: *product, cut, x_is_wide, slices, partial })
    }

    fn params(&self, rows: usize) -> Result<wgsl::Params> {
        let (narrow, wide) = (self.partial.dims()[1], self.partial.dims()[2]);
        Ok(wgsl::Params {
            wide: u32_of(OP, wide)?,
            narrow: u32_of(OP, narrow)?,
            slices: u32_of(OP, self.partial.rows())?,
            ..self.product.params(rows, self.product.x.channels, self.product.outputs)?
        })
    }

    /// Sums up the part of that number, from x (N, C, H, W) and dy (N, O, H, W).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit.
    pub fn add(&self, rec: &mut Recording, part: usize, x: &Tensor, dy: &Tensor) -> Result<()> {
        expect(OP, "x", x, &self.product.x_dims(x.rows()))?;
        expect(OP, "dy", dy, &self.product.y_dims(x.rows()))?;
        let (first, slices) = self.slices[part];
        let quads = x.rows() * self.product.x.height * self.product.x.width / 4;
        let params = &wgsl::Params {
            first: u32_of(OP, first)?,
            slices: u32_of(OP, slices)?,
            slice: u32_of(OP, quads.div_ceil(slices))?,
            ..self.params(x.rows())?
        };
        let (a, b) = if self.x_is_wide { (x, dy) } else { (dy, x) };
        let (threads, work) = (slices * self.cut.tiles * LANES, self.product.work(x.rows()));
        let parts_out = &self.partial;
        match self.cut.blocks {
            2 => rec.dispatch(wgsl::Sums2 { params, a, b, parts_out }, threads, work),
            3 => rec.dispatch(wgsl::Sums3 { params, a, b, parts_out }, threads, work),
            4 => rec.dispatch(wgsl::Sums4 { params, a, b, parts_out }, threads, work),
            _ => rec.dispatch(wgsl::Sums5 { params, a, b, parts_out }, threads, work),
        }
    }

    /// dweight (O, C, 1, 1) of all parts.
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shape does not fit.
    pub fn finish(&self, rec: &mut Recording, dweight: &Tensor) -> Result<()> {
        expect(OP, "dweight", dweight, &[self.product.outputs, self.product.x.channels, 1, 1])?;
        let (params, parts) = (&self.params(0)?, &self.partial);
        let work = Work::new(parts.len(), by(dweight.dims()));
        match self.x_is_wide {
            true => rec.dispatch(wgsl::Reduce { params, parts, dweight }, dweight.len(), work),
            false => rec.dispatch(wgsl::ReduceTransposed { params, parts, dweight }, dweight.len(), work),
        }
    }
}
