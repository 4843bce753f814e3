//! The loop on a device of one's own: submissions and the waiting for them.

mod ranks;

use super::checkpoint::Checkpoint;
use super::communicator::Communicator;
use super::config::Config;
use super::frozen::FrozenPart;
use super::health;
use super::in_flight::Outcome;
use super::metrics::StepMetrics;
use super::submission::Submission;
use super::training_loop::{MOST_STEPS, TrainingLoop};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording};
use crate::model::{Dann, OptimizerState};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Submissions on their way at a time: the device works on one while the host sees to the other.
const IN_FLIGHT: usize = 2;
/// How long one submission may keep the device: short enough for watchdogs and for a window on the same device.
const SUBMISSION: Duration = Duration::from_millis(50);

/// A model in training.
pub struct Stepper {
    training_loop: TrainingLoop,
    submissions: VecDeque<Submission>,
    done: u64,
    epoch: u64,
    /// Steps from one rest to the next.
    rest_every: Vec<u64>,
    halted: bool,
    /// Whether the ranks that train together are at the same place.
    joined: bool,
    /// The step after which they compared what they have learned.
    compared: u64,
    /// Measured so far, to size submissions.
    step_time: Option<Duration>,
    last_arrival: Option<Instant>,
}

impl Stepper {
    /// Sets up training on `labelled` (the source's training part; for [`Method::TargetOnly`] the target's) and,
    /// for [`Method::Dann`], on the images of `unlabelled`.
    ///
    /// [`Method::TargetOnly`]: super::Method::TargetOnly
    /// [`Method::Dann`]: super::Method::Dann
    ///
    /// # Errors
    /// [`Error::Input`](crate::error::Error::Input) when configuration or data do not fit,
    /// [`Error::NoTargetImages`](crate::error::Error::NoTargetImages) when there is nothing to adapt to,
    /// [`Error::OutOfMemory`](crate::error::Error::OutOfMemory) when the device has no memory left.
    pub fn new(gpu: &Gpu, config: &Config, labelled: &Dataset, unlabelled: Option<&Dataset>) -> Result<Self> {
        Self::with_peers(gpu, config, labelled, unlabelled, None)
    }

    /// As [`Stepper::new`], this rank's share of a training where there are `peers`: the batch of `config` is that of all ranks
    /// together. Rank 0 leads, by [`Stepper::advance`] and [`Stepper::dismiss`]; the others [follow](Stepper::follow).
    ///
    /// # Errors
    /// As [`Stepper::new`]; [`Error::Input`](crate::error::Error::Input) when the ranks cannot share a batch evenly.
    pub fn with_peers(
        gpu: &Gpu,
        config: &Config,
        labelled: &Dataset,
        unlabelled: Option<&Dataset>,
        peers: Option<Arc<dyn Communicator>>,
    ) -> Result<Self> {
        let (labelled, unlabelled) = (labelled.into(), unlabelled.map(Into::into));
        Ok(Self {
            training_loop: TrainingLoop::new(gpu, config, &labelled, unlabelled.as_ref(), (peers, false))?,
            joined: false,
            compared: 0,
            submissions: VecDeque::new(),
            done: 0,
            epoch: 0,
            rest_every: vec![],
            halted: false,
            step_time: None,
            last_arrival: None,
        })
    }

    /// Goes on from `checkpoint` as if training had never stopped.
    ///
    /// # Errors
    /// [`Error::Input`](crate::error::Error::Input) when the checkpoint does not fit the training.
    pub fn resume(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.training_loop.resume(checkpoint)?;
        (self.done, self.compared) = (checkpoint.step, checkpoint.step);
        self.epoch = self.done.div_ceil(self.steps_per_epoch());
        Ok(())
    }

    /// Lets all steps arrive before others are submitted, every `steps` steps: what the device holds then is the state
    /// after them. Several such numbers have each their rests.
    pub fn rest_every(&mut self, steps: u64) {
        self.rest_every.push(steps.max(1));
    }

    /// What is frozen at the start of the network, if anything is.
    pub fn frozen(&self) -> Option<&FrozenPart> {
        self.training_loop.frozen()
    }

    /// Does a part of what has to be done before the first step, which [`Stepper::advance`] does otherwise; gives the share
    /// that is done then, and `None` once nothing is left.
    ///
    /// # Errors
    /// [`Error::DeviceLost`](crate::error::Error::DeviceLost) when the device was lost.
    pub fn prepare(&mut self) -> Result<Option<f64>> {
        self.join()?;
        self.training_loop.prepare()
    }

    /// Submits no further steps; those on their way still arrive.
    pub fn halt(&mut self) {
        self.halted = true;
    }

    /// Whether the device holds the state after the last step that arrived, and neither later steps nor earlier ones.
    pub fn is_at_rest(&self) -> bool {
        self.submissions.is_empty()
    }

    /// The model being trained.
    pub fn model(&self) -> &Dann {
        self.training_loop.model()
    }

