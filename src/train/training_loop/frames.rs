//! Frames that come while training goes on.

use super::TrainingLoop;
use crate::error::Result;
use crate::model::Domain;
use crate::ops::image_input::Placement;

impl TrainingLoop {
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
