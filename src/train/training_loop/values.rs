//! What the schedules and the random streams say of the next batches.

use super::{Overrides, TrainingLoop};
use crate::ops::Step;
use crate::train::communicator::RankShare;
use rand::Rng as _;

impl TrainingLoop {
    /// The values of batch number `batch` of the epoch.
    pub(super) fn step_values(&mut self, batch: u64) -> Step {
        let index_in_flight = batch / self.spec.accumulate as u64 - self.encoded % self.per_epoch;
        let done = self.encoded + index_in_flight;
        let start = (batch * self.spec.batch as u64) as u32;
        let Overrides { lambda, learning_rate } = self.overrides;
        Step {
            index: batch as u32,
            source_start: start,
            target_start: start,
            seed: self.seed(batch as usize % self.spec.accumulate),
            lambda: lambda.unwrap_or_else(|| self.spec.lambda.at(done, self.total) as f32),
            learning_rate: learning_rate
                .unwrap_or_else(|| self.spec.learning_rate.at(done, self.total) as f32),
            optimizer: self.optimizer.optimizer().step_values(done + 1),
            adaptation: self.spec.adaptation_at(done, self.total) as f32,
            average: self.spec.average_at(done + 1) as f32,
        }
    }
    /// The seed of batch number `batch` of a step. Those of other ranks are drawn too, and left out.
    fn seed(&mut self, batch: usize) -> u32 {
        let (RankShare { rank, ranks }, batches) = (self.share, self.spec.accumulate);
        if batch == 0 {
            self.skip_seeds(rank * batches);
        }
        let seed = self.dropout.next_u32();
        if batch + 1 == batches {
            self.skip_seeds((ranks - 1 - rank) * batches);
        }
        seed
    }

    /// Draws `count` seeds that nothing asks for.
    pub(super) fn skip_seeds(&mut self, count: usize) {
        for _ in 0..count {
            self.dropout.next_u32();
        }
    }
}
