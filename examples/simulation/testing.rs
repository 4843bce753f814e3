//! How many pictures of objects that nobody has trained on a model classifies rightly, looked at between frames.

use super::CLASSES;
use super::renderer::{COLUMNS, OBJECTS, Renderer, SIDE};
use super::training::{TEST_PICTURES, pixels};
use dann::data::Dataset;
use dann::embed::{Evaluator, Gpu, Trainer};
use dann::model::Domain;
use dann::shape::{Frame, MapShape};

/// Images in a slice.
const SLICE: usize = 32;
/// Steps from one test to the next.
const BETWEEN: u64 = 100;

/// The tests of a trainer's model.
pub struct Testing {
    evaluator: Evaluator,
    /// Steps, and the share that is right after them.
    pub accuracies: Vec<[f64; 2]>,
}

impl Testing {
    pub fn new(trainer: &Trainer, images: &Dataset) -> anyhow::Result<Self> {
        let evaluator = Evaluator::new(trainer, images, Domain::Target, SLICE)?;
        Ok(Self { evaluator, accuracies: vec![] })
    }

    /// Whether a test is under way or is to begin: at the start, now and then, and at the end.
    pub fn is_due(&self, trainer: &Trainer) -> bool {
        let (steps, last) = (trainer.steps_encoded(), self.accuracies.last().map(|[step, _]| *step as u64));
        let is_new = last
            .is_none_or(|last| steps >= last + BETWEEN || (steps > last && steps == trainer.total_steps()));
        is_new || self.evaluator.is_under_way()
    }

    /// Records the next slice, if one is due.
    pub fn encode(
        &mut self,
        encoder: &mut dann::wgpu::CommandEncoder,
        trainer: &Trainer,
    ) -> anyhow::Result<bool> {
        let due = self.is_due(trainer);
        if due {
            self.evaluator.encode(encoder, trainer)?;
        }
        Ok(due)
    }

    /// Takes in what has arrived.
    pub fn take(&mut self) -> anyhow::Result<()> {
        if let Some(evaluated) = self.evaluator.take()?
            && let Some(evaluation) = evaluated.evaluation
        {
            self.accuracies.push([evaluated.step as f64, evaluation.accuracy]);
        }
        Ok(())
    }
}

/// What a renderer draws next, object by object, in the size that a network takes.
pub fn images(gpu: &Gpu, renderer: &mut Renderer, frame: Frame) -> anyhow::Result<Dataset> {
    let (mut bytes, mut labels) = (vec![], vec![]);
    for _ in 0..TEST_PICTURES {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        labels.extend(renderer.draw(gpu.queue(), &mut encoder));
        gpu.queue().submit([encoder.finish()]);
        let drawn = pixels(gpu, renderer)?;
        (0..OBJECTS).for_each(|object| bytes.extend(scaled(&drawn, object, frame)));
    }
    let shape = MapShape::new(3, frame.height, frame.width);
    let classes = CLASSES.iter().map(|name| (*name).to_owned()).collect();
    Ok(Dataset::new(shape, bytes, Some(labels), classes)?)
}

/// An object's cell as an image: red, then green, then blue, each pixel the mean of those that it covers.
fn scaled(drawn: &[u8], object: usize, frame: Frame) -> Vec<u8> {
    let (columns, side) = (COLUMNS as usize, SIDE as usize);
    let [left, top] = [object % columns * side, object / columns * side];
    let texel =
        |x: usize, y: usize, c: usize| f32::from(drawn[4 * ((top + y) * columns * side + left + x) + c]);
    // What of the texels of an axis is seen by pixel `at` of `count`.
    let seen = |at: usize, count: usize| {
        let [from, to] = [at, at + 1].map(|edge| (edge * side) as f32 / count as f32);
        let weight = move |texel: usize| (to.min(texel as f32 + 1.0) - from.max(texel as f32)).max(0.0);
        (from as usize..(to.ceil() as usize).min(side)).map(move |texel| (texel, weight(texel)))
    };
    let pixel = |c: usize, y: usize, x: usize| {
        let (mut sum, mut all) = (0.0, 0.0);
        for (row, high) in seen(y, frame.height) {
            for (column, wide) in seen(x, frame.width) {
                sum += high * wide * texel(column, row, c);
                all += high * wide;
            }
        }
        (sum / all).round() as u8
    };
    let places = (0..frame.height).flat_map(|y| (0..frame.width).map(move |x| (y, x)));
    (0..3).flat_map(|c| places.clone().map(move |(y, x)| (c, y, x))).map(|(c, y, x)| pixel(c, y, x)).collect()
}
