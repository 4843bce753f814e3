//! The recording of one training step, and how it is replayed.

use super::exchange::{Exchange, LABEL};
use crate::error::{Error, Result};
use crate::gpu::{Element, Gpu, Phase, Recording, Tensor, of_pass};
use crate::model::{Batch, Dann, MetricsBuffer, Objective, Prefix, StepOutputs};
use crate::ops::Step;

/// One training step, recorded once: everything from the batch to the updated parameters.
#[derive(Debug)]
pub struct TrainingStep {
    /// Where the step reads its rows.
    pub batch: Batch,
    /// Where the step reads what changes between steps; see [`Step`].
    pub step: Tensor,
    /// What the step leaves behind.
    pub outputs: StepOutputs,
    recording: Recording,
    /// Batches whose gradients make one update.
    batches: usize,
}

impl TrainingStep {
    /// Records the step for `source_rows` labelled rows (and as many target rows if the objective has a domain
    /// loss), or for several such batches, as the objective says; `table_rows` steps can leave their metrics before they are read.
    ///
    /// # Errors
    /// [`crate::error::Error`] when the device has no memory left or a kernel does not build.
    pub fn new(model: &Dann, source_rows: usize, objective: Objective, table_rows: usize) -> Result<Self> {
        Self::behind(model, None, &Self::image(model), source_rows, objective, table_rows)
    }

    /// As [`TrainingStep::new`]; with a prefix, each row of the batch is what that gives of an image, of shape `row`.
    pub(super) fn behind(
        model: &Dann,
        prefix: Option<&Prefix>,
        row: &[usize],
        source_rows: usize,
        objective: Objective,
        table_rows: usize,
    ) -> Result<Self> {
        let gpu = model.gpu();
        let batch = Batch::new(gpu, source_rows, &objective, row)?;
        let step = Step::table(gpu, "step", 1)?;
        let batches = objective.accumulate;
        let rows = table_rows.checked_mul(batches).ok_or_else(|| {
            let most = usize::MAX / table_rows.max(1);
            Error::input("training.accumulate", format!("at most {most}"), batches)
        })?;
        let metrics_buffer = MetricsBuffer::new(gpu, rows, &objective)?;
        let mut recording = Recording::new(gpu);
        let rec = &mut recording;
        let outputs = model.record_step_behind(prefix, rec, &batch, &step, &metrics_buffer, &objective)?;
        Ok(Self { batch, step, outputs, recording, batches })
    }

    /// The shape of an image that `model` takes.
    pub(super) fn image(model: &Dann) -> [usize; 3] {
        let input = model.spec().input.shape();
        [input.channels, input.height, input.width]
    }

    /// How many batches a step goes through before its update.
    pub fn batches(&self) -> usize {
        self.batches
    }

    /// Encodes step number `index` of those whose values are in `steps`, which has a row for each batch of a step. For each of
    /// them `data_loader` comes first, which fills the batch, then the step itself.
    ///
    /// # Panics
    /// When `steps` holds no such rows of a [`Step`].
    pub fn encode(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        steps: &Tensor,
        index: usize,
        data_loader: Option<&Recording>,
    ) {
        self.encode_timed(encoder, steps, index, data_loader, None);
    }

    /// As [`TrainingStep::encode`], with timestamps around the work.
    ///
    /// # Panics
    /// As [`TrainingStep::encode`].
    pub fn encode_timed(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        steps: &Tensor,
        index: usize,
        data_loader: Option<&Recording>,
        timestamp_writes: Option<wgpu::ComputePassTimestampWrites<'_>>,
    ) {
        self.encode_start(encoder);
        for batch in 0..self.batches {
            let is_last = batch + 1 == self.batches;
            let wanted = |_, phase| is_last || phase != Phase::Update;
            self.encode_values(encoder, steps, index * self.batches + batch);
            let is_first = batch == 0;
            let of_batch = |is_first, is_last| {
                timestamp_writes.as_ref().and_then(|writes| of_pass(writes, is_first, is_last))
            };
            if let Some(data_loader) = data_loader {
                data_loader.encode_some(encoder, LABEL, of_batch(is_first, false).as_ref(), |_, _| true);
            }
            let timestamps = of_batch(is_first && data_loader.is_none(), is_last);
            self.recording.encode_some(encoder, LABEL, timestamps.as_ref(), wanted);
        }
    }

    /// As [`TrainingStep::encode`], with the means over all ranks in place of this one's gradients: everything before the update
    /// is submitted and waited for, and `encoder` is a new one that holds the update.
    ///
    /// # Errors
    /// Those of [`Exchange::run`].
    pub(super) fn run_exchanged(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        (steps, index): (&Tensor, usize),
        data_loader: &Recording,
        exchange: &mut Exchange,
    ) -> Result<()> {
        self.encode_start(encoder);
        for batch in 0..self.batches {
            self.encode_values(encoder, steps, index * self.batches + batch);
            data_loader.encode_some(encoder, LABEL, None, |_, _| true);
            exchange.run(encoder, &self.recording, batch + 1 == self.batches)?;
        }
        self.recording.encode_some(encoder, LABEL, None, |_, phase| phase == Phase::Update);
        Ok(())
    }

    /// No batch has added its gradients yet.
    fn encode_start(&self, encoder: &mut wgpu::CommandEncoder) {
        if let Some(mean) = &self.outputs.mean_grads {
            encoder.clear_buffer(mean.buffer(), mean.offset(), Some(mean.byte_len()));
        }
    }

    /// Encodes the copy of row `row` of `steps` to where the step reads its values.
    pub(super) fn encode_values(&self, encoder: &mut wgpu::CommandEncoder, steps: &Tensor, row: usize) {
        assert!(steps.element() == Element::Step && row < steps.rows(), "no step {row} in {steps:?}");
        let size = self.step.byte_len();
        let from = steps.offset() + row as u64 * size;
        encoder.copy_buffer_to_buffer(steps.buffer(), from, self.step.buffer(), self.step.offset(), size);
    }

    /// The dispatches of the step, in order.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The device that the step runs on.
    pub fn gpu(&self) -> &Gpu {
        self.recording.gpu()
    }
}
