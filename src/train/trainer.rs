//! The loop: shuffles, schedules, submissions and metrics.

use super::config::{Config, Method, TrainingSpec};
use super::device_data::DeviceData;
use super::step::TrainingStep;
use crate::data::{Dataset, shuffled};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor};
use crate::model::Dann;
use crate::ops::{Step, gather_batch::Domain};
use crate::rng::{self, Rng};
use rand::Rng as _;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Steps between two readings of the metrics.
const SEGMENT: u64 = 32;
/// How long one submission may keep the device: short enough for watchdogs and for a window on the same device.
const SUBMISSION: Duration = Duration::from_millis(50);

/// What one step reported.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StepMetrics {
    /// Counted from 0.
    pub step: u64,
    /// λ of the step.
    pub lambda: f32,
    /// The learning rate of the step.
    pub learning_rate: f32,
    /// L_y
    pub label_loss: f32,
    /// The share of labelled rows classified rightly.
    pub label_accuracy: f32,
    /// L_d, if the method has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_loss: Option<f32>,
    /// The share of rows whose domain was told rightly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_accuracy: Option<f32>,
}

impl StepMetrics {
    /// The means of losses and accuracies over `steps`, with the last one's step, λ and learning rate.
    pub fn mean(steps: &[Self]) -> Option<Self> {
        let last = steps.last()?;
        let mean = |value: fn(&Self) -> f32| {
            (steps.iter().map(|m| f64::from(value(m))).sum::<f64>() / steps.len() as f64) as f32
        };
        Some(Self {
            label_loss: mean(|m| m.label_loss),
            label_accuracy: mean(|m| m.label_accuracy),
            domain_loss: last.domain_loss.map(|_| mean(|m| m.domain_loss.unwrap_or(f32::NAN))),
            domain_accuracy: last.domain_accuracy.map(|_| mean(|m| m.domain_accuracy.unwrap_or(f32::NAN))),
            ..*last
        })
    }
}

/// A model in training.
pub struct Trainer {
    spec: TrainingSpec,
    model: Dann,
    training_step: TrainingStep,
    feed: Recording,
    steps: Tensor,
    labelled: Shuffled,
    unlabelled: Option<Shuffled>,
    dropout: Rng,
    next: u64,
    total: u64,
    epoch: u64,
    /// Measured so far, to size submissions.
    step_time: Option<Duration>,
}

/// A data set and the stream that shuffles it.
struct Shuffled {
    data: DeviceData,
    rng: Rng,
}

impl Shuffled {
    fn shuffle(&mut self, gpu: &Gpu) -> Result<()> {
        let order = shuffled(self.data.len(), &mut self.rng);
        self.data.set_order(gpu, &order)
    }
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
        let input = &config.model.input;
        labelled.check_labels(config.model.classes()?)?;
        let wanted = if spec.method == Method::Dann { unlabelled } else { None };
        if spec.method == Method::Dann && wanted.is_none() {
            return Err(Error::input("--target", "images of the target domain for method dann", "none"));
        }
        for data in [Some(labelled), wanted].into_iter().flatten() {
            if data.len() < spec.batch {
                let expected = format!("at least a batch of {} images", spec.batch);
                return Err(Error::file(&data.origin, expected, data.len()));
            }
        }
        let of_target = input.target_normalization.as_ref().unwrap_or(&input.normalization);
        let of_labelled = if spec.method == Method::TargetOnly { of_target } else { &input.normalization };
        let upload = |data, domain, normalization, stream| -> Result<Shuffled> {
            let data = DeviceData::upload(gpu, data, domain, normalization)?;
            Ok(Shuffled { data, rng: rng::stream(spec.seed, stream) })
        };
        let labelled = upload(labelled, Domain::Source, of_labelled, "source order")?;
        let unlabelled = wanted.map(|data| upload(data, Domain::Target, of_target, "target order"));
        let unlabelled = unlabelled.transpose()?;

