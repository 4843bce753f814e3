//! A data set in the device's memory.

use super::stream::{Slots, Stream};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor};
use crate::model::Normalization;
use crate::ops::gather_batch::{Chunk, Domain, ResidentData};
use crate::ops::gather_rows::{self, KeptData};
use crate::ops::store_image::{self, Place};
use crate::shape::MapShape;
use std::fmt;
use std::ops::Range;

/// Bytes that belong on the device, and where.
pub(crate) type Uploads<'a> = Vec<(Tensor, &'a [u8])>;

/// A data set's images, labels and visiting order on the device.
pub struct DeviceData {
    images: usize,
    domain: Domain,
    contents: Contents,
    order: Tensor,
    /// Where in the chunk each image is of those that are visited one after the other, where they are streamed.
    slots: Option<Tensor>,
    scale_shift: Tensor,
    labels: Option<Tensor>,
}

/// What there is of the images.
enum Contents {
    /// Their bytes, of so many channels.
    Bytes(Vec<Chunk>, usize),
    /// Rows of values that were computed of them.
    Kept(Vec<gather_rows::Chunk>),
}

impl DeviceData {
    /// Uploads `data`, which is in memory, in as many chunks as the device's binding limit asks for; visited in file order until
    /// [`DeviceData::order`] is overwritten.
    ///
    /// # Errors
    /// [`crate::error::Error`] when the device has no memory left.
    pub fn upload(gpu: &Gpu, data: &Dataset, domain: Domain, normalization: &Normalization) -> Result<Self> {
        Self::new(gpu, data, domain, normalization, None)
    }

    /// As [`DeviceData::upload`], or, of images that are not in memory, what `stream` brings.
    pub(super) fn new(
        gpu: &Gpu,
        data: &Dataset,
        domain: Domain,
        normalization: &Normalization,
        stream: Option<&Stream>,
    ) -> Result<Self> {
        let bytes = data.shape.len();
        let most = (gpu.most_bytes() as usize / bytes).max(1);
        let chunks = data.images.chunks(most * bytes).enumerate().map(|(index, chunk)| {
            let words = match gpu.is_in_slices() {
                true => Tensor::zeros_of::<u32>(gpu, "images", &[chunk.len().div_ceil(4)])?,
                false => {
                    let words = words(chunk);
                    Tensor::from_slice(gpu, "images", &[words.len()], &words)?
                }
            };
            Ok(Chunk { first: index * most, count: chunk.len() / bytes, words })
        });
        let chunks = match stream {
            Some(stream) => {
                let Slots { count, words, .. } = stream.slots();
                vec![Chunk { first: 0, count: *count, words: words.clone() }]
            }
            None => chunks.collect::<Result<_>>()?,
        };
        let slots = stream.map(|stream| {
            let slots = stream.slot_order();
            Tensor::from_slice(gpu, "slots", &[slots.len()], &slots)
        });
        let scale_shift = normalization.scale_shift();
        let labels = data.labels.as_ref().map(|labels| {
            let labels: Vec<u32> = labels.iter().map(|&label| label.into()).collect();
            Tensor::from_slice(gpu, "data_labels", &[labels.len()], &labels)
        });
        Ok(Self {
            images: data.len(),
            domain,
            contents: Contents::Bytes(chunks, data.shape.channels),
            slots: slots.transpose()?,
            order: in_file_order(gpu, data.len())?,
            scale_shift: Tensor::from_slice(gpu, "scale_shift", &[2, scale_shift.len() / 2], &scale_shift)?,
            labels: labels.transpose()?,
        })
    }

