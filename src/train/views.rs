//! From images as they lie on the device to those that the network takes: a window onto each, and its tones.

use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor};
use crate::ops::augment::{self, Augmentation};
use crate::ops::random_view::{self, NUMBERS, View};
use crate::shape::MapShape;
use std::ops::Range;

/// What happens to a batch's images between the data set and the network.
pub(super) struct Views {
    /// Of images on the device.
    stored: MapShape,
    /// Of those that the network takes.
    input: MapShape,
    /// Of a batch's first rows, which are labelled, and of those behind them.
    of: [Augmentation; 2],
}

impl Views {
    /// For images of shape `stored`, of which a network takes those of shape `input`: views of a batch's first rows, and of those
    /// behind them.
    pub fn new(of: [Augmentation; 2], stored: MapShape, input: MapShape) -> Self {
        Self { stored: MapShape { channels: input.channels, ..stored }, input, of }
    }

    /// Whether images stay as they are.
    pub fn are_none(&self) -> bool {
        !self.change_place() && !self.change_tones()
    }

    /// Of what is taken as it lies.
    pub fn none() -> Self {
        Self::new(Default::default(), MapShape::new(1, 1, 1), MapShape::new(1, 1, 1))
    }

    /// The same without augmentation: the middle of larger images.
    pub fn plain(&self) -> Self {
        let Self { stored, input, .. } = *self;
        Self::new(Default::default(), stored, input)
    }

    /// Whether the network takes the same of an image in every step.
    pub fn are_fixed(&self) -> bool {
        !self.change_tones() && self.of.iter().all(|of| of.view() == View::default())
    }

    /// Whether anything but the stored image as it lies is shown.
    fn change_place(&self) -> bool {
        let is_larger = (self.stored.height, self.stored.width) != (self.input.height, self.input.width);
        is_larger || self.of.iter().any(|of| of.view() != View::default())
    }

    fn change_tones(&self) -> bool {
        self.of.iter().any(Augmentation::changes_tones_or_place)
    }

    /// Where a batch's images are gathered of which x (N, C, H, W) is to be made.
    ///
    /// # Errors
    /// [`crate::error::Error::OutOfMemory`] when the device has no memory left.
    pub fn gathered(&self, gpu: &Gpu, x: &Tensor) -> Result<Tensor> {
        if self.are_none() {
            return Ok(x.clone());
        }
        let MapShape { channels, height, width } = self.stored;
        Tensor::zeros(gpu, "gathered", &[x.rows(), channels, height, width])
    }

    /// Records x from what was gathered, of which the first `labelled` rows are the labelled ones.
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit.
    pub fn record(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        (gathered, x): (&Tensor, &Tensor),
        labelled: usize,
    ) -> Result<()> {
        let seen = match (self.change_place(), self.change_tones()) {
            (true, true) => Tensor::zeros(rec.gpu(), "seen", x.dims())?,
            (true, false) => x.clone(),
            (false, _) => gathered.clone(),
        };
        if self.change_place() {
            let windows = Tensor::zeros(rec.gpu(), "windows", &[x.rows(), NUMBERS])?;
            for (rows, of) in self.parts(x.rows(), labelled) {
                random_view::random_view(rec, step, gathered, (&windows, &seen), rows, &of.view())?;
            }
        }
        if self.change_tones() {
            for (rows, of) in self.parts(x.rows(), labelled) {
                augment::views(rec, step, (&seen, x), rows, of)?;
            }
        }
        Ok(())
    }

