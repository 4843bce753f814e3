//! What a model says of a whole data set.

use super::device_data::{DeviceData, Uploads};
use super::evaluation::{Evaluation, Tally};
use super::read_ahead::ReadAhead;
use super::rows::rows_for;
use super::stream::Stream;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::gpu::{Phase, Recording, Staging, Tensor};
use crate::model::{Dann, Domain};
use crate::ops::Step;
use std::fmt;

/// A recording that sends a data set through a model in evaluation mode.
pub struct Evaluator {
    recording: Recording,
    step: Tensor,
    steps: Tensor,
    starts: Vec<usize>,
    /// What brings the images to the device where they are not in memory.
    stream: Option<Stream>,
    images: usize,
    /// (rows, K): those of all images may be more than one tensor can hold.
    batch_logits: Tensor,
    labels: Option<Vec<u16>>,
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
        let (images, labels, stream) = (data.len(), data.labels.clone(), None);
        Ok(Self { recording, step, steps, starts, stream, images, batch_logits, labels })
    }

    /// The logits of every image: (images, K), row-major.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost.
    pub fn logits(&self) -> Result<Vec<f32>> {
        let mut all = Vec::with_capacity(self.logits_len());
        self.show(|_, logits| all.extend_from_slice(logits))?;
        Ok(all)
    }

    /// Sends all images through the model, and shows `seen` the logits of each of them once, in order: some of them at a time,
    /// with the number of the first.
    fn show(&self, mut seen: impl FnMut(usize, &[f32])) -> Result<()> {
        let (gpu, bytes) = (self.recording.gpu(), self.batch_logits.byte_len());
        let mut images = self.read_ahead()?;
        let mut staging = Staging::new(gpu, bytes)?;
        for (index, &start) in self.starts.iter().enumerate() {
            if let Some((words, ahead)) = &mut images {
                words.write_bytes(gpu, &ahead.next()?)?;
            }
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            self.encode_batch(&mut encoder, index);
            staging.encode_copy(&mut encoder, &self.batch_logits);
            let on_its_way = staging.map_on_submit(&encoder, bytes);
            gpu.submit(encoder);
            gpu.wait()?;
            let (logits, free) = on_its_way.take_arrived::<f32>(gpu)?;
            staging = free;
            // The next batch may overlap this one.
            let end = self.starts.get(index + 1).map_or(self.images, |&next| next);
            seen(start, &logits[..(end - start) * self.classes()]);
        }
        Ok(())
    }

    fn classes(&self) -> usize {
        self.batch_logits.map().len()
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
        self.images * self.classes()
    }

    /// The images of each batch, and where they belong.
    fn read_ahead(&self) -> Result<Option<(&Tensor, ReadAhead)>> {
        let Some(stream) = &self.stream else { return Ok(None) };
        let slots = stream.slots();
        Ok(Some((&slots.words, slots.read_ahead(&self.starts, slots.count)?)))
    }

    /// Accuracy, loss and confusions on a labelled data set.
    ///
    /// # Errors
    /// [`Error::Input`] when the data set has no labels, [`Error::DeviceLost`] when the device was lost.
    pub fn evaluate(&self) -> Result<Evaluation> {
        let unlabelled = || Error::input("evaluation", "labelled images", "no labels");
        let labels = self.labels.as_ref().ok_or_else(unlabelled)?;
        // The logits of all images may be more than the host's memory holds.
        let mut tally = Tally::new(self.classes());
        self.show(|first, logits| tally.count(logits, &labels[first..]))?;
        Ok(tally.evaluation())
    }

    /// Accuracy, loss and confusions from the logits of all images, where the data set has labels.
    pub(crate) fn evaluation_of(&self, logits: &[f32]) -> Option<Evaluation> {
        self.labels.as_ref().map(|labels| Evaluation::of(logits, labels))
    }
}

impl fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator")
            .field("images", &self.images)
            .field("recording", &self.recording)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::limited;
    use crate::train::Config;

    const BINDING: u64 = 1 << 16;

    fn hundred_classes() -> Config {
        let config = Config::parse("test", include_str!("../fit/tiny.toml")).expect("a recipe");
        let predictor = "model.label_predictor=[{ layer = \"dense\", outputs = 100 }]";
        config.with(&[predictor.to_owned()]).expect("a recipe")
    }

    #[test]
    fn logits_of_all_images_may_be_more_than_a_tensor_holds() {
        let config = hundred_classes();
        let shape = config.model.input.shape();
        let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0];
        let images = (0..300 * shape.len()).map(noise).collect();
        let labels: Vec<u16> = (0..300).map(|i| i % 100).collect();
        let names = (0..100).map(|class| class.to_string()).collect();
        let data = Dataset::new(shape, images, Some(labels.clone()), names).expect("a data set");
        let small = limited(|limits| limits.max_storage_buffer_binding_size = BINDING);
        let evaluator = |gpu, most| {
            let model = Dann::new(gpu, &config.model).expect("a model");
            model.initialize(config.training.initialization, 1).expect("values");
            Evaluator::of_at_most(&model, &data, Domain::Target, most).expect("an evaluator").0
        };
        let on_small = evaluator(&small, usize::MAX);
        let rows = on_small.batch_logits().rows();
        // Several batches, of which the last one overlaps the one before it.
        assert!(rows < 150 && 300 % rows > 0, "{rows} rows");
        let logits = on_small.logits().expect("logits");
        assert!(4 * logits.len() as u64 > BINDING && logits.len() == on_small.logits_len());
        let elsewhere = evaluator(&limited(|_| ()), rows).logits().expect("logits");
        let bits = |logits: &[f32]| logits.iter().map(|logit| logit.to_bits()).collect::<Vec<u32>>();
        assert!(bits(&logits) == bits(&elsewhere));
        assert_eq!(on_small.evaluate().expect("labels"), Evaluation::of(&logits, &labels));
    }
}
