//! What a model makes of images that arrive batch after batch: features, logits, the domain classifier's opinion.

use super::device_data::DeviceData;
use super::rows::rows_for;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor};
use crate::model::{Dann, Domain, Inference};
use crate::ops::Step;
use crate::shape::MapShape;
use std::fmt;

/// A recording of the forward pass in evaluation mode that is replayed for each batch.
pub struct Inspector {
    recording: Recording,
    data: DeviceData,
    shape: MapShape,
    rows: usize,
    outputs: Inference,
}

/// What came out, row after row.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Inspection {
    /// (images, …)
    pub features: Vec<f32>,
    /// (images, K)
    pub logits: Vec<f32>,
    /// (images, 2): the domain classifier's logits, source and target.
    pub domains: Vec<f32>,
}

impl Inspection {
    /// How many images were looked at.
    pub fn images(&self) -> usize {
        self.domains.len() / 2
    }
}

impl Inspector {
    /// Records the forward pass for images of `channels` channels: the model's own number of them, or 1. They are normalised
    /// as those of `domain`, within the network too, where batch norm tells domains apart.
    ///
    /// # Errors
    /// [`Error::Input`] when the channels do not fit, [`Error::OutOfMemory`] when the device has no memory left.
    pub fn new(model: &Dann, channels: usize, domain: Domain) -> Result<Self> {
        Self::for_images(model, usize::MAX, channels, domain)
    }

    /// As [`Inspector::new`], where no call takes more than `images` images: a call takes as long as for the most.
    ///
    /// # Errors
    /// As [`Inspector::new`].
    pub fn for_images(model: &Dann, images: usize, channels: usize, domain: Domain) -> Result<Self> {
        let most = rows_for(model, images)?;
        super::with_room(model.gpu(), most, |rows| Self::of_rows(model, rows, channels, domain))
    }

    fn of_rows(model: &Dann, rows: usize, channels: usize, domain: Domain) -> Result<Self> {
        let gpu = model.gpu();
        let input = model.spec().input.shape();
        let shape = MapShape { channels, ..input };
        let black = Dataset::new(shape, vec![0; rows * shape.len()], None, vec![])?;
        let normalization = model.spec().input.normalization_of(domain);
        let data = DeviceData::upload(gpu, &black, Domain::Source, normalization)?;
        let step = Step::table(gpu, "step", 1)?;
        let x = Tensor::zeros(gpu, "x", &[rows, input.channels, input.height, input.width])?;
        let mut recording = Recording::new(gpu);
        data.record_images(&mut recording, &step, &x, 0, rows)?;
        let outputs = model.record_inference(&mut recording, &x, domain)?;
        Ok(Self { recording, data, shape, rows, outputs })
    }

    /// The most images that one call takes.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Looks at `images`: bytes, (N, C, H, W), at most [`Inspector::rows`] of them.
    ///
    /// # Errors
    /// [`Error::Input`] when the bytes are no such images, [`Error::DeviceLost`] when the device was lost.
    pub fn inspect(&self, images: &[u8]) -> Result<Inspection> {
        let bytes = self.shape.len();
        let rows = images.len() / bytes;
        if rows == 0 || rows > self.rows || !images.len().is_multiple_of(bytes) {
            let expected = format!("1 to {} images of {bytes} bytes", self.rows);
            return Err(Error::input("images", expected, format!("{} bytes", images.len())));
        }
        let gpu = self.recording.gpu();
        self.data.set_images(gpu, images, bytes)?;
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        self.recording.encode(&mut encoder);
        gpu.submit(encoder);
        let read = |tensor: &Tensor| tensor.first_rows(rows).read(gpu);
        let Inference { features, logits, domains } = &self.outputs;
        Ok(Inspection { features: read(features)?, logits: read(logits)?, domains: read(domains)? })
    }

    /// Looks at the images of `data` that `indices` name, in this order.
    ///
    /// # Errors
    /// As [`Inspector::inspect`].
    pub fn inspect_some(&self, data: &Dataset, indices: &[usize]) -> Result<Inspection> {
        let mut all = Inspection::default();
        for batch in indices.chunks(self.rows) {
            let images = data.read(batch.iter().copied())?;
            let Inspection { features, logits, domains } = self.inspect(&images)?;
            all.features.extend(features);
            all.logits.extend(logits);
            all.domains.extend(domains);
        }
        Ok(all)
    }
}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspector")
            .field("rows", &self.rows)
            .field("shape", &self.shape)
            .field("recording", &self.recording)
            .finish_non_exhaustive()
    }
}
