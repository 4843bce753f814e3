//! Training between an application's frames.

use super::pace::Pace;
use super::snapshot::{Snapshot, Taken};
use super::views::Views;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::gpu::{self, Gpu, Recording};
use crate::train::{Checkpoint, Config, InFlight, Outcome, StepMetrics, TrainingLoop};
use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

/// What a [`Trainer`] is made from.
#[derive(Debug)]
#[non_exhaustive]
pub struct TrainerOptions<'a> {
    /// The recipe; see [`Config::preset`] and [`Config::read`].
    pub config: Config,
    /// The labelled data set: the source's training part.
    pub labelled: &'a Dataset,
    /// The images of the domain to adapt to, whose labels are not looked at; needed by
    /// [`Method::Dann`](crate::train::Method::Dann).
    pub unlabelled: Option<&'a Dataset>,
    /// A model to go on from, in place of one drawn at random. Schedules start anew.
    pub start: Option<&'a Checkpoint>,
    /// Which kernels run.
    pub gpu: gpu::Options,
}

impl<'a> TrainerOptions<'a> {
    /// Training by `config` from the start, on the fastest kernels.
    pub fn new(config: Config, labelled: &'a Dataset, unlabelled: Option<&'a Dataset>) -> Self {
        Self { config, labelled, unlabelled, start: None, gpu: gpu::Options::default() }
    }

    /// Goes on from a model, in place of one drawn at random. Schedules start anew.
    #[must_use]
    pub fn start(self, start: &'a Checkpoint) -> Self {
        Self { start: Some(start), ..self }
    }

    /// The kernels that run.
    #[must_use]
    pub fn gpu(self, gpu: gpu::Options) -> Self {
        Self { gpu, ..self }
    }
}

/// A model in training on an application's device, step by step between its frames.
///
/// See the [module's guide](super) for how it is used. It encodes, and leaves submitting and polling to the
/// application; see [`Trainer::encode_steps`] for what that asks of the application.
pub struct Trainer {
    training_loop: TrainingLoop,
    views: Views,
    onlooker: Recording,
    in_flight: VecDeque<Encoded>,
    snapshot: Option<Snapshot>,
    checkpoint: Option<Checkpoint>,
    config: Config,
    classes: Vec<String>,
    pace: Pace,
    paused: bool,
    done: u64,
    gpu_time: Option<Duration>,
}

/// Steps that were encoded and have not arrived.
struct Encoded {
    in_flight: InFlight,
    encoded: Instant,
}

