//! The images of a domain on the device, and the order in which they are visited.

use super::communicator::RankShare;
use super::config::Config;
use super::device_data::DeviceData;
use super::frames::{Frames, Images};
use super::ring::Ring;
use super::stream::Stream;
use super::training_spec::{Sampling, TrainingSpec};
use crate::data::{Dataset, balanced, shuffled};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor};
use crate::model::{InputSpec, Normalization};
use crate::ops::gather_batch::Domain;
use crate::ops::image_input::{self, Placement};
use crate::rng::{self, Rng};
use crate::shape::MapShape;

/// Bytes of a domain's images that are brought to the device at once, unless a single step needs more.
const WINDOW: usize = 8 << 20;
/// Steps whose images are brought to the device at once, however small these are.
const MOST_STEPS: usize = 64;

/// A domain's images and the random numbers that shuffle them.
pub(super) struct Shuffled {
    pub data: DeviceData,
    /// How many of them are in a batch.
    pub rows: usize,
    /// And in a step, which may take several batches.
    pub per_step: usize,
    /// What brings its images to the device where they are not in memory, and how many steps they are enough for.
    pub stream: Option<(Stream, usize)>,
    /// The images of each class, where all classes are to be visited alike.
    pub classes: Option<Vec<Vec<u32>>>,
    pub rng: Rng,
    /// What takes frames in, where an application hands them over.
    pub frames: Option<FrameStore>,
}

/// Frames on their way to their places.
pub(super) struct FrameStore {
    pub ring: Ring,
    /// (1, C, H, W): a frame as real numbers from 0 to 255.
    x: Tensor,
    scale_shift: Tensor,
}

/// What tells the random numbers of the domains apart.
pub(super) fn names(domain: Domain) -> [&'static str; 2] {
    match domain {
        Domain::Source => ["source order", "source frames"],
        Domain::Target => ["target order", "target frames"],
    }
}

/// The shape that images of a domain have on the device.
pub(super) fn shape_of(images: &Images<'_>, input: &InputSpec) -> MapShape {
    match images {
        Images::Set(data) => data.shape,
        Images::Frames(_) => {
            let frame = input.training_frame();
            MapShape::new(input.channels, frame.height, frame.width)
        }
    }
}

impl Shuffled {
    /// Uploads `images`, or makes places for those of an epoch of `steps` steps, and for what is kept.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when the device has no memory left.
    pub fn new(
        gpu: &Gpu,
        config: &Config,
        (images, domain): (&Images<'_>, Domain),
        normalization: &Normalization,
        steps: usize,
    ) -> Result<Self> {
        let (spec, [order, _]) = (&config.training, names(domain));
        let (rows, per_step) = (spec.rows_of(domain), spec.images_per_step(domain));
        let rng = rng::stream(spec.seed, order);
        match images {
            Images::Set(data) => {
                // What is on its way takes a small part of what may be in memory.
                let window = (config.data.memory() / 16).min(WINDOW as u64) as usize;
                let steps = (window / (per_step * data.shape.len())).clamp(1, MOST_STEPS);
                let stream = Stream::new(gpu, data, steps * per_step)?;
                let data_on_device = DeviceData::new(gpu, data, domain, normalization, stream.as_ref())?;
                let is_balanced = domain == Domain::Source && spec.sampling == Sampling::Balanced;
                let classes = is_balanced.then(|| images_by_class(data));
                let stream = stream.map(|stream| (stream, steps));
                Ok(Self { data: data_on_device, rows, per_step, stream, classes, rng, frames: None })
            }
            Images::Frames(frames) => {
                let shape = shape_of(images, &config.model.input);
                let places = (frames.capacity, frames.capacity.max(steps * per_step));
                let data = DeviceData::for_frames(gpu, places, shape, domain, normalization)?;
                let frames = FrameStore::new(gpu, frames, spec, (shape, domain))?;
                // The first frame finds its kernels built.
                image_input::build(gpu, &frames.scale_shift, &frames.x)?;
                data.record_storing(&mut Recording::new(gpu), &frames.x, 0, 0)?;
                Ok(Self { data, rows, per_step, stream: None, classes: None, rng, frames: Some(frames) })
            }
        }
    }

    /// A new order, of which `steps` steps visit a part, as the rank with `share` visits it. None of frames, which each step draws
    /// anew.
    pub fn next_order(&mut self, steps: usize, share: RankShare) -> Option<(Tensor, Vec<u32>)> {
        if self.frames.is_some() {
            return None;
        }
        let (count, rng) = (self.data.len(), &mut self.rng);
        let order = match &self.classes {
            Some(classes) => balanced(classes, count, rng),
            None => shuffled(count, rng),
        };
        let order = share.order(order, self.rows);
        if let Some((stream, _)) = &mut self.stream {
            stream.visit(&order, steps * self.per_step);
        }
        Some((self.data.order().clone(), order))
    }

    /// What the steps from number `first` on look at, where frames are drawn, and the rows of the order that it belongs into; the
    /// first of them is step `in_epoch` of an epoch.
    pub fn draw(&self, first: u64, steps: u64, in_epoch: u64) -> Option<(Tensor, Vec<u32>)> {
        let (ring, batch) = (&self.frames.as_ref()?.ring, self.per_step);
        let drawn: Vec<u32> = (first..first + steps).flat_map(|step| ring.draw(step, batch)).collect();
        Some((self.data.order().rows_from(in_epoch as usize * batch, drawn.len()), drawn))
    }

    /// Whether there are the images of a step.
    pub fn holds_a_step(&self) -> bool {
        self.frames.as_ref().is_none_or(|frames| frames.ring.counts().1 >= self.per_step)
    }

    /// Encodes that pictures with their labels become frames; all of them or, where one cannot, none.
    ///
    /// # Errors
    /// [`Error::Input`] when there are no frames in this domain, [`Error::Gpu`] when the device refuses a picture.
    pub fn push(
        &mut self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        pictures: &[(wgpu::TextureView, Placement, u16)],
    ) -> Result<()> {
        let Some(frames) = &mut self.frames else {
            return Err(Error::input(
                "a frame",
                "a domain of frames to take it in",
                "a data set in their place",
            ));
        };
        let (mut rec, mut changes) = (Recording::new(gpu), Vec::new());
        let (_, _, offered, _) = frames.ring.counts();
        let recorded = pictures.iter().try_for_each(|(view, placement, label)| {
            let Some(change) = frames.ring.place(*label) else { return Ok(()) };
            let slot = change.slot;
            changes.push(change);
            image_input::texture(&mut rec, view, placement, &frames.scale_shift, (&frames.x, 0))?;
            self.data.record_storing(&mut rec, &frames.x, slot, u32::from(*label))
        });
        if let Err(error) = recorded {
            frames.ring.take_back(&changes, offered);
            return Err(error);
        }
        rec.encode(encoder);
        frames.ring.record(encoder, changes);
        Ok(())
    }
}

impl FrameStore {
    fn new(
        gpu: &Gpu,
        frames: &Frames,
        spec: &TrainingSpec,
        (shape, domain): (MapShape, Domain),
    ) -> Result<Self> {
        let is_balanced = domain == Domain::Source && spec.sampling == Sampling::Balanced;
        let MapShape { channels, height, width } = shape;
        let scale_shift = [vec![255.0_f32; channels], vec![0.0; channels]].concat();
        Ok(Self {
            ring: Ring::new(frames, spec.seed, names(domain)[1], is_balanced),
            x: Tensor::zeros(gpu, "frame", &[1, channels, height, width])?,
            scale_shift: Tensor::from_slice(gpu, "scale_shift", &[2, channels], &scale_shift)?,
        })
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
