//! Evaluating between an application's frames.

use super::evaluated::Evaluated;
use super::trainer::Trainer;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::gpu::{Arrival, Gpu, Readback, Staging, Tensor};
use crate::model::{Dann, Domain, ModelSpec};
use crate::train::{self, Uploads, argmax};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// Sends a data set through a trainer's model, slice by slice between an application's frames: nothing is submitted, and
/// nothing is waited for.
///
/// Each round takes a copy of the model as it is when the round begins, and training may go on between its slices.
pub struct Evaluator {
    /// What the trainer's model is copied to.
    model: Dann,
    evaluator: train::Evaluator,
    round: Option<Round>,
    /// Memory that no slice needs.
    free: Vec<Staging>,
}

/// An evaluation under way.
struct Round {
    step: u64,
    encoded: usize,
    arrived: usize,
    in_flight: VecDeque<Readback>,
    logits: Vec<f32>,
}

impl Evaluator {
    /// For `data`, whose images are normalised as those of `domain`; so many of them, at most, are looked at in a slice.
    ///
    /// # Errors
    /// [`Error::Input`] when the data do not fit the model or are not in memory, [`Error::OutOfMemory`] when the device has no
    /// memory left.
    pub fn new(trainer: &Trainer, data: &Dataset, domain: Domain, images: usize) -> Result<Self> {
        Ok(Self::set_up(trainer.gpu(), trainer.model().spec(), (data, domain), images)?.0)
    }

    /// As [`Evaluator::new`], with what is left to upload where `gpu` is for what is made in slices.
    pub(super) fn set_up<'a>(
        gpu: &Gpu,
        spec: &ModelSpec,
        (data, domain): (&'a Dataset, Domain),
        images: usize,
    ) -> Result<(Self, Uploads<'a>)> {
        data.expect_in_memory()?;
        let model = Dann::new(gpu, spec)?;
        let (evaluator, uploads) = train::Evaluator::of_at_most(&model, data, domain, images)?;
        gpu.healthy()?;
        Ok((Self { model, evaluator, round: None, free: vec![] }, uploads))
    }

    /// Records the next slice into `encoder`, the first one of a new round if none is under way, and gives how many slices of the
    /// round are left. With none left it records nothing, until [`Evaluator::take`] has given what came of the round.
    ///
    /// # Errors
    /// [`Error::Input`] when `trainer` trains another model than the evaluator was made for, [`Error::DeviceLost`] when the
    /// device was lost, [`Error::OutOfMemory`] when it has no memory left.
    pub fn encode(&mut self, encoder: &mut wgpu::CommandEncoder, trainer: &Trainer) -> Result<usize> {
        let gpu = self.model.gpu();
        gpu.healthy()?;
        let slices = self.evaluator.starts().len();
        let encoded = self.round.as_ref().map_or(0, |round| round.encoded);
        if encoded == slices {
            return Ok(0);
        }
        let logits = self.evaluator.batch_logits();
        let staging = match self.free.pop() {
            Some(staging) => staging,
            None => Staging::new(gpu, logits.byte_len())?,
        };
        if self.round.is_none() {
            self.copy_model(encoder, trainer)?;
        }
        self.evaluator.encode_batch(encoder, encoded);
        staging.encode_copy(encoder, logits);
        let round = self.round.get_or_insert_with(|| Round {
            step: trainer.steps_encoded(),
            encoded: 0,
            arrived: 0,
            in_flight: VecDeque::new(),
            logits: vec![0.0; self.evaluator.logits_len()],
        });
        round.in_flight.push_back(staging.map_on_submit(encoder, logits.byte_len()));
        round.encoded += 1;
        Ok(slices - round.encoded)
    }

    /// What came of a round, once all of its slices have arrived; never waits.
    ///
    /// # Errors
    /// [`Error::Input`] when an encoder with a slice was dropped without being submitted: the round is given up, and
    /// [`Evaluator::encode`] begins a new one. [`Error::DeviceLost`] when the device was lost.
    pub fn take(&mut self) -> Result<Option<Evaluated>> {
        let Some(mut round) = self.round.take() else { return Ok(None) };
        let (starts, gpu) = (self.evaluator.starts(), self.model.gpu());
        while let Some(readback) = round.in_flight.pop_front() {
            match readback.try_take::<f32>(gpu)? {
                Arrival::Here(values, staging) => {
                    let row = self.evaluator.batch_logits().map().len();
                    let first = starts[round.arrived] * row;
                    round.logits[first..first + values.len()].copy_from_slice(&values);
                    round.arrived += 1;
                    self.free.push(staging);
                }
                Arrival::Pending(readback) => {
                    round.in_flight.push_front(readback);
                    break;
                }
                Arrival::Dropped => {
                    return Err(Error::input("the encoder of an evaluation", "to be submitted", "dropped"));
                }
            }
        }
        if round.arrived < starts.len() {
            gpu.healthy()?;
            self.round = Some(round);
            return Ok(None);
        }
        let classes = self.evaluator.batch_logits().map().len();
        let predictions = round.logits.chunks(classes).map(|row| argmax(row) as u16).collect();
        let evaluation = self.evaluator.evaluation_of(&round.logits);
        Ok(Some(Evaluated { step: round.step, logits: round.logits, predictions, evaluation }))
    }

    /// Whether a round has begun and [`Evaluator::take`] has not given what comes of it.
    pub fn is_under_way(&self) -> bool {
        self.round.is_some()
    }

    /// Records that the model becomes what the trainer's is then.
    fn copy_model(&self, encoder: &mut wgpu::CommandEncoder, trainer: &Trainer) -> Result<()> {
        let (from, to) = (trainer.model().evaluated().tensors(), self.model.tensors());
        let named = |tensors: &BTreeMap<String, Tensor>| -> Vec<(String, Vec<usize>)> {
            tensors.iter().map(|(name, tensor)| (name.clone(), tensor.dims().to_vec())).collect()
        };
        if !trainer.gpu().shares_with(self.model.gpu()) || named(&from) != named(&to) {
            let expected = "the one that the evaluator was made for";
            return Err(Error::input("the trainer to evaluate", expected, "one of another model or device"));
        }
        for (from, to) in from.values().zip(to.values()) {
            let size = from.byte_len();
            encoder.copy_buffer_to_buffer(from.buffer(), from.offset(), to.buffer(), to.offset(), size);
        }
        Ok(())
    }
}

impl fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator")
            .field("evaluator", &self.evaluator)
            .field("under_way", &self.is_under_way())
            .finish_non_exhaustive()
    }
}
