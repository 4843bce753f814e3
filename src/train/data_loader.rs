//! What fills the batches: both domains on the device, each in an order of its own.

use super::config::Config;
use super::device_data::DeviceData;
use super::stream::{Slots, Stream};
use super::training_spec::{Method, Sampling, TrainingSpec};
use super::views::Views;
use crate::data::{Dataset, balanced, shuffled};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Phase, Recording, Tensor, Upload};
use crate::model::{Batch, InputSpec};
use crate::ops::gather_batch::Domain;
use crate::rng::{self, Rng};
use crate::shape::MapShape;
use std::time::Duration;

/// Bytes of a domain's images that are brought to the device at once, unless a single step needs more.
const WINDOW: usize = 8 << 20;
/// Steps whose images are brought to the device at once, however small these are.
const MOST_STEPS: usize = 64;

/// The data sets of a training.
pub(super) struct DataLoader {
    labelled: Shuffled,
    unlabelled: Option<Shuffled>,
    views: Views,
    batch: usize,
    /// Memory for windows of images that no in-flight batch needs.
    uploads: Vec<Upload>,
}

/// A data set and the random numbers that shuffle it.
struct Shuffled {
    data: DeviceData,
    /// What brings its images to the device where they are not in memory, and how many steps they are enough for.
    stream: Option<(Stream, usize)>,
    /// The images of each class, where all classes are to be visited alike.
    classes: Option<Vec<Vec<u32>>>,
    rng: Rng,
}

impl Shuffled {
    /// A new order; `visited` images of it are visited.
    fn next_order(&mut self, visited: usize) -> (Tensor, Vec<u32>) {
        let (count, rng) = (self.data.len(), &mut self.rng);
        let order = match &self.classes {
            Some(classes) => balanced(classes, count, rng),
            None => shuffled(count, rng),
        };
        if let Some((stream, _)) = &mut self.stream {
            stream.visit(&order, visited);
        }
        (self.data.order().clone(), order)
    }
}

impl DataLoader {
    /// Uploads `labelled` and, for [`Method::Dann`], the images of `unlabelled`.
    ///
    /// # Errors
    /// [`Error::Input`] when configuration or data do not fit, [`Error::NoTargetImages`],
    /// [`Error::OutOfMemory`] when the device has no memory left.
    pub fn new(gpu: &Gpu, config: &Config, labelled: &Dataset, unlabelled: Option<&Dataset>) -> Result<Self> {
        let (spec, input) = (&config.training, &config.model.input);
        if labelled.labels.is_none() {
            return Err(Error::file(
                &labelled.origin,
                "a label for every image to learn from",
                "images without labels",
            ));
        }
        labelled.check_labels(config.model.classes()?)?;
        let unlabelled = if spec.method == Method::Dann { unlabelled } else { None };
        if spec.method == Method::Dann && unlabelled.is_none() {
            return Err(Error::NoTargetImages);
        }
        for data in [Some(labelled), unlabelled].into_iter().flatten() {
            fit(data, input)?;
            hold_a_batch(data, spec)?;
        }
        let stored = labelled.shape;
        if let Some(other) = unlabelled.map(|data| data.shape).filter(|&other| !alike(stored, other)) {
            return Err(Error::file(&labelled.origin, format!("images of {other}, as the target's"), stored));
        }
        let of_target = input.normalization_of(Domain::Target);
        let of_labelled = if spec.method == Method::TargetOnly { of_target } else { &input.normalization };
        // What is on its way takes a small part of what may be in memory.
        let window = (config.data.memory() / 16).min(WINDOW as u64) as usize;
        let upload = |data: &Dataset, domain, normalization, name| -> Result<Shuffled> {
            let steps = (window / (spec.images_per_step() * data.shape.len())).clamp(1, MOST_STEPS);
            let stream = Stream::new(gpu, data, steps * spec.images_per_step())?;
            let data = DeviceData::new(gpu, data, domain, normalization, stream.as_ref())?;
            let stream = stream.map(|stream| (stream, steps));
            Ok(Shuffled { data, stream, classes: None, rng: rng::stream(spec.seed, name) })
        };
        let target = |data| upload(data, Domain::Target, of_target, "target order");
        let classes = (spec.sampling == Sampling::Balanced).then(|| images_by_class(labelled));
        let source = upload(labelled, Domain::Source, of_labelled, "source order")?;
        Ok(Self {
            labelled: Shuffled { classes, ..source },
            unlabelled: unlabelled.map(target).transpose()?,
            views: Views::new(spec.augmentation, stored, input.shape()),
            batch: spec.images_per_step(),
            uploads: vec![],
        })
    }

