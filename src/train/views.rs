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
        Self { stored: MapShape { channels: input.channels, ..stored }, view, tones }
    }

    /// Whether images stay as they are.
    #[cfg(feature = "report")]
    pub fn are_none(&self) -> bool {
        self.view.is_none() && self.tones.is_none()
    }

    /// Of what is taken as it lies.
    pub fn none() -> Self {
        Self { stored: MapShape::new(1, 1, 1), view: None, tones: None }
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