        let model = Dann::new(gpu, &config.model)?;
        model.initialize(spec.initialization, spec.seed)?;
        let training_step = TrainingStep::new(&model, spec.batch, spec.objective(), SEGMENT as usize)?;
        let mut feed = Recording::new(gpu);
        let (batch, step) = (&training_step.batch, &training_step.step);
        labelled.data.record_images(&mut feed, step, &batch.x, 0, spec.batch)?;
        labelled.data.record_labels(&mut feed, step, &batch.x, &batch.labels)?;
        if let Some(target) = &unlabelled {
            target.data.record_images(&mut feed, step, &batch.x, spec.batch, spec.batch)?;
        }
        let mut trainer = Self {
            steps: Step::table(gpu, "steps", SEGMENT as usize)?,
            dropout: rng::stream(spec.seed, "dropout"),
            next: 0,
            total: 0,
            epoch: 0,
            step_time: None,
            spec,
            model,
            training_step,
            feed,
            labelled,
            unlabelled,
        };
        trainer.total = trainer.spec.steps.unwrap_or(trainer.spec.epochs * trainer.steps_per_epoch());
        Ok(trainer)
    }

    /// The model being trained.
    pub fn model(&self) -> &Dann {
        &self.model
    }

    /// Steps taken.
    pub fn steps_done(&self) -> u64 {
        self.next
    }

    /// Steps in the whole training.
    pub fn total_steps(&self) -> u64 {
        self.total
    }

    /// Steps in a pass over the smaller domain.
    pub fn steps_per_epoch(&self) -> u64 {
        let smaller = self.unlabelled.iter().map(|target| target.data.len()).min();
        let images = self.labelled.data.len().min(smaller.unwrap_or(usize::MAX));
        (images / self.spec.batch) as u64
    }

    /// Images that a step looks at.
    pub fn images_per_step(&self) -> usize {
        self.training_step.batch.x.rows()
    }

    /// Epochs begun.
    pub fn epochs_begun(&self) -> u64 {
        self.epoch
    }

    /// Whether the last step ended an epoch or the training.
    pub fn at_epoch_end(&self) -> bool {
        self.next == self.total || self.next.is_multiple_of(self.steps_per_epoch())
    }

    /// Takes the next few steps, never past the end of an epoch, and gives their metrics; `tick` hears of every
    /// submission how many steps it held. No steps are left when the result is empty.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device was lost or a loss is no longer a number.
    pub fn advance(&mut self, tick: &mut dyn FnMut(u64)) -> Result<Vec<StepMetrics>> {
        let per_epoch = self.steps_per_epoch();
        let in_epoch = self.next % per_epoch;
        let count = SEGMENT.min(self.total - self.next).min(per_epoch - in_epoch);
        if count == 0 {
            return Ok(vec![]);
        }
        if in_epoch == 0 {
            self.begin_epoch()?;
        }
        let rows: Vec<Step> = (0..count).map(|index| self.step_values(index, in_epoch)).collect();
        self.steps.write(self.training_step.gpu(), &rows)?;
        self.submit(count, tick)?;
        let table: Vec<f32> = self.training_step.outputs.table.read(self.training_step.gpu())?;
        let metrics: Vec<_> =
            rows.iter().zip(table.chunks(4)).map(|(row, values)| self.metrics(row, values)).collect();
        self.next += count;
        finite(&metrics)?;
        Ok(metrics)
    }

    fn begin_epoch(&mut self) -> Result<()> {
        let gpu = self.training_step.gpu();
        self.labelled.shuffle(gpu)?;
        if let Some(target) = &mut self.unlabelled {
            target.shuffle(gpu)?;
        }
        self.epoch += 1;
        Ok(())
    }

    fn step_values(&mut self, index: u64, in_epoch: u64) -> Step {
        let progress = (self.next + index) as f64 / self.total as f64;
        let start = ((in_epoch + index) * self.spec.batch as u64) as u32;
        Step {
            index: index as u32,
            source_start: start,
            target_start: start,
            seed: self.dropout.next_u32(),
            lambda: self.spec.lambda.at(progress) as f32,
            learning_rate: self.spec.learning_rate.at(progress) as f32,
            reserved: [0; 2],
        }
    }

    /// Submits `count` steps, several at a time, with at most two submissions in flight.
    fn submit(&mut self, count: u64, tick: &mut dyn FnMut(u64)) -> Result<()> {
        let gpu = self.training_step.gpu();
        let began = Instant::now();
        let mut done = 0;
        let mut previous: Option<(wgpu::SubmissionIndex, u64)> = None;
        let mut wait = |submission: (wgpu::SubmissionIndex, u64)| -> Result<()> {
            let (index, steps) = submission;
            let wait = wgpu::PollType::Wait { submission_index: Some(index), timeout: None };
            gpu.device().poll(wait).map_err(|e| Error::Gpu(e.to_string()))?;
            tick(steps);
            gpu.healthy()
        };
        while done < count {
            let several = self.steps_per_submission().min(count - done);
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            for row in done..done + several {
                self.training_step.encode(&mut encoder, &self.steps, row as usize, Some(&self.feed));
            }
            let submission = gpu.queue().submit([encoder.finish()]);
            done += several;
            if let Some(earlier) = previous.replace((submission, several)) {
                wait(earlier)?;
            }
        }
        if let Some(last) = previous {
            wait(last)?;
        }
        self.step_time = Some(began.elapsed() / count as u32);
        Ok(())
    }

    fn steps_per_submission(&self) -> u64 {
        match self.step_time {
            None => 1,
            Some(time) => (SUBMISSION.as_secs_f64() / time.as_secs_f64().max(1e-6)).max(1.0) as u64,
        }
    }

    fn metrics(&self, row: &Step, values: &[f32]) -> StepMetrics {
        let rows = self.spec.batch as f32;
        let adapts = self.unlabelled.is_some();
        StepMetrics {
            step: self.next + u64::from(row.index),
            lambda: row.lambda,
            learning_rate: row.learning_rate,
            label_loss: values[0],
            label_accuracy: values[1] / rows,
            domain_loss: adapts.then_some(values[2]),
            domain_accuracy: adapts.then_some(values[3] / (2.0 * rows)),
        }
    }
}

/// A loss that is no longer a number never recovers: stop and say since when.
fn finite(metrics: &[StepMetrics]) -> Result<()> {
    let lost = |m: &&StepMetrics| !(m.label_loss.is_finite() && m.domain_loss.unwrap_or(0.0).is_finite());
    metrics.iter().find(lost).map_or(Ok(()), |m| {
        let losses = format!("label loss {}, domain loss {:?}", m.label_loss, m.domain_loss);
        let hint = "lower training.learning_rate.initial or training.lambda.maximum";
        Err(Error::Gpu(format!("training diverged at step {}: {losses}; {hint}", m.step)))
    })
}