    /// Rows that are treated alike: all of them, or those of each domain.
    fn parts(&self, rows: usize, labelled: usize) -> Vec<(Range<usize>, &Augmentation)> {
        let [first, second] = &self.of;
        if first == second {
            return vec![(0..rows, first)];
        }
        let parts = [(0..labelled, first), (labelled..rows, second)];
        parts.into_iter().filter(|(rows, _)| !rows.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;
    use crate::gpu::{Options, choose};
    use crate::model::Batch;
    use crate::ops::Step;
    use crate::shape::Fit;
    use crate::train::Config;
    use crate::train::data_loader::DataLoader;
    use crate::train::frames::Images;

    const ROWS: usize = 3;

    /// The rows of a batch, and what pseudo-labels are taken of.
    fn rows(gpu: &Gpu, config: &Config, data: &Dataset) -> [Vec<f32>; 2] {
        let images = Images::Set(data);
        let mut loader = DataLoader::new(gpu, config, &images, Some(&images)).expect("a loader");
        loader.shuffle(gpu).expect("an order");
        let (objective, step) = (config.training.objective(), Step::table(gpu, "step", 1).expect("a step"));
        let batch = Batch::new(gpu, ROWS, &objective.expect("an objective"), &[3, 28, 28]).expect("a batch");
        loader.record(gpu, &step, &batch, None).expect("a recording").submit();
        let x: Vec<f32> = batch.x.read(gpu).expect("images");
        [x, batch.plain.expect("rows").read(gpu).expect("images")]
    }

    /// The target rows of a batch, and what pseudo-labels are taken of.
    fn target_rows(gpu: &Gpu, config: &Config, data: &Dataset) -> [Vec<f32>; 2] {
        let [x, plain] = rows(gpu, config, data);
        [x[x.len() / 2..].to_vec(), plain]
    }

    /// Seven images in noise.
    fn images(size: usize) -> Dataset {
        let shape = MapShape::new(3, size, size);
        let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0];
        let pixels = (0..7 * shape.len()).map(noise).collect();
        Dataset::new(shape, pixels, Some(vec![0; 7]), vec!["a".into()]).expect("images")
    }

    #[test]
    fn each_domain_has_views_of_its_own_and_those_of_the_other_do_not_change_them() {
        let gpu = choose(None).and_then(|adapter| Gpu::open(&adapter, Options::default())).expect("a device");
        let mut config = Config::preset("paper").expect("a preset");
        config.training.batch = ROWS;
        config.training.adaptation.pseudo_label = 1.0;
        config.model.input.fit = Fit::Resize;
        config.model.input.resize = Some(32);
        let data = images(32);
        let mut with = |of_both, of_target| {
            (config.training.augmentation, config.training.target_augmentation) = (of_both, of_target);
            let [x, plain] = rows(&gpu, &config, &data);
            let (source, target) = x.split_at(x.len() / 2);
            (source.to_vec(), target.to_vec(), plain)
        };
        let nothing = Augmentation::default();
        let tones = Augmentation { contrast: 0.5, ..nothing };
        let places = Augmentation { crop: Some(0.5), rotation: 20.0, ..nothing };
        for (one, other) in [(tones, places), (places, tones), (tones, nothing), (nothing, places)] {
            let (source, target, plain) = with(Some(one), Some(other));
            assert!(source == with(Some(one), None).0, "{one:?} in the source");
            assert!(target == with(Some(other), None).1, "{other:?} in the target");
            assert_eq!(target == plain, other == nothing, "{other:?}");
        }
        assert!(with(None, Some(tones)).0 == with(None, None).0, "the source as it is");
    }

    #[test]
    fn pseudo_labels_are_taken_of_the_same_images_without_augmentation() {
        let gpu = choose(None).and_then(|adapter| Gpu::open(&adapter, Options::default())).expect("a device");
        let mut config = Config::preset("paper").expect("a preset");
        config.training.batch = ROWS;
        config.training.adaptation.pseudo_label = 1.0;
        config.model.input.fit = Fit::Resize;
        for size in [28, 32] {
            config.model.input.resize = Some(size);
            let data = images(size);
            config.training.augmentation = None;
            let [as_they_are, plain] = target_rows(&gpu, &config, &data);
            assert_eq!(as_they_are, plain, "{size}");
            let augmentation = Augmentation { shift: 2, invert: 0.5, flip: 0.5, ..Augmentation::default() };
            config.training.augmentation = Some(augmentation);
            let [augmented, again] = target_rows(&gpu, &config, &data);
            assert_eq!(again, plain, "{size}");
            assert_ne!(augmented, plain, "{size}");
        }
    }
}
