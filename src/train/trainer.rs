//! The loop: shuffles, schedules, submissions and metrics.

use super::config::{Config, TrainingSpec};
use super::feed::Feed;
use super::flight::Flight;
use super::metrics::{StepMetrics, finite};
use super::step::TrainingStep;
use crate::data::Dataset;
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Staging, Tensor};
use crate::model::Dann;
use crate::ops::Step;
use crate::rng::{self, Rng};
use rand::Rng as _;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Steps in one submission at most.
const MOST_STEPS: u64 = 64;
/// Submissions on their way at a time: the device works on one while the host sees to the other.
const IN_FLIGHT: usize = 2;
/// How long one submission may keep the device: short enough for watchdogs and for a window on the same device.
const SUBMISSION: Duration = Duration::from_millis(50);

/// A model in training.
pub struct Trainer {
    spec: TrainingSpec,
    model: Dann,
    training_step: TrainingStep,
    feed: Recording,
    steps: Tensor,
    data: Feed,
    dropout: Rng,
    /// The values of the epoch's steps.
    rows: Vec<Step>,
    flights: VecDeque<Flight>,
    /// Memory for metrics that no flight needs.
    staging: Vec<Staging>,
    submitted: u64,
    done: u64,
    total: u64,
    per_epoch: u64,
    epoch: u64,
    /// Measured so far, to size submissions.
    step_time: Option<Duration>,
    last_landing: Option<Instant>,
}

impl Trainer {
    /// Sets up training on `labelled` (the source's training part; for [`Method::TargetOnly`] the target's) and,
    /// for [`Method::Dann`], on the images of `unlabelled`.
    ///
    /// # Errors
    /// [`Error::Input`] when configuration or data do not fit, [`Error::Gpu`] when the device has no room.
    pub fn new(gpu: &Gpu, config: &Config, labelled: &Dataset, unlabelled: Option<&Dataset>) -> Result<Self> {
        config.check()?;
        let spec = config.training.clone();
        let data = Feed::new(gpu, config, labelled, unlabelled)?;
        let per_epoch = (data.images() / spec.batch) as u64;
        let total = spec.steps.unwrap_or(spec.epochs * per_epoch);
        let table_rows = per_epoch.min(total) as usize;
        let model = Dann::new(gpu, &config.model)?;
        model.initialize(spec.initialization, spec.seed)?;
        let training_step = TrainingStep::new(&model, spec.batch, spec.objective(), table_rows)?;
        Ok(Self {
            feed: data.record(gpu, &training_step.step, &training_step.batch, spec.batch)?,
            steps: Step::table(gpu, "steps", table_rows)?,
            dropout: rng::stream(spec.seed, "dropout"),
            rows: vec![],
            flights: VecDeque::new(),
            staging: vec![],
            submitted: 0,
            done: 0,
            total,
            per_epoch,
            epoch: 0,
            step_time: None,
            last_landing: None,
            spec,
            model,
            training_step,
            data,
        })
    }

    /// The model being trained.
    pub fn model(&self) -> &Dann {
        &self.model
    }

    /// The dispatches that are replayed at each step: those that fill the batch, and the step itself.
    pub fn recordings(&self) -> [&Recording; 2] {
        [&self.feed, self.training_step.recording()]
    }

    /// Steps whose metrics have arrived.
    pub fn steps_done(&self) -> u64 {
        self.done
    }

    fn epoch_start(&self) -> u64 {
        self.done - self.done % self.per_epoch
    }

    /// Steps in the whole training.
    pub fn total_steps(&self) -> u64 {
        self.total
    }

    /// Steps in a pass over the smaller domain.
    pub fn steps_per_epoch(&self) -> u64 {
        self.per_epoch
    }

    /// Images that a step looks at.
    pub fn images_per_step(&self) -> usize {
        self.training_step.batch.x.rows()
    }

    /// Epochs begun.
    pub fn epochs_begun(&self) -> u64 {
        self.epoch
    }

    /// Whether the last step that arrived ended an epoch or the training.
    pub fn at_epoch_end(&self) -> bool {
        self.done == self.total || self.done.is_multiple_of(self.per_epoch)
    }

