//! The exchange of gradients between ranks: while the device is still on its way back through the network, the host adds up
//! those that are there.

use super::communicator::Communicator;
use super::step::{self, TrainingStep};
use crate::error::Result;
use crate::gpu::{Gpu, Phase, Recording, Staging, Tensor};
use crate::model::Dann;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of gradients that are sent together: enough for a message's costs not to matter, and few enough for the others to be
/// computed meanwhile.
const BUCKET: u64 = 1 << 20;

/// What has to be the same on all ranks before they update their parameters.
pub(super) struct Exchange {
    peers: Arc<dyn Communicator>,
    /// In the order in which a step computes them.
    buckets: Vec<Bucket>,
    times: ExchangeTimes,
}

/// Tensors that are sent together.
struct Bucket {
    tensors: Vec<Tensor>,
    /// The dispatches of a step after which nothing changes them.
    ready: usize,
    staging: Option<Staging>,
}

/// Where the time of steps went that ranks have made together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ExchangeTimes {
    /// How many steps.
    pub steps: u64,
    /// Bytes of gradients and running statistics that each rank sends in a step.
    pub bytes: u64,
    /// Waiting for the device to compute gradients, in all.
    pub computing: Duration,
    /// Copies of gradients from where the device has left them, in all.
    pub readback: Duration,
    /// Waiting for the slowest rank, in all.
    pub waiting: Duration,
    /// Adding up over ranks, in all.
    pub sum: Duration,
    /// Copies of sums to where the device finds them, in all.
    pub upload: Duration,
}

impl Exchange {
    /// Of what `step` computes for `model`: gradients, and the running statistics that it brings up to date.
    pub fn new(peers: Arc<dyn Communicator>, model: &Dann, step: &TrainingStep) -> Self {
        let recording = step.recording();
        let grads = step.outputs.mean_grads.as_ref().unwrap_or(&model.parameters.grads);
        let mut buckets: Vec<Bucket> =
            parts(grads).into_iter().map(|part| Bucket::new(vec![part], recording)).collect();
        let statistics: Vec<Tensor> =
            model.state().into_values().filter(|tensor| recording.dispatches_to(tensor) > 0).collect();
        if !statistics.is_empty() {
            buckets.push(Bucket::new(statistics, recording));
        }
        buckets.sort_by_key(|bucket| bucket.ready);
        let bytes = buckets.iter().map(Bucket::bytes).sum();
        Self { peers, buckets, times: ExchangeTimes { bytes, ..Default::default() } }
    }

    /// The ranks that take part.
    pub fn peers(&self) -> &Arc<dyn Communicator> {
        &self.peers
    }

    /// Where the time went so far.
    pub fn times(&self) -> ExchangeTimes {
        self.times
    }

    /// The means over all ranks of what steps have left in their rows of the table, in bits.
    pub fn mean_of(&self, words: &[u32]) -> Cow<'static, [u32]> {
        let mut values: Vec<f32> = words.iter().map(|word| f32::from_bits(*word)).collect();
        self.peers.mean(&mut values);
        values.into_iter().map(f32::to_bits).collect()
    }

    /// Runs everything of `recording` up to the update, together with what `encoder` holds, puts the means over all ranks in
    /// place of gradients and statistics, and leaves a new encoder.
    ///
    /// # Errors
    /// [`Error::DeviceLost`](crate::error::Error::DeviceLost) when the device was lost,
    /// [`Error::OutOfMemory`](crate::error::Error::OutOfMemory) when there is no memory for what is sent.
    pub fn run(&mut self, encoder: &mut wgpu::CommandEncoder, recording: &Recording) -> Result<()> {
        let gpu = recording.gpu();
        let mut done = 0;
        let mut copied = Vec::with_capacity(self.buckets.len());
        let some = |encoder: &mut wgpu::CommandEncoder, from: usize, to: usize| {
            let wanted = |place, phase| phase != Phase::Update && (from..to).contains(&place);
            recording.encode_some(encoder, step::LABEL, None, wanted);
        };
        for bucket in &mut self.buckets {
            some(encoder, done, bucket.ready);
            done = done.max(bucket.ready);
            let staging = bucket.encode_copy(gpu, encoder)?;
            let full = std::mem::replace(encoder, gpu.device().create_command_encoder(&Default::default()));
            copied.push((gpu.submit(full), staging.map(bucket.bytes())));
        }
        some(encoder, done, recording.dispatches().len());
        for (bucket, (submission, readback)) in self.buckets.iter_mut().zip(copied) {
            let mut clock = Clock::start();
            gpu.wait_until(submission)?;
            clock.add_to(&mut self.times.computing);
            let (mut values, staging) = readback.take_arrived::<f32>(gpu)?;
            bucket.staging = Some(staging);
            clock.add_to(&mut self.times.readback);
            // The sum would wait too; so it is told apart what takes time and who.
            self.peers.sum(&mut [0.0]);
            clock.add_to(&mut self.times.waiting);
            self.peers.mean(&mut values);
            clock.add_to(&mut self.times.sum);
            bucket.write(gpu, &values)?;
            clock.add_to(&mut self.times.upload);
        }
        self.times.steps += 1;
        Ok(())
    }
}

/// `flat` in parts of about [`BUCKET`] bytes.
fn parts(flat: &Tensor) -> Vec<Tensor> {
    let (all, most) = (flat.len(), BUCKET as usize / size_of::<f32>());
    (0..all).step_by(most).map(|start| flat.part(start, &[most.min(all - start)])).collect()
}

impl Bucket {
    fn new(tensors: Vec<Tensor>, recording: &Recording) -> Self {
        let ready = tensors.iter().map(|tensor| recording.dispatches_to(tensor)).max().unwrap_or_default();
        Self { tensors, ready, staging: None }
    }

    fn bytes(&self) -> u64 {
        self.tensors.iter().map(Tensor::byte_len).sum()
    }

    /// Encodes a copy to where the host can read it.
    fn encode_copy(&mut self, gpu: &Gpu, encoder: &mut wgpu::CommandEncoder) -> Result<Staging> {
        let staging = match self.staging.take() {
            Some(staging) => staging,
            None => Staging::new(gpu, self.bytes())?,
        };
        let mut at = 0;
        for tensor in &self.tensors {
            let bytes = tensor.byte_len();
            encoder.copy_buffer_to_buffer(tensor.buffer(), tensor.offset(), staging.buffer(), at, bytes);
            at += bytes;
        }
        Ok(staging)
    }

    /// Puts `values` in place of what the tensors hold, before what is submitted next.
    fn write(&self, gpu: &Gpu, values: &[f32]) -> Result<()> {
        let mut rest = values;
        for tensor in &self.tensors {
            let (own, others) = rest.split_at(tensor.len());
            tensor.write(gpu, own)?;
            rest = others;
        }
        Ok(())
    }
}

/// Tells how long one thing after the other takes.
struct Clock(Instant);

impl Clock {
    fn start() -> Self {
        Self(Instant::now())
    }

    /// Adds the time since the last call, or since the start.
    fn add_to(&mut self, total: &mut Duration) {
        let now = Instant::now();
        *total += now - std::mem::replace(&mut self.0, now);
    }
}