    /// What the optimiser keeps.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn optimizer(&self) -> &OptimizerState {
        &self.training_loop.training_step().outputs.optimizer
    }

    /// The dispatches that are replayed at each step: those that fill the batch, and the step itself.
    pub fn recordings(&self) -> [&Recording; 2] {
        [self.training_loop.data_loader(), self.training_loop.training_step().recording()]
    }

    /// The share of the features that differ between the images of the last batch: 0 once the feature extractor has died.
    ///
    /// # Errors
    /// [`Error::DeviceLost`](crate::error::Error::DeviceLost) when the device was lost.
    pub fn live_features(&self) -> Result<f64> {
        let features = &self.training_loop.training_step().outputs.features;
        let values: Vec<f32> = features.read(self.model().gpu())?;
        Ok(health::live(&values, features.map().len()))
    }

    /// How long images were waited for, as they are not in memory; `None` where all are.
    pub fn waited_for_images(&self) -> Option<Duration> {
        self.training_loop.waited()
    }

    /// Steps whose metrics have arrived.
    pub fn steps_done(&self) -> u64 {
        self.done
    }

    /// Steps in the whole training.
    pub fn total_steps(&self) -> u64 {
        self.training_loop.total()
    }

    /// Steps in a pass over the smaller domain.
    pub fn steps_per_epoch(&self) -> u64 {
        self.training_loop.per_epoch()
    }

    /// Images that a step looks at.
    pub fn images_per_step(&self) -> usize {
        let step = self.training_loop.training_step();
        step.batch.x.rows() * step.batches() * self.ranks()
    }

    /// Epochs begun.
    pub fn epochs_begun(&self) -> u64 {
        self.epoch
    }

    /// Whether the last step that arrived ended an epoch or the training.
    pub fn at_epoch_end(&self) -> bool {
        self.done == self.total_steps() || self.done.is_multiple_of(self.steps_per_epoch())
    }

    /// Submits steps ahead, waits for the oldest ones on their way and gives their metrics; what was asked for first
    /// arrives first. Nothing past the end of an epoch, or past a rest, is submitted before all steps up to it have
    /// arrived. No steps are left, or the trainer was halted, when the result is empty.
    ///
    /// # Errors
    /// [`Error::DeviceLost`](crate::error::Error::DeviceLost) when the device was lost,
    /// [`Error::Diverged`](crate::error::Error::Diverged) when a loss is no longer a number.
    pub fn advance(&mut self) -> Result<Vec<StepMetrics>> {
        // Ranks wait for each other at every step, and have nothing to win by looking ahead.
        let peers = self.training_loop.peers().cloned();
        let most = if peers.is_some() { 1 } else { IN_FLIGHT };
        while self.submissions.len() < most && self.may_submit() {
            while self.prepare()?.is_some() {}
            // Each step is waited for, and what a rank can encode at once depends on its machine.
            let steps = peers.as_ref().map_or_else(|| self.steps_per_submission(), |peers| peers.number(1));
            self.submit(steps)?;
        }
        let arrived = self.arrive()?;
        self.halted |= self.training_loop.is_end_wished();
        Ok(arrived)
    }

    /// Waits for the oldest steps on their way, and gives their metrics.
    fn arrive(&mut self) -> Result<Vec<StepMetrics>> {
        let Some(submission) = self.submissions.pop_front() else { return Ok(vec![]) };
        let mut in_flight = submission.poll(self.model().gpu())?;
        let count = in_flight.steps();
        let arrived = Instant::now();
        if let Some(earlier) = self.last_arrival.replace(arrived) {
            self.step_time = Some((arrived - earlier) / count as u32);
        }
        self.done += count;
        loop {
            match self.training_loop.poll(in_flight)? {
                Outcome::Here(metrics, _) => return Ok(metrics),
                Outcome::Diverged(_, place) => return Err(Error::Diverged(place)),
                // Another thread that waits on the same device is just about to bring them.
                Outcome::Pending(again) => in_flight = again,
            }
            std::thread::yield_now();
        }
    }

    /// Whether steps are left that nothing on its way has to arrive before.
    fn may_submit(&self) -> bool {
        let at = self.training_loop.encoded();
        let waits = at.is_multiple_of(self.training_loop.per_epoch())
            || self.rest_every.iter().any(|every| at.is_multiple_of(*every));
        !self.halted && at < self.training_loop.total() && (!waits || self.submissions.is_empty())
    }

    /// Submits the next steps, at most `steps` of them, and a copy of their metrics.
    fn submit(&mut self, steps: u64) -> Result<()> {
        self.compare_if_due()?;
        if self.training_loop.encoded().is_multiple_of(self.training_loop.per_epoch()) {
            self.epoch += 1;
            self.last_arrival = None;
        }
        let gpu = self.model().gpu().clone();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        let in_flight = self.training_loop.encode(&mut encoder, steps)?;
        self.submissions.push_back(Submission::start(&gpu, encoder, in_flight));
        Ok(())
    }

    fn steps_per_submission(&self) -> u64 {
        let fitting = |time: Duration| SUBMISSION.as_secs_f64() / time.as_secs_f64().max(1e-6);
        let to_rest = |every: &u64| every - self.training_loop.encoded() % every;
        let most = self.rest_every.iter().map(to_rest).min().unwrap_or(MOST_STEPS);
        self.step_time.map_or(1, |time| (fitting(time) as u64).clamp(1, MOST_STEPS)).min(most)
    }
}

impl fmt::Debug for Stepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stepper")
            .field("model", &self.training_loop.model())
            .field("done", &self.done)
            .field("total", &self.training_loop.total())
            .finish_non_exhaustive()
    }
}
