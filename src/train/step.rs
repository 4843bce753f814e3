//! The recording of one training step, and how it is replayed.

use crate::error::Result;
use crate::gpu::{Element, Gpu, Recording, Tensor};
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
}

impl TrainingStep {
    /// Records the step for `source_rows` labelled rows (and as many target rows if the objective has a domain
    /// loss); `table_rows` steps can leave their metrics before they are read.
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
        let metrics_buffer = MetricsBuffer::new(gpu, table_rows, &objective)?;
        let mut recording = Recording::new(gpu);
        let rec = &mut recording;
        let outputs = model.record_step_behind(prefix, rec, &batch, &step, &metrics_buffer, &objective)?;
        Ok(Self { batch, step, outputs, recording })
    }

    /// The shape of an image that `model` takes.
    pub(super) fn image(model: &Dann) -> [usize; 3] {
        let input = model.spec().input.shape();
        [input.channels, input.height, input.width]
    }

    /// Encodes one step: `data_loader` first, which fills the batch, then the step itself, both under the values in row
    /// `row` of `steps`.
    ///
    /// # Panics
    /// When `steps` holds no such row of a [`Step`].
    pub fn encode(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        steps: &Tensor,
        row: usize,
        data_loader: Option<&Recording>,
    ) {
        self.encode_timed(encoder, steps, row, data_loader, None);
    }

    /// As [`TrainingStep::encode`], with timestamps around the work.
    ///
    /// # Panics
    /// As [`TrainingStep::encode`].
    pub fn encode_timed(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        steps: &Tensor,
        row: usize,
        data_loader: Option<&Recording>,
        timestamp_writes: Option<wgpu::ComputePassTimestampWrites<'_>>,
    ) {
        self.encode_values(encoder, steps, row);
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: Some("training step"),
            timestamp_writes,
        });
        if let Some(data_loader) = data_loader {
            data_loader.encode(&mut pass);
        }
        self.recording.encode(&mut pass);
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
