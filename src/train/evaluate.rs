//! What a model says of a whole data set.

use super::device_data::{DeviceData, Uploads};
use super::read_ahead::ReadAhead;
use super::rows::rows_for;
use super::stream::Stream;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::gpu::{Phase, Recording, Tensor};
use crate::model::{Dann, Domain};
use crate::ops::Step;
use serde::Serialize;
use std::fmt;

/// A matrix of more classes would take more memory than it tells.
const MOST_CONFUSED: usize = 1000;

/// A recording that sends a data set through a model in evaluation mode.
pub struct Evaluator {
    recording: Recording,
    step: Tensor,
    steps: Tensor,
    starts: Vec<usize>,
    /// What brings the images to the device where they are not in memory.
    stream: Option<Stream>,
    /// (rows, K)
    batch_logits: Tensor,
    /// (images, K)
    logits: Tensor,
    labels: Option<Vec<u16>>,
}

/// How often a model was right.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// Rightly classified images over all images.
    pub accuracy: f64,
    /// How many images were looked at.
    pub images: usize,
    /// The mean cross-entropy.
    pub loss: f64,
    /// What became of the images of each class.
    pub per_class: Vec<ClassCounts>,
    /// `confusion[label][prediction]`: how many images of the one were taken for the other. Empty for more than 1,000
    /// classes.
    pub confusion: Vec<Vec<u64>>,
}

/// How the images of one class were classified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClassCounts {
    /// Images of the class.
    pub images: u64,
    /// Those of them that were classified rightly.
    pub right: u64,
    /// Images that were taken for it, rightly or not.
    pub predicted: u64,
}

impl Evaluator {
    /// Uploads `data` and records the forward pass. Images are normalised as those of `domain`, within the network too, where
    /// batch norm tells domains apart.
    ///
    /// # Errors
    /// [`Error::Input`] when the data do not fit the model, [`Error::OutOfMemory`] when the device has no memory left.
    pub fn new(model: &Dann, data: &Dataset, domain: Domain) -> Result<Self> {
        Ok(Self::of_at_most(model, data, domain, usize::MAX)?.0)
    }

    /// As [`Evaluator::new`], with at most `most` images at a time; and what is left to upload where the model's device is for
    /// what is made in slices.
    pub(crate) fn of_at_most<'a>(
        model: &Dann,
        data: &'a Dataset,
        domain: Domain,
        most: usize,
    ) -> Result<(Self, Uploads<'a>)> {
        let gpu = model.gpu();
        let classes = model.spec().classes()?;
        if data.is_empty() {
            return Err(Error::file(&data.origin, "at least one image", "none"));
        }
        if data.labels.is_some() {
            data.check_labels(classes)?;
        }
        let normalization = model.spec().input.normalization_of(domain);
        let rows = rows_for(model, data.len())?.min(most.max(1));
        if !data.is_in_memory() {
            let streamed = super::with_room(gpu, rows, |rows| {
                let stream = Stream::new(gpu, data, rows)?;
                let on_device = DeviceData::new(gpu, data, Domain::Source, normalization, stream.as_ref())?;
                Ok(Self { stream, ..Self::of_rows(model, (data, domain), &on_device, rows)? })
            });
            return Ok((streamed?, vec![]));
        }
        let on_device = DeviceData::upload(gpu, data, Domain::Source, normalization)?;
        let resident =
            super::with_room(gpu, rows, |rows| Self::of_rows(model, (data, domain), &on_device, rows))?;
        Ok((resident, on_device.uploads(gpu, data)))
    }

    fn of_rows(
        model: &Dann,
        (data, domain): (&Dataset, Domain),
        on_device: &DeviceData,
        rows: usize,
    ) -> Result<Self> {
        let gpu = model.gpu();
        let classes = model.spec().classes()?;
        // The last batch overlaps the one before it rather than being shorter.
        let starts: Vec<usize> = (0..data.len()).step_by(rows).map(|s| s.min(data.len() - rows)).collect();
        // Where images are streamed, those of each batch come to the same place.
        let first = |start: usize| if data.is_in_memory() { start as u32 } else { 0 };
        let values: Vec<Step> =
            starts.iter().map(|&start| Step { source_start: first(start), ..Step::default() }).collect();
        let steps = Step::table(gpu, "steps", values.len())?;
        steps.write(gpu, &values)?;
        let step = Step::table(gpu, "step", 1)?;
        let input = model.spec().input.shape();
        let x = Tensor::zeros(gpu, "x", &[rows, input.channels, input.height, input.width])?;
        let mut recording = Recording::new(gpu);
        recording.phase(Phase::Data);
        on_device.record_images(&mut recording, &step, &x, 0, rows)?;
        recording.phase(Phase::Forward);
        let batch_logits = model.record_logits(&mut recording, &x, domain)?;
        let logits = Tensor::zeros(gpu, "logits", &[data.len(), classes])?;
        let (labels, stream) = (data.labels.clone(), None);
        Ok(Self { recording, step, steps, starts, stream, batch_logits, logits, labels })
    }

    /// The logits of every image: (images, K), row-major.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost.
    pub fn logits(&self) -> Result<Vec<f32>> {
        let gpu = self.recording.gpu();
        let row_bytes = self.logits.byte_len() / self.logits.rows() as u64;
        let mut images = self.read_ahead()?;
        for (index, &start) in self.starts.iter().enumerate() {
            if let Some((words, ahead)) = &mut images {
                words.write_bytes(gpu, &ahead.next()?)?;
            }
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            self.encode_batch(&mut encoder, index);
            let (from, to) = (self.batch_logits.buffer(), self.logits.buffer());
            let to_row = start as u64 * row_bytes;
            encoder.copy_buffer_to_buffer(from, 0, to, to_row, self.batch_logits.byte_len());
            gpu.submit(encoder);
            gpu.wait()?;
        }
        self.logits.read(gpu)
    }

    /// Encodes that batch number `index` goes through the model as it is then, of images in memory.
    pub(crate) fn encode_batch(&self, encoder: &mut wgpu::CommandEncoder, index: usize) {
        let size = self.step.byte_len();
        let from = index as u64 * size;
        encoder.copy_buffer_to_buffer(self.steps.buffer(), from, self.step.buffer(), 0, size);
        self.recording.encode(encoder);
    }

    /// (rows, K): the logits of the batch that was encoded last.
    pub(crate) fn batch_logits(&self) -> &Tensor {
        &self.batch_logits
    }

    /// The number of the first image of each batch; batches may overlap.
    pub(crate) fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// Images times classes.
    pub(crate) fn logits_len(&self) -> usize {
        self.logits.len()
    }

    /// The images of each batch, and where they belong.
    fn read_ahead(&self) -> Result<Option<(&Tensor, ReadAhead)>> {
        let Some(stream) = &self.stream else { return Ok(None) };
        let (starts, slots) = (self.starts.clone(), stream.slots());
        let rows = slots.count;
        let windows = starts.into_iter().map(move |start| start..start + rows);
        Ok(Some((&slots.words, stream.read_windows(windows)?)))
    }

    /// Accuracy, loss and confusions on a labelled data set.
    ///
    /// # Errors
    /// [`Error::Input`] when the data set has no labels, [`Error::DeviceLost`] when the device was lost.
    pub fn evaluate(&self) -> Result<Evaluation> {
        let unlabelled = || Error::input("evaluation", "labelled images", "no labels");
        match self.labels {
            Some(_) => self.evaluation_of(&self.logits()?).ok_or_else(unlabelled),
            None => Err(unlabelled()),
        }
    }

    /// Accuracy, loss and confusions from the logits of all images, where the data set has labels.
    pub(crate) fn evaluation_of(&self, logits: &[f32]) -> Option<Evaluation> {
        self.labels.as_ref().map(|labels| Evaluation::of(logits, labels))
    }
}

