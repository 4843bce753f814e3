//! Copies of what was learned, for an application to keep.

use super::Trainer;
use crate::embed::snapshot::{Snapshot, Taken};
use crate::error::Result;
use crate::train::Checkpoint;

impl Trainer {
    /// Records into `encoder` a copy of everything learned so far (of its average too, if the recipe asks for one) and of the
    /// optimiser's state; [`Trainer::checkpoint`] gives it once [`Trainer::take_metrics`] has seen it arrive. A copy asked
    /// for earlier that is still on its way is given up.
    ///
    /// # Errors
    /// [`Error::DeviceLost`](crate::error::Error::DeviceLost) when the device was lost or destroyed,
    /// [`Error::OutOfMemory`](crate::error::Error::OutOfMemory) when it has no memory left.
    pub fn encode_checkpoint(&mut self, encoder: &mut wgpu::CommandEncoder) -> Result<()> {
        self.gpu().healthy()?;
        let (tensors, step) = (self.training_loop.tensors(), self.training_loop.encoded());
        self.snapshot = Some(Snapshot::encode(self.gpu(), tensors, encoder, step)?);
        Ok(())
    }

    /// The last checkpoint that arrived. It lies in the host's memory and outlives the device:
    /// [`Checkpoint::to_bytes`] and [`Checkpoint::parse`] keep it wherever an application likes, and
    /// [`TrainerOptions::resume()`](super::TrainerOptions::resume()) goes on from it exactly.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    pub(super) fn take_snapshot(&mut self) -> Result<()> {
        let Some(snapshot) = self.snapshot.take() else { return Ok(()) };
        let step = snapshot.step;
        match snapshot.take(self.gpu())? {
            Taken::Pending(snapshot) => self.snapshot = Some(snapshot),
            Taken::Here(values) => {
                let (config, classes, data) = (self.config.clone(), self.classes.clone(), self.data.clone());
                self.checkpoint = Some(Checkpoint::of_training_read(config, classes, step, values, data));
            }
        }
        Ok(())
    }
}
