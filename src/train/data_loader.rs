//! What fills the batches: both domains on the device, each in an order of its own.

use super::communicator::RankShare;
use super::config::Config;
use super::data_checks::{alike, fit, hold_a_batch, hold_labels};
use super::device_data::DeviceData;
use super::frames::Images;
use super::ring::Ring;
use super::shuffled::{Shuffled, shape_of};
use super::stream::{Slots, Stream};
use super::training_spec::Method;
use super::views::Views;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Phase, Recording, Tensor, Upload};
use crate::model::Batch;
use crate::ops::gather_batch::Domain;
use crate::ops::image_input::Placement;
use std::time::Duration;

/// Steps after which frames begin to be drawn into the first rows of their order again.
const FRAME_STEPS: usize = 64;

/// The data sets of a training.
pub(super) struct DataLoader {
    labelled: Shuffled,
    unlabelled: Option<Shuffled>,
    views: Views,
    /// In an epoch, which visits no image of a data set twice.
    steps: usize,
    /// What other ranks leave to this one.
    share: RankShare,
    /// Memory for windows of images that no in-flight batch needs.
    uploads: Vec<Upload>,
    /// How long images were waited for of which something is kept in their place, where they were streamed.
    waited_before: Option<Duration>,
}

impl DataLoader {
    /// Uploads `labelled` and, for [`Method::Dann`], the images of `unlabelled`.
    ///
    /// # Errors
    /// [`Error::Input`] when configuration or data do not fit, [`Error::NoTargetImages`],
    /// [`Error::OutOfMemory`] when the device has no memory left.
    pub fn new(
        gpu: &Gpu,
        config: &Config,
        labelled: &Images<'_>,
        unlabelled: Option<&Images<'_>>,
    ) -> Result<Self> {
        let (spec, input) = (&config.training, &config.model.input);
        hold_labels(labelled, config.model.classes()?)?;
        let unlabelled = if spec.method == Method::Dann { unlabelled } else { None };
        if spec.method == Method::Dann && unlabelled.is_none() {
            return Err(Error::NoTargetImages);
        }
        let domains = || [Some(labelled), unlabelled].into_iter().flatten();
        let mut steps = None;
        for (images, domain) in domains().zip([Domain::Source, Domain::Target]) {
            hold_a_batch(images, spec, domain)?;
            if let Images::Set(data) = images {
                fit(data, input)?;
                let own = images.len() / spec.images_per_step(domain);
                steps = Some(steps.map_or(own, |others: usize| others.min(own)));
            }
        }
        let steps = steps.unwrap_or(FRAME_STEPS);
        let stored = shape_of(labelled, input);
        let other = unlabelled.map(|images| shape_of(images, input));
        if let Some(other) = other.filter(|&other| !alike(stored, other)) {
            let expected = format!("images of {other}, as the target's");
            return Err(Error::file(&labelled.origin(), expected, stored));
        }
        let of_target = input.normalization_of(Domain::Target);
        let labelled_domain = if spec.method == Method::TargetOnly { Domain::Target } else { Domain::Source };
        let of_labelled = input.normalization_of(labelled_domain);
        let augmentations = [labelled_domain, Domain::Target].map(|domain| spec.augmentation_of(domain));
        let upload = |images_of, domain, normalization| {
            Shuffled::new(gpu, config, (images_of, domain), normalization, steps)
        };
        Ok(Self {
            labelled: upload(labelled, Domain::Source, of_labelled)?,
            unlabelled: unlabelled.map(|target| upload(target, Domain::Target, of_target)).transpose()?,
            views: Views::new(augmentations, stored, input.shape()),
            steps,
            share: RankShare::ALL,
            uploads: vec![],
            waited_before: None,
        })
    }

    /// The share of a rank alone.
    ///
    /// # Errors
    /// [`Error::Input`] when there are too few images for a step of all ranks.
    pub fn of_rank(mut self, share: RankShare) -> Result<Self> {
        self.share = share;
        if share == RankShare::ALL {
            return Ok(self);
        }
        for domain in self.all() {
            let (images, all) = (domain.data.len(), domain.per_step * share.ranks);
            if images < all {
                let expected = format!("at least the {all} images of a step of {} ranks", share.ranks);
                return Err(Error::input("a data set", expected, images));
            }
        }
        let steps = |domain: &Shuffled| domain.data.len() / (domain.per_step * share.ranks);
        self.steps = self.all().map(steps).min().unwrap_or_default();
        Ok(self)
    }