    /// Images in the smaller domain.
    pub fn images(&self) -> usize {
        let target = self.unlabelled.iter().map(|target| target.data.len()).min();
        self.labelled.data.len().min(target.unwrap_or(usize::MAX))
    }

    /// Records the gathering of a batch of `rows` labelled rows, and as many of the other domain.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn record(&self, gpu: &Gpu, step: &Tensor, batch: &Batch, rows: usize) -> Result<Recording> {
        let mut recording = Recording::new(gpu);
        recording.phase(Phase::Data);
        let gathered = self.views.gathered(gpu, &batch.x)?;
        let labelled = &self.labelled.data;
        labelled.record_images(&mut recording, step, &gathered, 0, rows)?;
        labelled.record_labels(&mut recording, step, &gathered, &batch.labels)?;
        if let Some(target) = &self.unlabelled {
            target.data.record_images(&mut recording, step, &gathered, rows, rows)?;
        }
        self.views.record(&mut recording, step, &gathered, &batch.x)?;
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
            Ok(Shuffled { data, stream: None, classes: set.classes.clone(), rng: set.rng.clone() })
        };
        Ok(Self {
            labelled: kept(&self.labelled)?,
            unlabelled: self.unlabelled.as_ref().map(kept).transpose()?,
            views: Views::none(),
            batch: self.batch,
            uploads: vec![],
        })
    }

    /// Where images come to the device that are streamed, for each of the sets.
    pub fn slots(&self) -> Vec<Option<Slots>> {
        let slots = |set: &Shuffled| set.stream.as_ref().map(|(stream, _)| stream.slots().clone());
        [Some(&self.labelled), self.unlabelled.as_ref()].into_iter().flatten().map(slots).collect()
    }

    /// Whether the network takes the same of an image in every step.
    pub fn is_fixed(&self) -> bool {
        self.views.are_fixed()
    }

    /// The data sets in the order of their rows in a batch.
    pub fn sets(&self) -> impl Iterator<Item = &DeviceData> {
        [Some(&self.labelled), self.unlabelled.as_ref()].into_iter().flatten().map(|set| &set.data)
    }

    /// New orders for both domains, independent of each other, and the tensors that they belong into.
    pub fn next_orders(&mut self) -> Vec<(Tensor, Vec<u32>)> {
        let visited = self.images() / self.batch * self.batch;
        self.domains().map(|domain| domain.next_order(visited)).collect()
    }

    fn domains(&mut self) -> impl Iterator<Item = &mut Shuffled> {
        [Some(&mut self.labelled), self.unlabelled.as_mut()].into_iter().flatten()
    }

    fn streams(&self) -> impl Iterator<Item = &(Stream, usize)> {
        let domains = [Some(&self.labelled), self.unlabelled.as_ref()];
        domains.into_iter().flatten().filter_map(|domain| domain.stream.as_ref())
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
        self.streams().map(|(stream, _)| stream.waited()).reduce(|a, b| a + b)
    }

    /// Visits both domains in new orders from the next submission on.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device fails.
    pub fn shuffle(&mut self, gpu: &Gpu) -> Result<()> {
        self.next_orders().iter().try_for_each(|(tensor, order)| tensor.write(gpu, order))
    }
}

/// The numbers of a labelled data set's images, class by class.
fn images_by_class(data: &Dataset) -> Vec<Vec<u32>> {
    let mut classes = vec![vec![]; data.classes.len()];
    for (image, &label) in (0u32..).zip(data.labels.iter().flatten()) {
        classes[usize::from(label)].push(image);
    }
    classes
}

/// Whether images have as many rows and columns.
fn alike(a: MapShape, b: MapShape) -> bool {
    (a.height, a.width) == (b.height, b.width)
}

/// Grey images may stand for any number of channels, and images may be of the size that views are taken of.
fn fit(data: &Dataset, input: &InputSpec) -> Result<()> {
    let (shape, frame, taken) = (data.shape, input.training_frame(), input.shape());
    let views_of = MapShape { height: frame.height, width: frame.width, ..taken };
    if (alike(shape, taken) || alike(shape, views_of)) && [1, taken.channels].contains(&shape.channels) {
        return Ok(());
    }
    let or_larger = if views_of == taken { String::new() } else { format!(", or {views_of}") };
    let expected =
        format!("images of {taken}, as the model takes them{or_larger}, or grey ones of that size");
    Err(Error::file(&data.origin, expected, shape))
}

fn hold_a_batch(data: &Dataset, spec: &TrainingSpec) -> Result<()> {
    if data.len() < spec.images_per_step() {
        let expected = match spec.accumulate {
            1 => format!("at least a batch of {} images", spec.batch),
            batches => format!("at least the {} images of {batches} batches", spec.images_per_step()),
        };
        return Err(Error::file(&data.origin, expected, data.len()));
    }
    Ok(())
}
