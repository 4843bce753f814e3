//! The loop of a training: which step comes next, with which values, and what it reported. Encodes and never
//! submits, so that it serves the loop of [`Stepper`](super::Stepper) and the frames of an application alike.

mod frames;
mod ranks;
mod values;

use super::batch_norm_ranks::BatchNormRanks;
use super::checkpoint::Checkpoint;
use super::communicator::{Communicator, RankShare};
use super::config::Config;
use super::data_loader::DataLoader;
use super::exchange::Exchange;
use super::frames::Images;
use super::frozen::{Filling, FrozenPart, Setup};
use super::in_flight::{InFlight, Outcome};
use super::metrics::{StepMetrics, diverged};
use super::reports::{Reading, Reports};
use super::resumption::Resumption;
use super::sequence::Sequence;
use super::step::TrainingStep;
use super::training_spec::TrainingSpec;
use crate::error::{Error, Result};
use crate::gpu::{Arrival, Gpu, Recording, Tensor, Upload};
use crate::model::Dann;
use crate::ops::Step;
use crate::ops::{optimizer, optimizers::OptimizerSpec};
use crate::rng::{self, Rng};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Steps that small pieces of memory are made for.
pub(super) const MOST_STEPS: u64 = 64;

/// A model, its data and the place that training has come to.
pub(crate) struct TrainingLoop {
    spec: TrainingSpec,
    optimizer: OptimizerSpec,
    model: Dann,
    training_step: TrainingStep,
    data_loader: Recording,
    steps: Tensor,
    data: DataLoader,
    /// What is to be done before the first step.
    filling: Option<Filling>,
    frozen: Option<FrozenPart>,
    dropout: Rng,
    reports: Reports,
    /// Of gradients, where other ranks look at other images.
    exchange: Option<Exchange>,
    share: RankShare,
    sequence: Sequence,
    /// What takes the place of the schedules' values.
    overrides: Overrides,
    /// Memory that no in-flight batch needs.
    uploads: Vec<Upload>,
    encoded: u64,
    total: u64,
    per_epoch: u64,
}

/// Values in place of those of the schedules.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overrides {
    /// λ
    pub lambda: Option<f32>,
    /// The learning rate.
    pub learning_rate: Option<f32>,
}

impl TrainingLoop {
    /// Sets up training, this rank's share of it where there are `peers`; with `timed`, in-flight batches are timed on the device
    /// where it has timestamps.
    ///
    /// # Errors
    /// [`Error::Input`] when configuration or data do not fit, [`Error::OutOfMemory`] when the device has no memory left.
    pub fn new(
        gpu: &Gpu,
        config: &Config,
        labelled: &Images<'_>,
        unlabelled: Option<&Images<'_>>,
        (peers, timed): (Option<Arc<dyn Communicator>>, bool),
    ) -> Result<Self> {
        // A run that goes on may have settings that were not refused when it began.
        config.check_recorded()?;
        let share = RankShare::of(peers.as_deref());
        let config = &share.config(config)?;
        let spec = config.training.clone();
        let data = DataLoader::new(gpu, config, labelled, unlabelled)?.of_rank(share)?;
        let per_epoch = data.steps() as u64;
        let total = spec.total_steps(per_epoch, data.takes_frames())?;
        let table_rows = per_epoch.min(total) as usize;
        let model = spec.model(gpu, &config.model)?;
        let Setup { data, step: training_step, filling, frozen } =
            Setup::new(&model, &spec, data, table_rows)?;
        Ok(Self {
            data_loader: data.record(gpu, &training_step.step, &training_step.batch, None)?,
            steps: Step::table(gpu, "steps", table_rows * spec.accumulate)?,
            dropout: rng::stream(spec.seed, "dropout"),
            reports: Reports::new(&training_step, timed, MOST_STEPS),
            exchange: peers.map(|peers| {
                let of_step = (training_step.recording(), &training_step.outputs);
                Exchange::new(peers, &model, of_step, spec.batch_norm == BatchNormRanks::Synchronised)
            }),
            share,
            sequence: Sequence::new(gpu)?,
            overrides: Overrides::default(),
            uploads: vec![],
            encoded: 0,
            total,
            per_epoch,
            optimizer: spec.optimizer()?,
            spec,
            model,
            training_step,
            data,
            filling,
            frozen,
        })
    }

