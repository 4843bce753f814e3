//! What the schedules and the random streams say of the next batches.

use super::{MOST_STEPS, Overrides, TrainingLoop};
use crate::error::Result;
use crate::gpu::{Tensor, Upload};
use crate::model::Domain;
use crate::ops::Step;
use crate::train::communicator::RankShare;
use crate::train::sequence::Sequence;
use rand::Rng as _;

impl TrainingLoop {
    /// New orders at the start of an epoch, and the values of the steps.
    pub(super) fn encode_values(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        in_epoch: u64,
        (count, rows): (u64, &[Step]),
    ) -> Result<Upload> {
        let mut orders = if in_epoch == 0 { self.data.next_orders() } else { vec![] };
        orders.extend(self.data.draw(self.encoded, count, in_epoch));
        let table = self.steps.rows_from(in_epoch as usize * self.spec.accumulate, rows.len());
        let last = Sequence::word(self.encoded + count - 1).to_le_bytes();
        let mut parts: Vec<(&Tensor, &[u8])> =
            vec![(&table, bytemuck::cast_slice(rows)), (self.sequence.end(), &last)];
        parts.extend(orders.iter().map(|(tensor, order)| (tensor, bytemuck::cast_slice(order))));
        let bytes = parts.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let gpu = self.training_step.gpu();
        let least = MOST_STEPS * (self.spec.accumulate * size_of::<Step>()) as u64;
        let upload = match crate::train::fitting(&mut self.uploads, bytes, Upload::capacity) {
            Some(upload) => upload,
            None => Upload::new(gpu, bytes.max(least))?,
        };
        self.sequence.encode(encoder);
        upload.encode(gpu, encoder, &parts)?;
        Ok(upload)
    }

    /// The values of batch number `batch` of the epoch.
    pub(super) fn step_values(&mut self, batch: u64) -> Step {
        let index_in_flight = batch / self.spec.accumulate as u64 - self.encoded % self.per_epoch;
        let done = self.encoded + index_in_flight;
        // The rows of a domain that is not trained on may be any number.
        let start = |domain| batch.saturating_mul(self.spec.rows_of(domain) as u64) as u32;
        let Overrides { lambda, learning_rate } = self.overrides;
        Step {
            index: batch as u32,
            source_start: start(Domain::Source),
            target_start: start(Domain::Target),
            seed: self.seed(),
            lambda: lambda.unwrap_or_else(|| self.spec.lambda.at(done, self.total) as f32),
            learning_rate: learning_rate
                .unwrap_or_else(|| self.spec.learning_rate.at(done, self.total) as f32),
            optimizer: self.optimizer.optimizer().step_values(done + 1),
            adaptation: self.spec.adaptation_at(done, self.total) as f32,
            average: self.spec.average_at(done + 1) as f32,
        }
    }
    /// The seed of the next batch. Those of other ranks are drawn too, and left out.
    fn seed(&mut self) -> u32 {
        let RankShare { rank, ranks } = self.share;
        self.skip_seeds(rank);
        let seed = self.dropout.next_u32();
        self.skip_seeds(ranks - 1 - rank);
        seed
    }

    /// Draws `count` seeds that nothing asks for.
    pub(super) fn skip_seeds(&mut self, count: usize) {
        for _ in 0..count {
            self.dropout.next_u32();
        }
    }
}
