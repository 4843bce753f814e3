//! Several ranks at one training: the first leads, the others follow.

use super::Stepper;
use crate::error::Result;
use crate::train::exchange::ExchangeTimes;

/// The most steps between two comparisons of what ranks have learned.
const COMPARED_EVERY: u64 = 500;
/// What rank 0 says in place of a number of steps when there are no more.
const DISMISSED: u64 = 0;

impl Stepper {
    /// Makes every step that rank 0 makes, until it [dismisses](Stepper::dismiss) the others. Once `wishes_end` says so, rank 0
    /// [halts](Stepper::halt) after the next step.
    ///
    /// # Errors
    /// As [`Stepper::advance`].
    pub fn follow(&mut self, wishes_end: &dyn Fn() -> bool) -> Result<()> {
        let Some(peers) = self.training_loop.peers().cloned() else { return Ok(()) };
        while self.prepare()?.is_some() {}
        loop {
            let steps = peers.number(DISMISSED);
            if steps == DISMISSED {
                return Ok(());
            }
            if wishes_end() {
                self.training_loop.wish_for_an_end();
            }
            self.submit(steps)?;
            self.arrive()?;
        }
    }

    /// Lets the ranks that follow this one, rank 0, come to their end.
    ///
    /// # Errors
    /// [`Error::DeviceLost`](crate::error::Error::DeviceLost) when the device was lost.
    pub fn dismiss(&mut self) -> Result<()> {
        let Some(peers) = self.training_loop.peers().cloned() else { return Ok(()) };
        self.join()?;
        peers.number(DISMISSED);
        Ok(())
    }

    /// Where the time of steps went that ranks have made together; `None` where there is one.
    pub fn exchange_times(&self) -> Option<ExchangeTimes> {
        self.training_loop.exchange_times()
    }

    /// How many ranks train together.
    pub fn ranks(&self) -> usize {
        self.training_loop.peers().map_or(1, |peers| peers.size())
    }

    /// Once, all ranks go to where rank 0 is.
    pub(super) fn join(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.joined, true) {
            return Ok(());
        }
        self.training_loop.join()?;
        let at = self.training_loop.encoded();
        (self.done, self.compared) = (at, at);
        Ok(())
    }

    /// Compares what ranks have learned after each epoch, and every so often in long ones.
    pub(super) fn compare_if_due(&mut self) -> Result<()> {
        let (at, per_epoch) = (self.training_loop.encoded(), self.steps_per_epoch());
        let is_due = at.is_multiple_of(per_epoch) || at - self.compared >= COMPARED_EVERY;
        if at == self.compared || !is_due {
            return Ok(());
        }
        self.compared = at;
        self.training_loop.compare()
    }
}