    /// Steps in an epoch, which visits no image of a data set twice.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Whether a domain is made of frames, so that there is no end to it.
    pub fn takes_frames(&self) -> bool {
        self.all().any(|domain| domain.frames.is_some())
    }

    /// Takes back the frames of encoders that were dropped.
    pub fn settle(&mut self) {
        self.domains().filter_map(|domain| domain.frames.as_mut()).for_each(|frames| frames.ring.settle());
    }

    /// Whether there is a batch of each domain, of what encoders hold that were not dropped.
    pub fn is_ready(&mut self) -> bool {
        self.settle();
        self.all().all(Shuffled::holds_a_step)
    }

    /// The frames of a domain.
    pub fn frames(&self, domain: Domain) -> Option<&Ring> {
        let domain = if domain == Domain::Source { Some(&self.labelled) } else { self.unlabelled.as_ref() };
        domain?.frames.as_ref().map(|frames| &frames.ring)
    }

    /// Encodes that pictures with their labels become frames of a domain. Frames of a domain that is not trained on are left out.
    ///
    /// # Errors
    /// [`Error::Input`] when the domain is a data set, [`Error::Gpu`] when the device refuses a picture.
    pub fn push(
        &mut self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        domain: Domain,
        pictures: &[(wgpu::TextureView, Placement, u16)],
    ) -> Result<()> {
        self.settle();
        let domain =
            if domain == Domain::Source { Some(&mut self.labelled) } else { self.unlabelled.as_mut() };
        domain.map_or(Ok(()), |domain| domain.push(gpu, encoder, pictures))
    }

    /// What the steps from number `first` on look at that are drawn from frames, and the rows of the orders that it belongs into;
    /// the first of them is step `in_epoch` of an epoch.
    pub fn draw(&self, first: u64, steps: u64, in_epoch: u64) -> Vec<(Tensor, Vec<u32>)> {
        self.all().filter_map(|domain| domain.draw(first, steps, in_epoch)).collect()
    }

