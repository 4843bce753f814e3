//! The exchange of gradients between ranks: while the device is still on its way back through the network, the host adds up
//! those that are there.

use super::communicator::Communicator;
use crate::error::Result;
use crate::gpu::{AcrossRanks, Gpu, Phase, Readback, Recording, Staging, Tensor};
use crate::model::{Dann, StepOutputs};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What passes of a step are called.
pub(super) const LABEL: &str = "training step";
/// Bytes of gradients that are sent together: enough for a message's costs not to matter, and few enough for the others to be
/// computed meanwhile.
const BUCKET: u64 = 1 << 20;

/// What has to be the same on all ranks before they update their parameters.
pub(super) struct Exchange {
    peers: Arc<dyn Communicator>,
    /// In the order in which a step computes them.
    stops: Vec<Stop>,
    /// Whether this rank wishes for an end.
    wishes_end: bool,
    /// Whether any rank does.
    end_is_wished: bool,
    times: ExchangeTimes,
}

/// A place in a step where the device's values go to the host.
struct Stop {
    bucket: Bucket,
    /// What the device waits for, as the dispatches behind this place are to have it of all ranks' rows; none for gradients, which
    /// only the update needs.
    joint: Option<Arc<dyn AcrossRanks>>,
}

/// Tensors that are sent together.
struct Bucket {
    tensors: Vec<Tensor>,
    /// Dispatches of a step after which they are there.
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
    /// From a step's start to its gradients, but for what follows, in all.
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
    /// Of what the recording of a step computes for `model`: gradients, and the running statistics that it brings up to date. With `synchronised`,
    /// batch norm is over all ranks' rows.
    pub fn new(
        peers: Arc<dyn Communicator>,
        model: &Dann,
        (recording, outputs): (&Recording, &StepOutputs),
        synchronised: bool,
    ) -> Self {
        let grads = outputs.mean_grads.as_ref().unwrap_or(&model.parameters.grads);
        let buckets = parts(grads).into_iter().map(|part| Bucket::new(vec![part], recording));
        // Gradients of frozen parameters are zeros on every rank.
        let mut buckets: Vec<Bucket> = buckets.filter(|bucket| bucket.ready > 0).collect();
        let statistics: Vec<Tensor> =
            model.state().into_values().filter(|tensor| recording.dispatches_to(tensor) > 0).collect();
        if !statistics.is_empty() {
            buckets.push(Bucket::new(statistics, recording));
        }
        let mut stops: Vec<Stop> = buckets.into_iter().map(|bucket| Stop { bucket, joint: None }).collect();
        for (ready, joint) in recording.synchronised().iter().filter(|_| synchronised) {
            let bucket = Bucket { tensors: joint.tensors(), ready: *ready, staging: None };
            stops.push(Stop { bucket, joint: Some(joint.clone()) });
        }
        // Running statistics are sent once they are those of all ranks.
        stops.sort_by_key(|stop| (stop.bucket.ready, stop.joint.is_none()));
        let bytes = stops.iter().map(|stop| stop.bucket.bytes()).sum();
        let times = ExchangeTimes { bytes, ..Default::default() };
        Self { peers, stops, wishes_end: false, end_is_wished: false, times }
    }

    /// The ranks that take part.
    pub fn peers(&self) -> &Arc<dyn Communicator> {
        &self.peers
    }

    /// Where the time went so far.
    pub fn times(&self) -> ExchangeTimes {
        self.times
    }

    /// Lets all ranks know, with the metrics of the next step, that this one wishes for an end.
    pub fn wish_for_an_end(&mut self) {
        self.wishes_end = true;
    }

    /// Whether any rank wishes for an end, as far as metrics have told.
    pub fn is_end_wished(&self) -> bool {
        self.end_is_wished
    }

    /// The means over all ranks of what steps have left in their rows of the table, in bits.
    pub fn mean_of(&mut self, words: &[u32]) -> Cow<'static, [u32]> {
        let mut values: Vec<f32> = words.iter().map(|word| f32::from_bits(*word)).collect();
        values.push(f32::from(u8::from(self.wishes_end)));
        self.peers.mean(&mut values);
        self.end_is_wished |= values.pop().is_some_and(|wishes| wishes > 0.0);
        values.into_iter().map(f32::to_bits).collect()
    }

    /// Runs everything of `recording` up to the update, together with what `encoder` holds, and leaves a new encoder; with
    /// `is_last`, the means over all ranks are then in place of gradients and statistics.
    ///
    /// # Errors
    /// [`Error::DeviceLost`](crate::error::Error::DeviceLost) when the device was lost,
    /// [`Error::OutOfMemory`](crate::error::Error::OutOfMemory) when there is no memory for what is sent.
    pub fn run(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        recording: &Recording,
        is_last: bool,
    ) -> Result<()> {
        let Self { peers, stops, times, .. } = self;
        let gpu = recording.gpu();
        let mut clock = Clock::start();
        let mut done = 0;
        let mut on_their_way = Vec::with_capacity(stops.len());
        let some = |encoder: &mut wgpu::CommandEncoder, from: usize, to: usize| {
            let wanted = |place, phase| phase != Phase::Update && (from..to).contains(&place);
            recording.encode_some(encoder, LABEL, None, wanted);
        };
        for Stop { bucket, joint } in stops.iter_mut().filter(|stop| is_last || stop.joint.is_some()) {
            some(encoder, done, bucket.ready);
            done = done.max(bucket.ready);
            let copied = bucket.submit_copy(gpu, encoder)?;
            match joint {
                Some(joint) => {
                    let join = |values: &mut [f32]| {
                        joint.join(values, peers.size(), &mut |values| peers.mean(values));
                    };
                    bucket.exchange(gpu, copied, &**peers, (times, &mut clock), join)?;
                }
                None => on_their_way.push((bucket, copied)),
            }
        }
        some(encoder, done, recording.dispatches().len());
        for (bucket, copied) in on_their_way {
            bucket.exchange(gpu, copied, &**peers, (times, &mut clock), |values| peers.mean(values))?;
        }
        times.steps += u64::from(is_last);
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

    /// Submits what `encoder` holds, with a copy to where the host can read it behind, and leaves a new encoder.
    fn submit_copy(&mut self, gpu: &Gpu, encoder: &mut wgpu::CommandEncoder) -> Result<Copied> {
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
        let full = std::mem::replace(encoder, gpu.device().create_command_encoder(&Default::default()));
        Ok(Copied { submission: gpu.submit(full), readback: staging.map(at) })
    }

    /// Waits for the values and for the other ranks, and puts what `join` makes of them in their place.
    fn exchange(
        &mut self,
        gpu: &Gpu,
        copied: Copied,
        peers: &dyn Communicator,
        (times, clock): (&mut ExchangeTimes, &mut Clock),
        join: impl FnOnce(&mut [f32]),
    ) -> Result<()> {
        // Some drivers compute while work is handed over, others while it is waited for.
        gpu.wait_until(copied.submission)?;
        clock.add_to(&mut times.computing);
        let (mut values, staging) = copied.readback.take_arrived::<f32>(gpu)?;
        self.staging = Some(staging);
        clock.add_to(&mut times.readback);
        // The sum would wait too; so it is told apart what takes time and who.
        peers.sum(&mut [0.0]);
        clock.add_to(&mut times.waiting);
        join(&mut values);
        clock.add_to(&mut times.sum);
        self.write(gpu, &values)?;
        clock.add_to(&mut times.upload);
        Ok(())
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

/// Values on their way to the host.
struct Copied {
    submission: wgpu::SubmissionIndex,
    readback: Readback,
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