    /// What is frozen, if anything is.
    pub fn frozen(&self) -> Option<&FrozenPart> {
        self.frozen.as_ref()
    }

    /// Does a part of what has to be done before the first step, and waits for it; gives the share that is done then, and
    /// `None` once nothing is left. Submits, unlike all else here.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost.
    pub fn prepare(&mut self) -> Result<Option<f64>> {
        let Some(filling) = &mut self.filling else { return Ok(None) };
        let share = filling.advance(self.model.gpu(), &mut self.data)?;
        self.filling.take_if(|_| share >= 1.0);
        Ok(Some(share))
    }

    /// The model being trained.
    pub fn model(&self) -> &Dann {
        &self.model
    }

    /// Everything that a checkpoint to go on from holds, by the names in its file: what was learned, what the optimiser
    /// keeps and, where the former is an average, what is trained.
    pub fn tensors(&self) -> BTreeMap<String, Tensor> {
        let mut tensors = self.model.evaluated().tensors();
        tensors.extend(Resumption::on_device(&self.model, &self.training_step.outputs.optimizer));
        tensors
    }

    /// The step that is replayed.
    pub fn training_step(&self) -> &TrainingStep {
        &self.training_step
    }

    /// What fills the batch before each step.
    pub fn data_loader(&self) -> &Recording {
        &self.data_loader
    }

    /// Steps encoded so far.
    pub fn encoded(&self) -> u64 {
        self.encoded
    }

    /// Steps in the whole training; `u64::MAX` where it has no end.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Steps in a pass over the smaller domain.
    pub fn per_epoch(&self) -> u64 {
        self.per_epoch
    }

    /// How long images were waited for; `None` where all are in memory.
    pub fn waited(&self) -> Option<Duration> {
        self.data.waited()
    }

    /// Steps that can be encoded before the epoch or the training ends.
    pub fn left_in_epoch(&self) -> u64 {
        (self.per_epoch - self.encoded % self.per_epoch).min(self.total - self.encoded)
    }

    /// Goes to where training is after `step` steps: model, velocities, random streams and orders.
    ///
    /// # Errors
    /// [`Error::CannotResume`] or [`Error::Input`] when the checkpoint does not fit the training.
    pub fn resume(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let step = checkpoint.step;
        if self.filling.is_none() && self.frozen.as_ref().is_some_and(|part| part.kept_bytes.is_some()) {
            let found = "one that has computed what its frozen layers give";
            return Err(Error::CannotResume {
                expected: "a training that has not begun".into(),
                found: found.into(),
            });
        }
        let fitting = checkpoint.resumption.as_ref().filter(|_| step <= self.total);
        let Some(resumption) = fitting else {
            let expected =
                format!("a checkpoint of a training of {} steps, with its optimiser's state", self.total);
            let found =
                if step > self.total { format!("one after step {step}") } else { "a model alone".into() };
            return Err(Error::CannotResume { expected, found });
        };
        checkpoint.load_into(&self.model)?;
        resumption.load_into(&self.model, &self.training_step.outputs.optimizer)?;
        self.go_to(step)
    }

    /// Draws what the first `step` steps have drawn.
    fn go_to(&mut self, step: u64) -> Result<()> {
        // An epoch that has begun has drawn its orders, and each step the seeds of its dropout.
        let orders = (0..step.div_ceil(self.per_epoch)).map(|_| self.data.next_orders()).last();
        for (tensor, order) in orders.unwrap_or_default() {
            tensor.write(self.model.gpu(), &order)?;
        }
        self.skip_seeds(step as usize * self.spec.accumulate * self.share.ranks);
        self.encoded = step;
        Ok(())
    }