impl Evaluation {
    /// Compares logits (images, K) with labels (images).
    fn of(logits: &[f32], labels: &[u16]) -> Self {
        let classes = logits.len() / labels.len();
        let side = if classes > MOST_CONFUSED { 0 } else { classes };
        let mut confusion = vec![vec![0; side]; side];
        let mut per_class = vec![ClassCounts::default(); classes];
        let mut loss = 0.0;
        for (row, &label) in logits.chunks(classes).zip(labels) {
            let (label, predicted) = (usize::from(label), argmax(row));
            per_class[label].images += 1;
            per_class[label].right += u64::from(label == predicted);
            per_class[predicted].predicted += 1;
            if let Some(row) = confusion.get_mut(label) {
                row[predicted] += 1;
            }
            loss -= softmax(row)[label].ln();
        }
        let hits: u64 = per_class.iter().map(|class| class.right).sum();
        let images = labels.len();
        let (accuracy, loss) = (hits as f64 / images as f64, loss / images as f64);
        Self { accuracy, images, loss, per_class, confusion }
    }
}

/// The first of the largest values.
pub fn argmax(row: &[f32]) -> usize {
    (1..row.len()).fold(0, |best, k| if row[k] > row[best] { k } else { best })
}

/// Probabilities from logits.
pub fn softmax(row: &[f32]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = row.iter().map(|&v| f64::from(v - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

impl fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator")
            .field("images", &self.logits.rows())
            .field("recording", &self.recording)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evaluation_counts_hits_and_confusions() {
        let logits = [2.0, 1.0, 0.0, 3.0, 5.0, 1.0];
        let evaluation = Evaluation::of(&logits, &[0, 1, 1]);
        assert_eq!(evaluation.confusion, [[1, 0], [1, 1]]);
        let counts = |images, right, predicted| ClassCounts { images, right, predicted };
        assert_eq!(evaluation.per_class, [counts(1, 1, 2), counts(2, 1, 1)]);
        assert!((evaluation.accuracy - 2.0 / 3.0).abs() < 1e-12);
        // ln(1 + e^-1), ln(1 + e^-3) and ln(1 + e^4), by hand.
        let by_hand = (0.313_261_687_5 + 0.048_587_351_6 + 4.018_149_927_9) / 3.0;
        assert!((evaluation.loss - by_hand).abs() < 1e-8);
    }

    #[test]
    fn very_many_classes_are_counted_without_a_matrix() {
        let classes = 1 << 16;
        let mut logits = vec![0.0; 2 * classes];
        (logits[classes - 1], logits[classes + 7]) = (1.0, 1.0);
        let evaluation = Evaluation::of(&logits, &[u16::MAX, 9]);
        assert_eq!((evaluation.accuracy, evaluation.confusion.len()), (0.5, 0));
        let right = |class: usize| evaluation.per_class[class].right;
        assert_eq!((right(classes - 1), right(9), evaluation.per_class[7].predicted), (1, 0, 1));
    }
}