    /// What of `data`, which it was made from, is left to upload as `gpu` is for what is made in slices, and where it belongs.
    pub(super) fn uploads<'a>(&self, gpu: &Gpu, data: &'a Dataset) -> Uploads<'a> {
        let Contents::Bytes(chunks, _) = &self.contents else { return vec![] };
        if !gpu.is_in_slices() || !data.is_in_memory() {
            return vec![];
        }
        let bytes = data.shape.len();
        let part = |chunk: &Chunk| &data.images[chunk.first * bytes..(chunk.first + chunk.count) * bytes];
        chunks.iter().map(|chunk| (chunk.words.clone(), part(chunk))).collect()
    }

    /// Places for as many frames of `shape` as `places` says first, and an order of as many as it says then.
    ///
    /// # Errors
    /// [`crate::error::Error`] when the device has no memory left.
    pub(super) fn for_frames(
        gpu: &Gpu,
        (count, order): (usize, usize),
        shape: MapShape,
        domain: Domain,
        normalization: &Normalization,
    ) -> Result<Self> {
        let most = (gpu.most_bytes() as usize / shape.len()).max(1);
        let chunk = |first: usize| {
            let count = most.min(count - first);
            let words = Tensor::zeros_of::<u32>(gpu, "frames", &[(count * shape.len()).div_ceil(4)])?;
            Ok(Chunk { first, count, words })
        };
        let chunks = (0..count).step_by(most).map(chunk).collect::<Result<_>>()?;
        let scale_shift = normalization.scale_shift();
        Ok(Self {
            images: count,
            domain,
            contents: Contents::Bytes(chunks, shape.channels),
            slots: None,
            order: in_file_order(gpu, order)?,
            scale_shift: Tensor::from_slice(gpu, "scale_shift", &[2, scale_shift.len() / 2], &scale_shift)?,
            labels: Some(Tensor::zeros_of::<u32>(gpu, "data_labels", &[order])?),
        })
    }

    /// Records that x (1, C, H, W), whose values are those of bytes, becomes image `slot`.
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when there is no place of that number.
    pub(super) fn record_storing(
        &self,
        rec: &mut Recording,
        x: &Tensor,
        slot: usize,
        label: u32,
    ) -> Result<()> {
        let (Contents::Bytes(chunks, _), Some(labels)) = (&self.contents, &self.labels) else {
            return Err(Error::input("a frame", "places for frames", "values kept of images"));
        };
        let chunk = chunks.iter().rev().find(|chunk| chunk.first <= slot);
        let Some(Chunk { first, words, .. }) = chunk else {
            return Err(Error::input("a frame", "a place for it", slot));
        };
        store_image::store(rec, x, &Place { images: words, index: slot - first, labels, slot }, label)
    }

    /// The same data set with memory for a row of values of each image, of shape `row`, in place of the image; visited in file
    /// order until [`DeviceData::order`] is overwritten.
    ///
    /// # Errors
    /// [`crate::error::Error`] when the device has no memory left.
    pub(super) fn keeping(&self, gpu: &Gpu, row: &[usize]) -> Result<Self> {
        let most = (gpu.most_bytes() as usize / (4 * row.iter().product::<usize>())).max(1);
        let chunk = |first: usize| {
            let dims = [&[most.min(self.images - first)], row].concat();
            Ok(gather_rows::Chunk { first, values: Tensor::zeros(gpu, "kept values", &dims)? })
        };
        Ok(Self {
            images: self.images,
            domain: self.domain,
            contents: Contents::Kept((0..self.images).step_by(most).map(chunk).collect::<Result<_>>()?),
            slots: None,
            order: in_file_order(gpu, self.images)?,
            scale_shift: self.scale_shift.clone(),
            labels: self.labels.clone(),
        })
    }

    /// Encodes that rows of `values`, from number `first_row` on, are kept of `images`.
    pub(super) fn encode_keeping(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        values: &Tensor,
        first_row: usize,
        images: Range<usize>,
    ) {
        let Contents::Kept(chunks) = &self.contents else { return };
        for chunk in chunks {
            let from = images.start.max(chunk.first);
            let to = images.end.min(chunk.first + chunk.values.rows());
            if from < to {
                let rows = values.rows_from(first_row + from - images.start, to - from);
                let kept = chunk.values.rows_from(from - chunk.first, to - from);
                let (source, target) = (rows.buffer(), kept.buffer());
                let [at, into] = [rows.offset(), kept.offset()];
                encoder.copy_buffer_to_buffer(source, at, target, into, rows.byte_len());
            }
        }
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.images
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.images == 0
    }

    /// The order in which images are visited: a permutation of their numbers, u32.
    pub fn order(&self) -> &Tensor {
        &self.order
    }

    /// Overwrites the first images with `images`, bytes of the same shape.
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when there are more than the data set has.
    pub fn set_images(&self, gpu: &Gpu, images: &[u8], bytes_an_image: usize) -> Result<()> {
        let Contents::Bytes(chunks, _) = &self.contents else {
            return Err(Error::input("images", "a data set of images on the device", "values kept of them"));
        };
        for chunk in chunks {
            let rest = images.get(chunk.first * bytes_an_image..).unwrap_or_default();
            let bytes = &rest[..rest.len().min(chunk.count * bytes_an_image)];
            chunk.words.write(gpu, &words(bytes))?;
        }
        Ok(())
    }

    /// What labels are gathered by, whatever there is of the images.
    fn source<'a>(&'a self, order: &'a Tensor) -> ResidentData<'a> {
        let (chunks, channels) = match &self.contents {
            Contents::Bytes(chunks, channels) => (&chunks[..], *channels),
            Contents::Kept(_) => (&[][..], 1),
        };
        ResidentData { domain: self.domain, chunks, channels, order, scale_shift: &self.scale_shift }
    }

    /// Records the images of a step, or what is kept of them, into rows `first_row` and following of x (batch, C, H, W).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit.
    pub fn record_images(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        x: &Tensor,
        first_row: usize,
        rows: usize,
    ) -> Result<()> {
        match &self.contents {
            Contents::Bytes(..) => {
                let order = self.slots.as_ref().unwrap_or(&self.order);
                self.source(order).images(rec, step, x, first_row, rows)
            }
            Contents::Kept(chunks) => {
                let kept = KeptData { domain: self.domain, chunks, order: &self.order };
                kept.rows(rec, step, x, first_row, rows)
            }
        }
    }

    /// Records the labels of a step, if the data set has any, into `labels` (rows).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit.
    pub fn record_labels(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        x: &Tensor,
        labels: &Tensor,
    ) -> Result<()> {
        match &self.labels {
            Some(data_labels) => self.source(&self.order).labels(rec, step, data_labels, x, labels),
            None => Ok(()),
        }
    }
}

/// The order of `images` images as they lie.
fn in_file_order(gpu: &Gpu, images: usize) -> Result<Tensor> {
    let identity: Vec<u32> = (0..images as u32).collect();
    Tensor::from_slice(gpu, "order", &[images], &identity)
}

/// Bytes as little-endian words, the last one filled up with zeros.
fn words(bytes: &[u8]) -> Vec<u32> {
    let word = |four: &[u8]| {
        let mut padded = [0; 4];
        padded[..four.len()].copy_from_slice(four);
        u32::from_le_bytes(padded)
    };
    bytes.chunks(4).map(word).collect()
}

impl fmt::Debug for DeviceData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceData")
            .field("images", &self.images)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}