    /// What takes the place of the schedules' values in the steps to come.
    pub fn overrides(&mut self) -> &mut Overrides {
        &mut self.overrides
    }

    /// Encodes the next steps, `count` of them or fewer where the epoch ends, and a copy of their metrics, which is
    /// asked for when `encoder` is submitted. Encoders must be submitted in the order in which they were given.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device is gone, [`Error::OutOfMemory`] when it has no memory left.
    pub fn encode(&mut self, encoder: &mut wgpu::CommandEncoder, count: u64) -> Result<InFlight> {
        let in_epoch = self.encoded % self.per_epoch;
        let count = count.min(self.left_in_epoch()).min(self.data.most_steps(in_epoch));
        let batches = self.spec.accumulate as u64;
        let all = in_epoch * batches..(in_epoch + count) * batches;
        let rows: Vec<Step> = all.map(|batch| self.step_values(batch)).collect();
        let upload = self.encode_values(encoder, in_epoch, (count, &rows))?;
        self.reports.encode_clear(encoder, in_epoch, count);
        let mut images = vec![];
        for index in 0..count {
            let row = (in_epoch + index) as usize;
            let gpu = self.training_step.gpu();
            images.extend(self.data.encode_images(gpu, encoder, row as u64, index == 0)?);
            let (step, loader) = (&self.training_step, &self.data_loader);
            if let Some(exchange) = &mut self.exchange {
                step.run_exchanged(encoder, (&self.steps, row), loader, exchange)?;
                continue;
            }
            let timestamps = self.reports.pass(index == 0, index + 1 == count);
            step.encode_timed(encoder, &self.steps, row, Some(loader), timestamps);
        }
        let gpu = self.training_step.gpu();
        let metrics = self.reports.encode_copy(gpu, encoder, in_epoch, count, self.sequence.before())?;
        let first = self.encoded;
        self.encoded += count;
        Ok(InFlight { first, count, rows, metrics, upload, images })
    }

    /// What has become of `in_flight`; never waits.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost; [`Error::Input`] when the in-flight batch's encoder was dropped without being submitted, or submitted out of turn.
    pub fn poll(&mut self, in_flight: InFlight) -> Result<Outcome> {
        let InFlight { first, count, rows, metrics, upload, images } = in_flight;
        let last = first + count - 1;
        let (words, staging) = match metrics.try_take::<u32>(self.training_step.gpu())? {
            Arrival::Here(words, staging) => (words, staging),
            Arrival::Pending(metrics) => {
                return Ok(Outcome::Pending(InFlight { first, count, rows, metrics, upload, images }));
            }
            Arrival::Dropped => {
                let found = format!("it was dropped with steps {first} to {last}");
                return Err(Error::input("the encoder of training steps", "to be submitted", found));
            }
        };
        self.reports.give_back(staging);
        self.uploads.push(upload);
        self.data.give_back(images);
        let Reading { table, faults, before, time } = self.reports.read(&words, count);
        let table = self.exchange.as_mut().map_or(table.into(), |exchange| exchange.mean_of(table));
        self.sequence.arrived(before, first, last)?;
        let batches: Vec<StepMetrics> = rows
            .iter()
            .zip(table.chunks(self.reports.columns()))
            .zip((first..=last).flat_map(|step| std::iter::repeat_n(step, self.spec.accumulate)))
            .map(|((row, values), step)| StepMetrics::of(step, row, values, &self.spec))
            .collect();
        let mut metrics: Vec<StepMetrics> =
            batches.chunks(self.spec.accumulate).filter_map(StepMetrics::mean).collect();
        let faulty = |fault: &u32| {
            let index = optimizer::first_fault(*fault)?;
            Some(self.model.parameters.at(index).map_or("a parameter", |info| &info.name))
        };
        match diverged(&metrics, faults.iter().map(faulty)) {
            Some((finite, place)) => {
                metrics.truncate(finite);
                Ok(Outcome::Diverged(metrics, place))
            }
            None => Ok(Outcome::Here(metrics, time)),
        }
    }
}