    /// Records the gathering of a batch, or of `rows` rows of each domain.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn record(&self, gpu: &Gpu, step: &Tensor, batch: &Batch, rows: Option<usize>) -> Result<Recording> {
        let mut recording = Recording::new(gpu);
        recording.phase(Phase::Data);
        let gathered = self.views.gathered(gpu, &batch.x)?;
        let labelled = &self.labelled.data;
        let source_rows = rows.unwrap_or(self.labelled.rows);
        labelled.record_images(&mut recording, step, &gathered, 0, source_rows)?;
        labelled.record_labels(&mut recording, step, &gathered, &batch.labels)?;
        if let Some(target) = &self.unlabelled {
            let rows = rows.unwrap_or(target.rows);
            target.data.record_images(&mut recording, step, &gathered, source_rows, rows)?;
        }
        self.views.record(&mut recording, step, (&gathered, &batch.x), source_rows)?;
        if let (Some(target), Some(plain)) = (&self.unlabelled, &batch.plain) {
            let views = self.views.plain();
            let gathered = views.gathered(gpu, plain)?;
            target.data.record_images(&mut recording, step, &gathered, 0, plain.rows())?;
            views.record(&mut recording, step, (&gathered, plain), 0)?;
        }
        Ok(recording)
    }

    /// The same images in the same orders, with memory for a row of values of each, of shape `row`, in place of the image. What
    /// has been drawn of the orders so far is not drawn again.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] and [`Error::BeyondLimit`] when there is no memory for them.
    pub fn keeping(&self, gpu: &Gpu, row: &[usize]) -> Result<Self> {
        let kept = |set: &Shuffled| -> Result<Shuffled> {
            let data = set.data.keeping(gpu, row)?;
            let (classes, rng) = (set.classes.clone(), set.rng.clone());
            let Shuffled { rows, per_step, .. } = *set;
            Ok(Shuffled { data, rows, per_step, stream: None, classes, rng, frames: None })
        };
        Ok(Self {
            labelled: kept(&self.labelled)?,
            unlabelled: self.unlabelled.as_ref().map(kept).transpose()?,
            views: Views::none(),
            steps: self.steps,
            share: self.share,
            uploads: vec![],
            waited_before: self.waited(),
        })
    }

    /// Where images come to the device that are streamed, for each of the sets.
    pub fn slots(&self) -> Vec<Option<Slots>> {
        let slots = |set: &Shuffled| set.stream.as_ref().map(|(stream, _)| stream.slots().clone());
        self.all().map(slots).collect()
    }

    /// Whether the network takes the same of an image in every step.
    pub fn is_fixed(&self) -> bool {
        self.views.are_fixed() && !self.takes_frames()
    }

    /// The data sets in the order of their rows in a batch.
    pub fn sets(&self) -> impl Iterator<Item = &DeviceData> {
        self.all().map(|set| &set.data)
    }

    /// New orders for both domains, independent of each other, where they are not of frames, and the tensors that they belong into.
    pub fn next_orders(&mut self) -> Vec<(Tensor, Vec<u32>)> {
        let (steps, share) = (self.steps, self.share);
        self.domains().filter_map(|domain| domain.next_order(steps, share)).collect()
    }

    fn all(&self) -> impl Iterator<Item = &Shuffled> {
        [Some(&self.labelled), self.unlabelled.as_ref()].into_iter().flatten()
    }

    fn domains(&mut self) -> impl Iterator<Item = &mut Shuffled> {
        [Some(&mut self.labelled), self.unlabelled.as_mut()].into_iter().flatten()
    }

    fn streams(&self) -> impl Iterator<Item = &(Stream, usize)> {
        self.all().filter_map(|domain| domain.stream.as_ref())
    }

    /// How many steps from number `step` of an epoch on may be encoded together: as many as two windows of images of each
    /// domain are enough for.
    pub fn most_steps(&self, step: u64) -> u64 {
        let most = self.streams().map(|(_, steps)| 2 * *steps as u64 - step % *steps as u64);
        most.min().unwrap_or(u64::MAX)
    }

    /// Encodes that the images of step number `step` of an epoch come to the device if they are not there by then: at the
    /// `first` of the steps encoded together, whose predecessors may never be submitted, and where a window begins. Waits
    /// until they are read. Gives the memory that they wait in, to be [given back](Self::give_back).
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file that cannot be read any more, [`Error::OutOfMemory`].
    pub fn encode_images(
        &mut self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        step: u64,
        first: bool,
    ) -> Result<Vec<Upload>> {
        let mut used = Vec::new();
        let mut free = std::mem::take(&mut self.uploads);
        for (stream, steps) in self.domains().filter_map(|domain| domain.stream.as_mut()) {
            let (window, within) = (step as usize / *steps, step as usize % *steps);
            if !first && within > 0 {
                continue;
            }
            let (words, bytes) = stream.window(window)?;
            let upload = match super::fitting(&mut free, bytes.len() as u64, Upload::capacity) {
                Some(upload) => upload,
                None => Upload::new(gpu, words.byte_len())?,
            };
            upload.encode(gpu, encoder, &[(words, bytes)])?;
            used.push(upload);
        }
        self.uploads = free;
        Ok(used)
    }

    /// Takes back the memory of images that have arrived.
    pub fn give_back(&mut self, uploads: Vec<Upload>) {
        self.uploads.extend(uploads);
    }

    /// How long images were waited for; `None` where all are in memory.
    pub fn waited(&self) -> Option<Duration> {
        let streams = self.streams().map(|(stream, _)| stream.waited());
        streams.chain(self.waited_before).reduce(|a, b| a + b)
    }

    /// Counts that images of which something is kept were waited for so much longer.
    pub fn add_waited(&mut self, waited: Duration) {
        self.waited_before = self.waited_before.map(|before| before + waited);
    }

    /// Visits both domains in new orders from the next submission on.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device fails.
    pub fn shuffle(&mut self, gpu: &Gpu) -> Result<()> {
        self.next_orders().iter().try_for_each(|(tensor, order)| tensor.write(gpu, order))
    }
}
