//! Images that come after the training is set up: frames, and data sets that are uploaded in slices.

use super::{Images, TrainingLoop};
use crate::error::Result;
use crate::gpu::Gpu;
use crate::model::Domain;
use crate::ops::image_input::Placement;
use crate::train::{DeviceData, Uploads};

impl TrainingLoop {
    /// What of the data sets is not on the device yet, and where it belongs: all images where `gpu` is for what is made in
    /// slices, and none elsewhere.
    pub fn uploads<'a>(
        &self,
        gpu: &Gpu,
        labelled: &Images<'a>,
        unlabelled: Option<&Images<'a>>,
    ) -> Uploads<'a> {
        let images = [Some(labelled), unlabelled].into_iter().flatten();
        let of_set = |(on_device, images): (&DeviceData, &Images<'a>)| match images {
            Images::Set(data) => on_device.uploads(gpu, data),
            Images::Frames(_) => vec![],
        };
        self.data.sets().zip(images).flat_map(of_set).collect()
    }

    /// Encodes that pictures with their labels become frames of a domain, for the steps that are encoded behind them; all of them
    /// or, where one cannot, none. Frames of a domain that is not trained on are left out.
    ///
    /// # Errors
    /// [`Error::Input`](crate::error::Error::Input) when the domain is a data set,
    /// [`Error::Gpu`](crate::error::Error::Gpu) when the device refuses a picture.
    pub fn push(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        domain: Domain,
        pictures: &[(wgpu::TextureView, Placement, u16)],
    ) -> Result<()> {
        self.data.push(self.training_step.gpu(), encoder, domain, pictures)
    }

    /// Takes back the frames of encoders that were dropped.
    pub fn settle(&mut self) {
        self.data.settle();
    }

    /// Whether there is a batch of each domain, of what encoders hold that were not dropped.
    pub fn is_ready(&mut self) -> bool {
        self.data.is_ready()
    }

    /// Places for frames of a domain, those with a frame, frames handed over, and frames whose encoder was dropped; none where
    /// the domain is a data set, or not trained on.
    pub fn frames(&self, domain: Domain) -> Option<(usize, usize, u64, u64)> {
        self.data.frames(domain).map(|ring| ring.counts())
    }
}
