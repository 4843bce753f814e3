//! A copy of what training has come to, on its way to the host.

use crate::error::{Error, Result};
use crate::gpu::{Arrival, Gpu, Readback, Staging, Tensor};
use crate::model::NamedValues;
use std::collections::BTreeMap;

/// Copies that were encoded and have not arrived.
pub(super) struct Snapshot {
    /// Steps of training behind the model.
    pub step: u64,
    /// Names and shapes, in the order of the copies.
    places: Vec<(String, Vec<usize>)>,
    readback: Readback,
}

/// What has become of a snapshot.
pub(super) enum Taken {
    /// It arrived.
    Here(NamedValues),
    /// It is still on its way.
    Pending(Snapshot),
}

impl Snapshot {
    /// Encodes copies of `tensors`, after `step` steps of training.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when there is no memory for them.
    pub fn encode(
        gpu: &Gpu,
        tensors: BTreeMap<String, Tensor>,
        encoder: &mut wgpu::CommandEncoder,
        step: u64,
    ) -> Result<Self> {
        let bytes = tensors.values().map(Tensor::byte_len).sum();
        let staging = Staging::new(gpu, bytes)?;
        let (mut at, mut places) = (0, Vec::new());
        for (name, tensor) in tensors {
            let (from, size) = (tensor.offset(), tensor.byte_len());
            encoder.copy_buffer_to_buffer(tensor.buffer(), from, staging.buffer(), at, size);
            at += size;
            places.push((name, tensor.dims().to_vec()));
        }
        Ok(Self { step, places, readback: staging.map_on_submit(encoder, bytes) })
    }

    /// The values, if they have arrived; never waits.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost; [`Error::Input`] when the encoder was dropped without being
    /// submitted.
    pub fn take(self, gpu: &Gpu) -> Result<Taken> {
        let Self { step, places, readback } = self;
        match readback.try_take::<f32>(gpu)? {
            Arrival::Pending(readback) => Ok(Taken::Pending(Self { step, places, readback })),
            Arrival::Dropped => {
                Err(Error::input("the encoder of a checkpoint", "to be submitted", "dropped"))
            }
            Arrival::Here(values, _) => {
                let mut rest = values.as_slice();
                let part = |(name, dims): (String, Vec<usize>)| {
                    let (values, behind) = rest.split_at(dims.iter().product());
                    rest = behind;
                    (name, (dims, values.to_vec()))
                };
                Ok(Taken::Here(places.into_iter().map(part).collect()))
            }
        }
    }
}
