//! What ranks have to agree on beside gradients: where training starts, and that all have come to the same.

use super::TrainingLoop;
use crate::error::Result;
use crate::gpu::Tensor;
use crate::train::communicator::Communicator;
use crate::train::exchange::ExchangeTimes;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

impl TrainingLoop {
    /// The ranks that train together, if they are several.
    pub fn peers(&self) -> Option<&Arc<dyn Communicator>> {
        self.exchange.as_ref().map(super::Exchange::peers)
    }

    /// Where the time of steps went that ranks have made together.
    pub fn exchange_times(&self) -> Option<ExchangeTimes> {
        self.exchange.as_ref().map(super::Exchange::times)
    }

    /// Lets all ranks know, with the next step, that this one wishes for an end.
    pub fn wish_for_an_end(&mut self) {
        self.exchange.iter_mut().for_each(super::Exchange::wish_for_an_end);
    }

    /// Whether any rank wishes for an end.
    pub fn is_end_wished(&self) -> bool {
        self.exchange.as_ref().is_some_and(super::Exchange::is_end_wished)
    }

    /// Goes to where rank 0 is, to the bit.
    ///
    /// # Errors
    /// [`Error::DeviceLost`](crate::error::Error::DeviceLost) when the device was lost.
    pub fn join(&mut self) -> Result<()> {
        let Some(peers) = self.peers().cloned() else { return Ok(()) };
        let step = peers.number(self.encoded);
        if peers.rank() > 0 {
            self.go_to(step)?;
        }
        self.take_over(&*peers)
    }

    /// Compares what all ranks have come to. Where ranks on adapters that round in other ways have drifted apart, rank 0's takes
    /// the place of all.
    ///
    /// # Errors
    /// [`Error::DeviceLost`](crate::error::Error::DeviceLost) when the device was lost.
    pub fn compare(&self) -> Result<()> {
        let Some(peers) = self.peers() else { return Ok(()) };
        let mut digest = Sha256::new();
        for tensor in self.tensors().values() {
            digest.update(bytemuck::cast_slice(&tensor.read_bits(self.model.gpu())?));
        }
        let own: [u8; 32] = digest.finalize().into();
        let mut of_first = own;
        peers.broadcast(&mut of_first);
        let mut others = [f32::from(u8::from(own != of_first))];
        peers.sum(&mut others);
        if others[0] == 0.0 {
            return Ok(());
        }
        if peers.rank() == 0 {
            let (step, ranks) = (self.encoded, peers.size());
            log::warn!(
                "after step {step}, {} of {ranks} ranks have come to other parameters than rank 0, as adapters of \
                 several kinds do; rank 0's take the place of all",
                others[0]
            );
        }
        self.take_over(&**peers)
    }

    /// Puts all that rank 0 has learned, and what its optimiser keeps, in place of this rank's.
    fn take_over(&self, peers: &dyn Communicator) -> Result<()> {
        let gpu = self.model.gpu();
        self.tensors().values().try_for_each(|tensor: &Tensor| {
            let mut words = tensor.read_bits(gpu)?;
            peers.broadcast(bytemuck::cast_slice_mut(&mut words));
            if peers.rank() == 0 { Ok(()) } else { tensor.write_bits(gpu, &words) }
        })
    }
}
