//! Batches built on the device from a data set of bytes; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::gather_batch as wgsl;
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

/// Neighbours of a plane that a thread fills.
const RUN: usize = 8;

/// Which domain a batch's rows come from, and so which start of the step applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Labelled rows.
    Source,
    /// Unlabelled rows.
    Target,
}

/// A run of a data set's images that fits one binding.
#[derive(Debug)]
pub struct Chunk {
    /// The number of its first image.
    pub first: usize,
    /// How many images it holds.
    pub count: usize,
    /// (count · DC · H · W) bytes, four to a word.
    pub words: Tensor,
}

/// A data set on the device, as the gather kernels read it.
#[derive(Debug)]
pub struct ResidentData<'a> {
    /// Which start of the step counts the rows.
    pub domain: Domain,
    /// The images, in chunks.
    pub chunks: &'a [Chunk],
    /// DC: 1, or as many as the batch has.
    pub channels: usize,
    /// The order in which images are visited: u32, one entry per image.
    pub order: &'a Tensor,
    /// Scales, then shifts: (2, C).
    pub scale_shift: &'a Tensor,
}

impl ResidentData<'_> {
    fn params(&self, rows: usize, first_row: usize, x: &Tensor) -> Result<wgsl::Params> {
        const OP: &str = "gather_batch";
        let map = x.map();
        if self.channels != 1 && self.channels != map.channels {
            let expected = format!("1 or {} channels", map.channels);
            return Err(Error::input("gather_batch: images", expected, self.channels));
        }
        Ok(wgsl::Params {
            rows: u32_of(OP, rows)?,
            first_row: u32_of(OP, first_row)?,
            channels: u32_of(OP, map.channels)?,
            plane: u32_of(OP, map.height * map.width)?,
            data_channels: u32_of(OP, self.channels)?,
            chunk_first: 0,
            chunk_count: 0,
            domain: u32::from(self.domain == Domain::Target),
        })
    }

    /// What the rows of a chunk take, whose share of `dims` (rows, C, H, W) is that of the data set: a byte read, scaled,
    /// shifted and written for each value.
    fn work(&self, chunk: &Chunk, dims: &[usize; 4]) -> Work {
        let [rows, channels, height, width] = *dims;
        let all: usize = self.chunks.iter().map(|chunk| chunk.count).sum();
        let here = (rows * chunk.count).div_ceil(all.max(1));
        let (values, bytes) = (here * channels * height * width, here * self.channels * height * width);
        Work::new(3 * values, by(dims)).moving(4 * (rows + 2 * channels + values) + bytes)
    }

    /// Rows `first_row` to `first_row + rows` of x (batch, C, H, W) from the images that `order` names.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn images(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        x: &Tensor,
        first_row: usize,
        rows: usize,
    ) -> Result<()> {
        const OP: &str = "gather_batch";
        if first_row.checked_add(rows).is_none_or(|end| end > x.rows()) {
            let expected = format!("rows within the {} of x", x.rows());
            return Err(Error::input(OP, expected, format!("{first_row} + {rows}")));
        }
        let map = x.map();
        expect(OP, "scale_shift", self.scale_shift, &[2, map.channels])?;
        for chunk in self.chunks {
            let image = self.channels * map.height * map.width;
            let bytes = chunk.count.saturating_mul(image);
            expect(OP, "chunk", &chunk.words, &[bytes.div_ceil(4)])?;
            let params = wgsl::Params {
                chunk_first: u32_of(OP, chunk.first)?,
                chunk_count: u32_of(OP, chunk.count)?,
                ..self.params(rows, first_row, x)?
            };
            let (order, scale_shift, chunk_words) = (self.order, self.scale_shift, &chunk.words);
            let invocation =
                wgsl::Images { params: &params, step, order, chunk: chunk_words, scale_shift, x };
            let work = self.work(chunk, &[rows, map.channels, map.height, map.width]);
            let runs = (map.height * map.width).div_ceil(RUN);
            rec.dispatch(invocation, rows * map.channels * runs, work)?;
        }
        Ok(())
    }

    /// labels (rows, u32) of the images that `order` names, from `data_labels` (images, u32).
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn labels(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        data_labels: &Tensor,
        x: &Tensor,
        labels: &Tensor,
    ) -> Result<()> {
        expect("gather_batch", "data_labels", data_labels, self.order.dims())?;
        let params = self.params(labels.len(), 0, x)?;
        // An entry of the order, a label read and a label written for each row.
        let work = Work::new(0, by(labels.dims())).moving(3 * 4 * labels.len());
        rec.dispatch(
            wgsl::LabelsOfRows { params: &params, step, order: self.order, data_labels, labels },
            labels.len(),
            work,
        )
    }
}
