//! Shows images to a model and asks rules about it.

use super::views::{Kinds, Views};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::model::{Dann, Domain};
use crate::train::{Inspection, Inspector, Rule};
use std::borrow::Borrow;

/// Images that a model is rated by, and what shows them to it: to whatever it holds at the time.
pub(crate) struct Rater<D> {
    training: Eye<D>,
    validation: Option<Eye<D>>,
    target: Eye<D>,
}

impl<D: Borrow<Dataset>> Rater<D> {
    /// For `model`, with images of the source's training part, of its test part with labels, unless there is none, and of the
    /// target's training part.
    ///
    /// # Errors
    /// [`Error::Input`] when images do not fit the model, [`Error::OutOfMemory`] when the device has no memory left.
    pub fn new(model: &Dann, training: D, validation: Option<D>, target: D) -> Result<Self> {
        Ok(Self {
            training: Eye::new(model, training, Domain::Source)?,
            validation: validation.map(|data| Eye::new(model, data, Domain::Source)).transpose()?,
            target: Eye::new(model, target, Domain::Target)?,
        })
    }

    /// What `rule` says of the model, or why it says nothing.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost.
    pub fn value(&self, rule: Rule) -> Result<std::result::Result<f64, &'static str>> {
        Ok(self.look_at(Kinds::of(rule))?.value(rule))
    }

    /// What the model makes of all images that there are.
    pub(super) fn look(&self) -> Result<Views<'_>> {
        self.look_at(Kinds { training: true, validation: true, target: true })
    }

    fn look_at(&self, kinds: Kinds) -> Result<Views<'_>> {
        let seen = |eye: &Eye<D>, wanted| if wanted { eye.look() } else { Ok(Inspection::default()) };
        let validation = match self.validation.as_ref().filter(|_| kinds.validation) {
            Some(eye) => Some((eye.look()?, eye.labels()?)),
            None => None,
        };
        Ok(Views::new(seen(&self.training, kinds.training)?, validation, seen(&self.target, kinds.target)?))
    }
}

/// Some images and what shows them to a model.
struct Eye<D> {
    inspector: Inspector,
    data: D,
}

impl<D: Borrow<Dataset>> Eye<D> {
    fn new(model: &Dann, data: D, domain: Domain) -> Result<Self> {
        let images = data.borrow();
        let inspector = Inspector::for_images(model, images.len(), images.shape.channels, domain)?;
        Ok(Self { inspector, data })
    }

    fn look(&self) -> Result<Inspection> {
        let data = self.data.borrow();
        let all: Vec<usize> = (0..data.len()).collect();
        self.inspector.inspect_some(data, &all)
    }

    fn labels(&self) -> Result<&[u16]> {
        let data = self.data.borrow();
        let none = || Error::file(&data.origin, "labelled images", "no labels");
        data.labels.as_deref().ok_or_else(none)
    }
}
