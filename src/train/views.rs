//! From images as they lie on the device to those that the network takes: a window onto each, and its tones.

use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor};
use crate::ops::augment::{self, Augmentation};
use crate::ops::random_view::{self, NUMBERS, View};
use crate::shape::MapShape;

/// What happens to a batch's images between the data set and the network.
pub(super) struct Views {
    /// Of images on the device.
    stored: MapShape,
    /// Of those that the network takes.
    input: MapShape,
    view: Option<View>,
    tones: Option<Augmentation>,
}

impl Views {
    /// For images of shape `stored`, of which a network takes those of shape `input`.
    pub fn new(augmentation: Option<Augmentation>, stored: MapShape, input: MapShape) -> Self {
        let augmentation = augmentation.unwrap_or_default();
        let is_larger = (stored.height, stored.width) != (input.height, input.width);
        let view = Some(augmentation.view()).filter(|view| is_larger || *view != View::default());
        let tones = Some(augmentation).filter(Augmentation::changes_tones_or_place);
        Self { stored: MapShape { channels: input.channels, ..stored }, input, view, tones }
    }

    /// Whether images stay as they are.
    #[cfg(feature = "report")]
    pub fn are_none(&self) -> bool {
        self.view.is_none() && self.tones.is_none()
    }

    /// Of what is taken as it lies.
    pub fn none() -> Self {
        Self::new(None, MapShape::new(1, 1, 1), MapShape::new(1, 1, 1))
    }

    /// The same without augmentation: the middle of larger images.
    pub fn plain(&self) -> Self {
        let Self { stored, input, .. } = *self;
        Self::new(None, stored, input)
    }

    /// Whether the network takes the same of an image in every step.
    pub fn are_fixed(&self) -> bool {
        self.tones.is_none() && self.view.is_none_or(|view| view == View::default())
    }

    /// Where a batch's images are gathered of which x (N, C, H, W) is to be made.
    ///
    /// # Errors
    /// [`crate::error::Error::OutOfMemory`] when the device has no memory left.
    pub fn gathered(&self, gpu: &Gpu, x: &Tensor) -> Result<Tensor> {
        let MapShape { channels, height, width } = self.stored;
        match (self.view, self.tones) {
            (None, None) => Ok(x.clone()),
            _ => Tensor::zeros(gpu, "gathered", &[x.rows(), channels, height, width]),
        }
    }

    /// Records x from what was gathered.
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit.
    pub fn record(&self, rec: &mut Recording, step: &Tensor, gathered: &Tensor, x: &Tensor) -> Result<()> {
        let seen = match (self.view, self.tones) {
            (Some(_), Some(_)) => Tensor::zeros(rec.gpu(), "seen", x.dims())?,
            (Some(_), None) => x.clone(),
            (None, _) => gathered.clone(),
        };
        if let Some(view) = &self.view {
            let windows = Tensor::zeros(rec.gpu(), "windows", &[x.rows(), NUMBERS])?;
            random_view::random_view(rec, step, gathered, (&windows, &seen), view)?;
        }
        self.tones.as_ref().map_or(Ok(()), |tones| augment::views(rec, step, &seen, x, tones))
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

    /// The target rows of a batch, and what pseudo-labels are taken of.
    fn target_rows(gpu: &Gpu, config: &Config, data: &Dataset) -> [Vec<f32>; 2] {
        let images = Images::Set(data);
        let mut loader = DataLoader::new(gpu, config, &images, Some(&images)).expect("a loader");
        loader.shuffle(gpu).expect("an order");
        let (objective, step) = (config.training.objective(), Step::table(gpu, "step", 1).expect("a step"));
        let batch = Batch::new(gpu, ROWS, &objective.expect("an objective"), &[3, 28, 28]).expect("a batch");
        loader.record(gpu, &step, &batch, None).expect("a recording").submit();
        let x: Vec<f32> = batch.x.read(gpu).expect("images");
        [x[x.len() / 2..].to_vec(), batch.plain.expect("rows").read(gpu).expect("images")]
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
            let shape = MapShape::new(3, size, size);
            let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0];
            let (pixels, labels) = ((0..7 * shape.len()).map(noise).collect(), vec![0; 7]);
            let data = Dataset::new(shape, pixels, Some(labels), vec!["a".into()]).expect("images");
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