    /// Submits steps ahead, waits for the oldest ones on their way and gives their metrics; what was asked for first
    /// arrives first. Nothing past the end of an epoch is submitted before all of the epoch has arrived. No steps
    /// are left when the result is empty.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device was lost or a loss is no longer a number.
    pub fn advance(&mut self) -> Result<Vec<StepMetrics>> {
        while self.flights.len() < IN_FLIGHT && self.may_submit() {
            self.submit()?;
        }
        let Some(flight) = self.flights.pop_front() else { return Ok(vec![]) };
        let (count, values) = flight.land(self.training_step.gpu(), &mut self.staging)?;
        let landed = Instant::now();
        if let Some(earlier) = self.last_landing.replace(landed) {
            self.step_time = Some((landed - earlier) / count as u32);
        }
        let first = (self.done % self.per_epoch) as usize;
        let rows = &self.rows[first..first + count as usize];
        let metrics: Vec<_> =
            rows.iter().zip(values.chunks(4)).map(|(row, values)| self.metrics(row, values)).collect();
        self.done += count;
        finite(&metrics)?;
        Ok(metrics)
    }

    /// Whether steps are left that belong to the epoch on its way, or nothing is on its way.
    fn may_submit(&self) -> bool {
        let begins_epoch = self.submitted.is_multiple_of(self.per_epoch);
        self.submitted < self.total && (!begins_epoch || self.flights.is_empty())
    }

    /// New shuffles and the values of all steps of the epoch.
    fn begin_epoch(&mut self) -> Result<()> {
        self.data.shuffle(self.training_step.gpu())?;
        let count = self.per_epoch.min(self.total - self.submitted);
        self.rows = (0..count).map(|index| self.step_values(index)).collect();
        self.steps.write(self.training_step.gpu(), &self.rows)?;
        self.epoch += 1;
        self.last_landing = None;
        Ok(())
    }

    fn step_values(&mut self, in_epoch: u64) -> Step {
        let progress = (self.submitted + in_epoch) as f64 / self.total as f64;
        let start = (in_epoch * self.spec.batch as u64) as u32;
        Step {
            index: in_epoch as u32,
            source_start: start,
            target_start: start,
            seed: self.dropout.next_u32(),
            lambda: self.spec.lambda.at(progress) as f32,
            learning_rate: self.spec.learning_rate.at(progress) as f32,
            reserved: [0; 2],
        }
    }

    /// Submits the next steps, as many as fit a short submission, and a copy of their metrics.
    fn submit(&mut self) -> Result<()> {
        let in_epoch = self.submitted % self.per_epoch;
        if in_epoch == 0 {
            self.begin_epoch()?;
        }
        let left = self.rows.len() as u64 - in_epoch;
        let count = self.steps_per_submission().min(left);
        let gpu = self.training_step.gpu();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        for row in in_epoch..in_epoch + count {
            self.training_step.encode(&mut encoder, &self.steps, row as usize, Some(&self.feed));
        }
        let table = self.training_step.outputs.table.rows_from(in_epoch as usize, count as usize);
        let staging = match self.staging.pop() {
            Some(staging) => staging,
            None => Staging::new(gpu, MOST_STEPS * table.byte_len() / count)?,
        };
        self.flights.push_back(Flight::start(gpu, encoder, &table, staging));
        self.submitted += count;
        Ok(())
    }

    fn steps_per_submission(&self) -> u64 {
        let fitting = |time: Duration| SUBMISSION.as_secs_f64() / time.as_secs_f64().max(1e-6);
        self.step_time.map_or(1, |time| (fitting(time) as u64).clamp(1, MOST_STEPS))
    }

    fn metrics(&self, row: &Step, values: &[f32]) -> StepMetrics {
        let rows = self.spec.batch as f32;
        let adapts = self.data.adapts();
        StepMetrics {
            step: self.epoch_start() + u64::from(row.index),
            lambda: row.lambda,
            learning_rate: row.learning_rate,
            label_loss: values[0],
            label_accuracy: values[1] / rows,
            domain_loss: adapts.then_some(values[2]),
            domain_accuracy: adapts.then_some(values[3] / (2.0 * rows)),
        }
    }
}
