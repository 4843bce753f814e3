//! A data set in the device's memory.

use crate::data::Dataset;
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor};
use crate::model::Normalization;
use crate::ops::gather_batch::{Chunk, Domain, ResidentData};
use std::fmt;

/// A data set's images, labels and visiting order on the device.
pub struct DeviceData {
    images: usize,
    channels: usize,
    domain: Domain,
    chunks: Vec<Chunk>,
    order: Tensor,
    scale_shift: Tensor,
    labels: Option<Tensor>,
}

impl DeviceData {
    /// Uploads `data`, in as many chunks as the device's binding limit asks for; visited in file order until
    /// [`DeviceData::order`] is overwritten.
    ///
    /// # Errors
    /// [`crate::error::Error`] when the device has no memory left.
    pub fn upload(gpu: &Gpu, data: &Dataset, domain: Domain, normalization: &Normalization) -> Result<Self> {
        let bytes = data.shape.len();
        let limit = gpu.device().limits().max_storage_buffer_binding_size as usize;
        let most = (limit / bytes).max(1);
        let chunks = data.images.chunks(most * bytes).enumerate().map(|(index, chunk)| {
            let words = words(chunk);
            let words = Tensor::from_slice(gpu, "images", &[words.len()], &words)?;
            Ok(Chunk { first: index * most, count: chunk.len() / bytes, words })
        });
        let identity: Vec<u32> = (0..data.len() as u32).collect();
        let scale_shift = normalization.scale_shift();
        let labels = data.labels.as_ref().map(|labels| {
            let labels: Vec<u32> = labels.iter().map(|&label| label.into()).collect();
            Tensor::from_slice(gpu, "data_labels", &[labels.len()], &labels)
        });
        Ok(Self {
            images: data.len(),
            channels: data.shape.channels,
            domain,
            chunks: chunks.collect::<Result<_>>()?,
            order: Tensor::from_slice(gpu, "order", &[identity.len()], &identity)?,
            scale_shift: Tensor::from_slice(gpu, "scale_shift", &[2, scale_shift.len() / 2], &scale_shift)?,
            labels: labels.transpose()?,
        })
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
        for chunk in &self.chunks {
            let rest = images.get(chunk.first * bytes_an_image..).unwrap_or_default();
            let bytes = &rest[..rest.len().min(chunk.count * bytes_an_image)];
            chunk.words.write(gpu, &words(bytes))?;
        }
        Ok(())
    }

    fn source(&self) -> ResidentData<'_> {
        ResidentData {
            domain: self.domain,
            chunks: &self.chunks,
            channels: self.channels,
            order: &self.order,
            scale_shift: &self.scale_shift,
        }
    }

    /// Records the images of a step into rows `first_row` and following of x (batch, C, H, W).
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
        self.source().images(rec, step, x, first_row, rows)
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
            Some(data_labels) => self.source().labels(rec, step, data_labels, x, labels),
            None => Ok(()),
        }
    }
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
            .field("channels", &self.channels)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}