impl Trainer {
    /// Sets up training on the application's device: compiles kernels, makes buffers and uploads the data sets, all of
    /// which takes effect with the application's next submission.
    ///
    /// # Errors
    /// [`Error::Input`] when configuration or data do not fit, or naming the limit that the device lacks;
    /// [`Error::OutOfMemory`] when it has no memory left, [`Error::DeviceLost`] when it was lost.
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, options: TrainerOptions<'_>) -> Result<Self> {
        Self::on(&Gpu::borrow(device, queue, options.gpu)?, options)
    }

    /// As [`Trainer::new`], with the kernels of `gpu`, which several trainers and classifiers may share: they are
    /// compiled once.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn on(gpu: &Gpu, options: TrainerOptions<'_>) -> Result<Self> {
        let TrainerOptions { config, labelled, unlabelled, start, .. } = options;
        let training_loop = TrainingLoop::new(gpu, &config, labelled, unlabelled, true)?;
        if let Some(start) = start {
            start.load_into(training_loop.model())?;
        }
        let mut onlooker = Recording::new(gpu);
        let views = Views::record(&training_loop, &mut onlooker)?;
        gpu.healthy()?;
        Ok(Self {
            training_loop,
            views,
            onlooker,
            in_flight: VecDeque::new(),
            snapshot: None,
            checkpoint: None,
            config,
            classes: labelled.classes.clone(),
            pace: Pace::default(),
            paused: false,
            done: 0,
            gpu_time: None,
        })
    }

    /// Records the next `count` training steps into `encoder`, fewer where training ends and none while it is paused;
    /// gives how many it were. What [`Trainer::views`] show is brought up to date behind them.
    ///
    /// Nothing is submitted, and nothing is waited for. Submit encoders in the order in which they were recorded; one
    /// that is dropped instead loses its steps, which [`Trainer::take_metrics`] reports. Between two calls the trainer
    /// needs the device only to be polled now and then, as each `queue.submit` does.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost or destroyed, [`Error::OutOfMemory`] when it has no memory left.
    pub fn encode_steps(&mut self, encoder: &mut wgpu::CommandEncoder, count: u64) -> Result<u64> {
        self.gpu().healthy()?;
        let end = self.training_loop.total().min(self.training_loop.encoded() + count);
        if self.paused || self.training_loop.encoded() == end {
            return Ok(0);
        }
        let first = self.training_loop.encoded();
        while self.training_loop.encoded() < end {
            let in_flight = self.training_loop.encode(encoder, end - self.training_loop.encoded())?;
            self.in_flight.push_back(Encoded { in_flight, encoded: Instant::now() });
        }
        self.onlooker.encode(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: Some("predictions"),
            timestamp_writes: None,
        }));
        Ok(end - first)
    }

    /// How many steps keep the device no longer than `budget`, as measured so far, but at least one: what to give
    /// to [`Trainer::encode_steps`] so that a frame is kept. Timed on the device where it was opened with
    /// `TIMESTAMP_QUERY`; without, estimated from when metrics arrive.
    pub fn step_budget(&self, budget: Duration) -> u64 {
        self.pace.steps_within(budget)
    }

    /// The metrics that have arrived since the last call, in order; never waits.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost, [`Error::Diverged`] when a loss is no longer a number;
    /// [`Error::Input`] when an encoder with steps was dropped without being submitted: they are skipped.
    pub fn take_metrics(&mut self) -> Result<Vec<StepMetrics>> {
        let mut all = Vec::new();
        while let Some(Encoded { in_flight, encoded }) = self.in_flight.pop_front() {
            let steps = in_flight.steps();
            match self.training_loop.poll(in_flight)? {
                Outcome::Pending(in_flight) => {
                    self.in_flight.push_front(Encoded { in_flight, encoded });
                    break;
                }
                Outcome::Here(metrics, time) => {
                    self.done += steps;
                    self.gpu_time = time;
                    match time {
                        Some(time) => self.pace.measured(steps, time),
                        None => self.pace.observed(steps, encoded.elapsed()),
                    }
                    all.extend(metrics);
                }
            }
        }
        self.take_snapshot()?;
        if all.is_empty() {
            self.gpu().healthy()?;
        }
        Ok(all)
    }

    /// Records into `encoder` a copy of everything learned so far; [`Trainer::checkpoint`] gives it once
    /// [`Trainer::take_metrics`] has seen it arrive. A copy asked for earlier that is still on its way is given up.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost or destroyed, [`Error::OutOfMemory`] when it has no memory left.
    pub fn encode_checkpoint(&mut self, encoder: &mut wgpu::CommandEncoder) -> Result<()> {
        self.gpu().healthy()?;
        self.snapshot =
            Some(Snapshot::encode(self.training_loop.model(), encoder, self.training_loop.encoded())?);
        Ok(())
    }

    /// The last checkpoint that arrived. It lies in the host's memory and outlives the device.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    fn take_snapshot(&mut self) -> Result<()> {
        let Some(snapshot) = self.snapshot.take() else { return Ok(()) };
        let step = snapshot.step;
        match snapshot.take(self.gpu())? {
            Taken::Pending(snapshot) => self.snapshot = Some(snapshot),
            Taken::Here(values) => {
                self.checkpoint =
                    Some(Checkpoint::of_read(self.config.clone(), self.classes.clone(), step, values));
            }
        }
        Ok(())
    }

    /// Pauses training, or goes on with it.
    pub fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Whether training is paused.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Sets λ of the steps to come; `None` gives it back to the schedule.
    ///
    /// # Errors
    /// [`Error::Input`] when it is negative or no number.
    pub fn set_lambda(&mut self, lambda: Option<f32>) -> Result<()> {
        self.training_loop.overrides().lambda = at_least_zero("λ", lambda)?;
        Ok(())
    }

    /// Sets the learning rate of the steps to come; `None` gives it back to the schedule.
    ///
    /// # Errors
    /// [`Error::Input`] when it is negative or no number.
    pub fn set_learning_rate(&mut self, learning_rate: Option<f32>) -> Result<()> {
        self.training_loop.overrides().learning_rate = at_least_zero("the learning rate", learning_rate)?;
        Ok(())
    }

    /// What can be drawn.
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// The recipe.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The names of the classes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Steps recorded so far.
    pub fn steps_encoded(&self) -> u64 {
        self.training_loop.encoded()
    }

    /// Steps whose metrics have arrived.
    pub fn steps_done(&self) -> u64 {
        self.done
    }

    /// Steps in the whole training.
    pub fn total_steps(&self) -> u64 {
        self.training_loop.total()
    }

    /// How long the steps that arrived last kept the device, by its own timestamps; `None` where it has none.
    pub fn gpu_time(&self) -> Option<Duration> {
        self.gpu_time
    }

    /// The device that training runs on, to be shared with other trainers and classifiers.
    pub fn gpu(&self) -> &Gpu {
        self.training_loop.model().gpu()
    }
}

fn at_least_zero(name: &str, value: Option<f32>) -> Result<Option<f32>> {
    match value {
        Some(value) if !(value >= 0.0 && value.is_finite()) => {
            Err(Error::input(name, "a number of at least 0", value))
        }
        good => Ok(good),
    }
}

impl fmt::Debug for Trainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("model", &self.training_loop.model())
            .field("done", &self.done)
            .field("total", &self.training_loop.total())
            .field("paused", &self.paused)
            .finish_non_exhaustive()
    }
}
