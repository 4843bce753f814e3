//! What an application asks of a trainer.

use crate::data::Dataset;
use crate::gpu;
use crate::train::{Checkpoint, Config, Images};

/// What a [`Trainer`](super::Trainer) is made from.
#[derive(Debug)]
#[non_exhaustive]
pub struct TrainerOptions<'a> {
    /// The recipe; see [`Config::preset`] and [`Config::read`].
    pub config: Config,
    /// The labelled images: the source's training part.
    pub labelled: Images<'a>,
    /// The images of the domain to adapt to, whose labels are not looked at; needed by
    /// [`Method::Dann`](crate::train::Method::Dann).
    pub unlabelled: Option<Images<'a>>,
    /// A model to go on from, in place of one drawn at random. Schedules start anew.
    pub start: Option<&'a Checkpoint>,
    /// A training to go on with exactly, optimiser and schedules included.
    pub resume: Option<&'a Checkpoint>,
    /// Which kernels run, where [`Trainer::new`](super::Trainer::new) makes the trainer. [`Trainer::on`](super::Trainer::on) and
    /// [`Staged`](crate::embed::Staged) take a [`Gpu`](crate::gpu::Gpu) that has been told.
    pub gpu: gpu::Options,
}

impl<'a> TrainerOptions<'a> {
    /// Training by `config` from the start, on data sets and on the fastest kernels.
    pub fn new(config: Config, labelled: &'a Dataset, unlabelled: Option<&'a Dataset>) -> Self {
        Self { unlabelled: unlabelled.map(Images::Set), ..Self::source(config, labelled) }
    }

    /// Training by `config` from the start, on the labelled images of the source and on the fastest kernels; the images are a
    /// data set, or [`Frames`](crate::train::Frames).
    pub fn source(config: Config, labelled: impl Into<Images<'a>>) -> Self {
        let labelled = labelled.into();
        Self { config, labelled, unlabelled: None, start: None, resume: None, gpu: gpu::Options::default() }
    }

    /// Adapts to the images of the target, a data set or [`Frames`](crate::train::Frames), whose labels are not looked at.
    #[must_use]
    pub fn target(self, unlabelled: impl Into<Images<'a>>) -> Self {
        Self { unlabelled: Some(unlabelled.into()), ..self }
    }

    /// Goes on from a model, in place of one drawn at random. Schedules start anew.
    #[must_use]
    pub fn start(self, start: &'a Checkpoint) -> Self {
        Self { start: Some(start), ..self }
    }

    /// Goes on with the training that `resume` is a checkpoint of, as if it had never stopped: the same steps follow, bit
    /// for bit on the same adapter with the same recipe and data sets. Frames are not part of a checkpoint: they are handed over
    /// anew.
    #[must_use]
    pub fn resume(self, resume: &'a Checkpoint) -> Self {
        Self { resume: Some(resume), ..self }
    }

    /// The kernels that run, where [`Trainer::new`](super::Trainer::new) makes the trainer.
    #[must_use]
    pub fn gpu(self, gpu: gpu::Options) -> Self {
        Self { gpu, ..self }
    }
}
