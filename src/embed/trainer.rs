//! Training between an application's frames.

mod checkpoints;
mod controls;
mod frames;
mod health;
mod options;
mod progress;

pub use frames::FrameCount;
use health::Watch;
pub use options::TrainerOptions;

use super::pace::Pace;
use super::snapshot::Snapshot;
use super::views::Views;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording};
use crate::model::Dann;
use crate::train::health::Monitor;
use crate::train::{
    Checkpoint, Config, DataSets, Images, InFlight, KeepFrozen, Outcome, StepMetrics, TrainingLoop, Uploads,
};
use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

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
    data: DataSets,
    pace: Pace,
    paused: bool,
    done: u64,
    lost: u64,
    /// Frames that were reported to be lost.
    frames_lost: u64,
    /// What is told by the next call, as metrics that arrived before it went first.
    withheld: Option<Error>,
    /// Where training diverged: there is nothing to go on from.
    diverged: Option<String>,
    /// Why steps could not be recorded: those that follow would not be those of the training.
    broken: Option<String>,
    gpu_time: Option<Duration>,
    watch: Watch,
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
    /// As [`Trainer::new`]; [`Error::CannotResume`] when the checkpoint to go on from is of another training, or of a model
    /// alone.
    pub fn on(gpu: &Gpu, options: TrainerOptions<'_>) -> Result<Self> {
        Ok(Self::set_up(gpu, &options)?.0)
    }

    /// Sets up training, with what is left to upload where `gpu` is for what is made in slices.
    pub(super) fn set_up<'a>(gpu: &Gpu, options: &TrainerOptions<'a>) -> Result<(Self, Uploads<'a>)> {
        let TrainerOptions { config, labelled, unlabelled, start, resume, .. } = options;
        name_every_class(config, labelled.classes())?;
        if let Some(select) = config.training.selection() {
            let expected = "none, as steps between frames are not rated";
            return Err(Error::input("training.select", expected, select.rule.name()));
        }
        in_memory(labelled)?;
        unlabelled.as_ref().map_or(Ok(()), in_memory)?;
        let on_device = on_device(config, start.or(*resume).is_some());
        let mut training_loop =
            TrainingLoop::new(gpu, &on_device, labelled, unlabelled.as_ref(), (None, true))?;
        let uploads = training_loop.uploads(gpu, labelled, unlabelled.as_ref());
        if let Some(start) = start {
            start.load_into(training_loop.model())?;
        }
        let data = DataSets::of(labelled, unlabelled.as_ref());
        if let Some(resume) = resume {
            resume.resumption.as_ref().map_or(Ok(()), |resumption| resumption.data.check(&data))?;
            resume.check_classes(labelled.classes())?;
            training_loop.resume(resume)?;
        }
        let mut onlooker = Recording::new(gpu);
        let views = Views::record(&training_loop, &mut onlooker)?;
        gpu.healthy()?;
        let watch = Watch::new(Monitor::new(&config.training, config.model.classes()?));
        let trainer = Self {
            training_loop,
            views,
            onlooker,
            in_flight: VecDeque::new(),
            snapshot: None,
            checkpoint: None,
            config: config.clone(),
            classes: labelled.classes().to_vec(),
            data,
            pace: Pace::default(),
            paused: false,
            done: resume.map_or(0, |resume| resume.step),
            lost: 0,
            frames_lost: 0,
            withheld: None,
            diverged: None,
            broken: None,
            gpu_time: None,
            watch,
        };
        Ok((trainer, uploads))
    }

    /// Records the next `count` training steps into `encoder`, fewer where training ends and none while it is paused or a domain
    /// has less than a batch of frames; gives how many it were. What [`Trainer::views`] show is brought up to date behind them.
    ///
    /// Nothing is submitted, and nothing is waited for. Submit encoders in the order in which they were recorded; one
    /// that is dropped instead loses its steps, which [`Trainer::take_metrics`] reports. Between two calls the trainer
    /// needs the device only to be polled now and then, as each `queue.submit` does.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost or destroyed, [`Error::OutOfMemory`] when it has no memory left;
    /// [`Error::Diverged`] when training has; [`Error::Input`] when steps could not be recorded before: nothing follows on them.
    pub fn encode_steps(&mut self, encoder: &mut wgpu::CommandEncoder, count: u64) -> Result<u64> {
        self.gpu().healthy()?;
        if let Some(place) = &self.diverged {
            return Err(Error::Diverged(place.clone()));
        }
        if let Some(error) = &self.broken {
            let expected =
                "an end after steps that could not be recorded, and another one that resumes a checkpoint";
            return Err(Error::input("the trainer", expected, error));
        }
        let end = self.training_loop.total().min(self.training_loop.encoded().saturating_add(count));
        if self.paused || self.training_loop.encoded() == end || !self.training_loop.is_ready() {
            return Ok(0);
        }
        let first = self.training_loop.encoded();
        while self.training_loop.encoded() < end {
            let encoded = self.training_loop.encode(encoder, end - self.training_loop.encoded());
            // What was drawn for them is gone, and the encoder holds a part of them.
            let in_flight = encoded.inspect_err(|error| self.broken = Some(error.to_string()))?;
            self.in_flight.push_back(Encoded { in_flight, encoded: Instant::now() });
            let (encoded, every) = (self.training_loop.encoded(), self.training_loop.per_epoch());
            if encoded.is_multiple_of(every) || encoded == self.training_loop.total() {
                let step = self.training_loop.training_step();
                self.watch.encode(step.gpu(), encoder, &step.outputs.features, encoded)?;
            }
        }
        self.onlooker.encode(encoder);
        Ok(end - first)
    }

    /// The metrics that have arrived since the last call, in order; never waits. Where something went wrong behind
    /// metrics that did arrive, those are given first, and the next call says what it was.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost, [`Error::Diverged`] when a loss is no longer a number;
    /// [`Error::Input`] when an encoder with steps was dropped without being submitted, or submitted before one that was
    /// recorded earlier: its steps are counted by [`Trainer::steps_lost`], and training goes on; likewise when one with frames was
    /// dropped.
    pub fn take_metrics(&mut self) -> Result<Vec<StepMetrics>> {
        if let Some(error) = self.withheld.take() {
            return Err(error);
        }
        let mut all = Vec::new();
        while let Some(encoded) = self.in_flight.pop_front() {
            match self.arrived(encoded) {
                Ok(Some(metrics)) => {
                    metrics.iter().for_each(|step| self.watch.arrived(step));
                    all.extend(metrics);
                    if self.withheld.is_some() {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) if all.is_empty() => return Err(error),
                Err(error) => {
                    self.withheld = Some(error);
                    break;
                }
            }
        }
        // Judged whether or not anybody asks for warnings, as the features that it takes lie in memory until then.
        self.watch.judge(&self.gpu().clone());
        // One at a time: what is not asked for yet is told by a later call.
        if self.withheld.is_none() {
            self.withheld = self.take_snapshot().err();
        }
        if self.withheld.is_none() {
            self.withheld = self.newly_lost_frames();
        }
        if !all.is_empty() {
            return Ok(all);
        }
        self.gpu().healthy()?;
        self.withheld.take().map_or(Ok(all), Err)
    }

    /// The metrics of steps that were encoded, unless they are still on their way.
    fn arrived(&mut self, Encoded { in_flight, encoded }: Encoded) -> Result<Option<Vec<StepMetrics>>> {
        let steps = in_flight.steps();
        match self.training_loop.poll(in_flight) {
            Ok(Outcome::Pending(in_flight)) => {
                self.in_flight.push_front(Encoded { in_flight, encoded });
                Ok(None)
            }
            Ok(Outcome::Here(metrics, time)) => {
                self.done += steps;
                self.gpu_time = time;
                match time {
                    Some(time) => self.pace.measured(steps, time),
                    None => self.pace.observed(steps, encoded.elapsed()),
                }
                Ok(Some(metrics))
            }
            Ok(Outcome::Diverged(metrics, place)) => {
                self.done += metrics.len() as u64;
                self.lost += steps - metrics.len() as u64;
                self.diverged.get_or_insert_with(|| place.clone());
                let error = Error::Diverged(place);
                if metrics.is_empty() {
                    return Err(error);
                }
                self.withheld = Some(error);
                Ok(Some(metrics))
            }
            Err(error) => {
                self.lost += steps;
                Err(error)
            }
        }
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

    /// The model in training.
    pub(super) fn model(&self) -> &Dann {
        self.training_loop.model()
    }

    /// The device that training runs on, to be shared with other trainers and classifiers.
    pub fn gpu(&self) -> &Gpu {
        self.training_loop.model().gpu()
    }
}

fn in_memory(images: &Images<'_>) -> Result<()> {
    match images {
        Images::Set(data) => data.expect_in_memory(),
        Images::Frames(_) => Ok(()),
    }
}

/// The same training, of which all images can be seen: what frozen layers give of them is not kept in their place. Where all
/// that is learned comes from a checkpoint, no file of weights is read.
fn on_device(config: &Config, has_checkpoint: bool) -> Config {
    let mut config = config.clone();
    config.training.keep_frozen = KeepFrozen::Never;
    config.model.weights.take_if(|_| has_checkpoint);
    config
}

/// What the label predictor tells apart is shown by name.
fn name_every_class(config: &Config, classes: &[String]) -> Result<()> {
    let (outputs, names) = (config.model.classes()?, classes.len());
    if outputs == names {
        return Ok(());
    }
    let expected = format!("{outputs} names, one for each output of the label predictor");
    Err(Error::input("the classes of the labelled images", expected, names))
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
