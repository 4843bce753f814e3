//! Those who watch a training: progress bars, logs, TensorBoard, whoever may stop it.

use super::Sets;
use crate::error::{Error, Result};
use crate::model::Dann;
use crate::train::health::Warning;
use crate::train::{
    Adopted, Checkpoint, Config, EpochRecord, ExchangeTimes, FrozenPart, Rated, RunResult, StepMetrics,
    Stepper,
};
use std::path::Path;
use std::time::Duration;

/// Where a training stands.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    pub(super) trainer: &'a Stepper,
    pub(super) config: &'a Config,
    pub(super) sets: &'a Sets,
    pub(super) directory: Option<&'a Path>,
    pub(super) resumed: bool,
    pub(super) adopted: Option<&'a Adopted>,
}

impl<'a> State<'a> {
    /// The model, with what it has learned so far: its average, if the recipe asks for one.
    pub fn model(&self) -> &'a Dann {
        self.trainer.model().evaluated()
    }

    /// The recipe.
    pub fn config(&self) -> &'a Config {
        self.config
    }

    /// What is trained on, and what is for the report alone.
    pub fn sets(&self) -> &'a Sets {
        self.sets
    }

    /// The run's directory, if it has one.
    pub fn directory(&self) -> Option<&'a Path> {
        self.directory
    }

    /// Whether training goes on from a checkpoint.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// What a training that [starts from another model](super::Training::start_from) has not taken of it.
    pub fn adopted(&self) -> Option<&'a Adopted> {
        self.adopted
    }

    /// What is frozen at the start of the network, if anything is.
    pub fn frozen(&self) -> Option<&'a FrozenPart> {
        self.trainer.frozen()
    }

    /// How long images were waited for, as they are not in memory; `None` where all are.
    pub fn waited_for_images(&self) -> Option<Duration> {
        self.trainer.waited_for_images()
    }

    /// Steps whose metrics have arrived.
    pub fn steps_done(&self) -> u64 {
        self.trainer.steps_done()
    }

    /// Steps in the whole training.
    pub fn total_steps(&self) -> u64 {
        self.trainer.total_steps()
    }

    /// Images that a step looks at.
    pub fn images_per_step(&self) -> usize {
        self.trainer.images_per_step()
    }

    /// How many ranks share each step.
    pub fn ranks(&self) -> usize {
        self.trainer.ranks()
    }

    /// Where the time of steps went that ranks have made together; `None` where there is one.
    pub fn exchange_times(&self) -> Option<ExchangeTimes> {
        self.trainer.exchange_times()
    }
}

/// Watches a training. Every method has a default that does nothing; an error ends the training
/// ([`Error::Observer`](crate::error::Error::Observer) holds errors of other types).
///
/// ```
/// use dann::error::Result;
/// use dann::fit::{Observer, State};
/// use dann::train::{EpochRecord, health::Warning};
///
/// struct Printer;
///
/// impl Observer for Printer {
///     fn epoch_ended(&mut self, _: &State<'_>, epoch: &EpochRecord, warnings: &[Warning]) -> Result<()> {
///         println!("epoch {}: label loss {:.3}", epoch.epoch, epoch.mean.label_loss);
///         warnings.iter().for_each(|warning| println!("{warning}"));
///         Ok(())
///     }
/// }
/// ```
#[expect(unused_variables, reason = "the names say what implementations are given")]
pub trait Observer {
    /// Training begins, or goes on from a checkpoint; comes again when a lost device has been opened again.
    ///
    /// # Errors
    /// Whatever ends the training.
    fn began(&mut self, state: &State<'_>) -> Result<()> {
        Ok(())
    }

    /// The share `share` of what comes before the first step is done: of what frozen layers give of all images.
    ///
    /// # Errors
    /// Whatever ends the training.
    fn preparing(&mut self, state: &State<'_>, share: f64) -> Result<()> {
        Ok(())
    }

    /// Whether training is to stop in order: asked before each submission. What is on its way still arrives, and a
    /// checkpoint is kept.
    fn should_stop(&mut self, state: &State<'_>) -> bool {
        false
    }

    /// Some steps' metrics have arrived, in order.
    ///
    /// # Errors
    /// Whatever ends the training.
    fn steps(&mut self, state: &State<'_>, steps: &[StepMetrics]) -> Result<()> {
        Ok(())
    }

    /// An epoch has ended and its checkpoint is kept. The accuracies in `epoch` are for the report alone; `warnings`
    /// are what has been seen to go wrong, each kind once in a training.
    ///
    /// # Errors
    /// Whatever ends the training.
    fn epoch_ended(&mut self, state: &State<'_>, epoch: &EpochRecord, warnings: &[Warning]) -> Result<()> {
        Ok(())
    }

    /// A rule has rated the model, which is the `best` so far or is not.
    ///
    /// # Errors
    /// Whatever ends the training.
    fn rated(&mut self, state: &State<'_>, rated: &Rated, best: bool) -> Result<()> {
        Ok(())
    }

    /// A checkpoint has been kept.
    ///
    /// # Errors
    /// Whatever ends the training.
    fn checkpoint_kept(&mut self, state: &State<'_>, checkpoint: &Checkpoint) -> Result<()> {
        Ok(())
    }

    /// The device was lost, as `error` says; another one is opened, and training goes on from the last checkpoint.
    ///
    /// # Errors
    /// Whatever ends the training.
    fn device_lost(&mut self, error: &Error) -> Result<()> {
        Ok(())
    }

    /// Training has stopped before its end, as an observer asked for.
    ///
    /// # Errors
    /// Whatever the caller shall hear of.
    fn stopped(&mut self, state: &State<'_>) -> Result<()> {
        Ok(())
    }

    /// Training has ended, and its result is kept.
    ///
    /// # Errors
    /// Whatever the caller shall hear of.
    fn finished(&mut self, state: &State<'_>, result: &RunResult) -> Result<()> {
        Ok(())
    }
}

/// All observers of a training, told one after the other.
pub(super) struct Audience<'a, 'o>(pub &'a mut [&'o mut dyn Observer]);

impl Audience<'_, '_> {
    pub fn tell(&mut self, mut event: impl FnMut(&mut dyn Observer) -> Result<()>) -> Result<()> {
        self.0.iter_mut().try_for_each(|observer| event(&mut **observer))
    }

    /// Whether any of them asks for an end; all are asked.
    pub fn should_stop(&mut self, state: &State<'_>) -> bool {
        let mut stop = false;
        for observer in self.0.iter_mut() {
            stop |= observer.should_stop(state);
        }
        stop
    }
}
