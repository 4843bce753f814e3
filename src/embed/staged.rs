//! What is made in slices, so that no frame waits for all of it.

use super::classifier::{Classifier, ClassifierOptions, ModelSource};
use super::evaluator::Evaluator;
use super::trainer::{Trainer, TrainerOptions};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Tensor};
use crate::model::Domain;
use crate::train::Uploads;
use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

/// Bytes of images that are handed to the queue in a slice.
const SLICE: usize = 1 << 20;

type Make<'a, T> = Box<dyn FnOnce(&Gpu) -> Result<(T, Uploads<'a>)> + Send + Sync + 'a>;

/// A [`Trainer`], a [`Classifier`] or an [`Evaluator`] in the making. Each call of [`Staged::advance`] does a part: first everything is set up,
/// then kernels are compiled one by one, and a data set's images are uploaded by the mebibyte. What comes out is what
/// [`Trainer::on`] and [`Classifier::on`] make at once, to the bit.
///
/// ```no_run
/// # use dann::embed::{Gpu, Staged, Trainer, TrainerOptions};
/// # use std::time::Duration;
/// # fn frames(gpu: &Gpu, options: TrainerOptions<'_>) -> dann::error::Result<Trainer> {
/// let mut coming = Staged::trainer(gpu, options);
/// // In each frame, until it is there:
/// while coming.advance(Duration::from_millis(4))? < 1.0 {
///     // … the application's own passes, and its submission …
/// }
/// coming.finish()
/// # }
/// ```
pub struct Staged<'a, T = Trainer> {
    gpu: Gpu,
    make: Option<Make<'a, T>>,
    made: Option<T>,
    pieces: VecDeque<(Tensor, &'a [u8])>,
    done: usize,
    failed: bool,
}

impl<'a> Staged<'a, Trainer> {
    /// A trainer, as [`Trainer::on`] makes it.
    pub fn trainer(gpu: &Gpu, options: TrainerOptions<'a>) -> Self {
        Self::new(gpu, move |gpu| Trainer::set_up(gpu, &options))
    }
}

impl<'a> Staged<'a, Classifier> {
    /// A classifier, as [`Classifier::on`] makes it.
    pub fn classifier(gpu: &Gpu, source: impl Into<ModelSource<'a>>, options: ClassifierOptions) -> Self {
        let source = source.into();
        Self::new(gpu, move |gpu| Ok((Classifier::on(gpu, source, options)?, vec![])))
    }
}

impl<'a> Staged<'a, Evaluator> {
    /// An evaluator, as [`Evaluator::new`] makes it.
    pub fn evaluator(trainer: &Trainer, data: &'a Dataset, domain: Domain, images: usize) -> Self {
        let spec = trainer.model().spec().clone();
        Self::new(trainer.gpu(), move |gpu| Evaluator::set_up(gpu, &spec, (data, domain), images))
    }
}

impl<'a, T> Staged<'a, T> {
    fn new(gpu: &Gpu, make: impl FnOnce(&Gpu) -> Result<(T, Uploads<'a>)> + Send + Sync + 'a) -> Self {
        let (made, pieces) = (None, VecDeque::new());
        Self { gpu: gpu.in_slices(), make: Some(Box::new(make)), made, pieces, done: 0, failed: false }
    }

    /// Does some of what is left, and at least one slice of it: as many as are done in the time of `budget`, judging by the
    /// slice before. Gives the share that is done; at 1, [`Staged::finish`] has nothing left to do.
    ///
    /// # Errors
    /// Those of [`Trainer::on`] or [`Classifier::on`]; [`Error::Input`] after one of them.
    pub fn advance(&mut self, budget: Duration) -> Result<f64> {
        let begin = Instant::now();
        loop {
            let slice = Instant::now();
            let left = self.slice()?;
            if left == 0 || begin.elapsed() + slice.elapsed() > budget {
                return Ok(self.done as f64 / (self.done + left) as f64);
            }
        }
    }

    /// Does all that is left at once, and gives what was made.
    ///
    /// # Errors
    /// Those of [`Trainer::on`] or [`Classifier::on`]; [`Error::Input`] after one of them.
    pub fn finish(mut self) -> Result<T> {
        while self.slice()? > 0 {}
        self.gpu.end_slices();
        self.gpu.healthy()?;
        self.made.ok_or_else(failed)
    }

    /// Does one slice; gives how many are left.
    fn slice(&mut self) -> Result<usize> {
        self.gpu.healthy()?;
        if self.failed {
            return Err(failed());
        }
        let left = self.one();
        self.failed = left.is_err();
        left
    }

    fn one(&mut self) -> Result<usize> {
        if let Some(make) = self.make.take() {
            let (made, uploads) = make(&self.gpu)?;
            self.made = Some(made);
            let slices = |(tensor, bytes): (Tensor, &'a [u8])| {
                let piece = move |(index, bytes)| (words_from(&tensor, index * SLICE, bytes), bytes);
                bytes.chunks(SLICE).enumerate().map(piece)
            };
            self.pieces.extend(uploads.into_iter().flat_map(slices));
            self.done += 1;
        } else if self.gpu.pipelines_left() > 0 {
            self.gpu.build_next()?;
            self.done += 1;
        } else if let Some((words, bytes)) = self.pieces.pop_front() {
            write(&self.gpu, &words, bytes)?;
            self.done += 1;
        }
        Ok(self.gpu.pipelines_left() + self.pieces.len())
    }
}

fn failed() -> Error {
    Error::input("what is made in slices", "an end after the first error", "another call")
}

/// The words of a tensor that hold `bytes` from number `first` on, which is at the start of a word.
fn words_from(tensor: &Tensor, first: usize, bytes: &[u8]) -> Tensor {
    tensor.rows_from(first / 4, bytes.len().div_ceil(4))
}

/// Writes bytes, the last word filled up with zeros.
fn write(gpu: &Gpu, words: &Tensor, bytes: &[u8]) -> Result<()> {
    if bytes.len().is_multiple_of(4) {
        return words.write_bytes(gpu, bytes);
    }
    let mut whole = bytes.to_vec();
    whole.resize(bytes.len().next_multiple_of(4), 0);
    words.write_bytes(gpu, &whole)
}

impl<T> fmt::Debug for Staged<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.gpu.pipelines_left() + self.pieces.len();
        f.debug_struct("Staged").field("done", &self.done).field("left", &left).finish_non_exhaustive()
    }
}
