//! Whether batches were submitted in the order in which they were encoded.

use crate::error::{Error, Result};
use crate::gpu::{Gpu, Tensor};

/// A count of steps that each in-flight batch carries along on the device: what it finds there tells which batch was
/// submitted before it.
pub(super) struct Sequence {
    /// Steps that the batch submitted last ends with.
    end: Tensor,
    /// What that was when the batch on its way was submitted.
    before: Tensor,
    /// What the next batch should have found.
    expected: u32,
}

impl Sequence {
    /// Nothing was submitted.
    pub fn new(gpu: &Gpu) -> Result<Self> {
        let word = |label| Tensor::zeros_of::<u32>(gpu, label, &[1]);
        Ok(Self { end: word("sequence_end")?, before: word("sequence_before")?, expected: 0 })
    }

    /// Encodes that a batch begins: what was submitted before it is kept.
    pub fn encode(&self, encoder: &mut wgpu::CommandEncoder) {
        let [end, before] = [&self.end, &self.before];
        encoder.copy_buffer_to_buffer(end.buffer(), end.offset(), before.buffer(), before.offset(), 4);
    }

    /// What a batch overwrites behind that, with the number of its last step, counted from 1.
    pub fn end(&self) -> &Tensor {
        &self.end
    }

    /// What goes to the host with a batch's metrics.
    pub fn before(&self) -> &Tensor {
        &self.before
    }

    /// Takes in that the batch of steps `first` to `last` found `before` on the device.
    ///
    /// # Errors
    /// [`Error::Input`] when another batch than the one encoded before it was submitted before it.
    pub fn arrived(&mut self, before: u32, first: u64, last: u64) -> Result<()> {
        let expected = std::mem::replace(&mut self.expected, Self::word(last));
        if before == expected {
            return Ok(());
        }
        let found =
            format!("steps {first} to {last} that ran behind step {before}, not behind step {expected}");
        Err(Error::input(
            "the encoders of training steps",
            "to be submitted in the order of their recording",
            found,
        ))
    }

    /// How the step is counted that a batch ends with: from 1, as 0 stands for none.
    pub fn word(last: u64) -> u32 {
        (last + 1) as u32
    }
}
