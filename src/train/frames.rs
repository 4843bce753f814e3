//! Where a domain's images come from: a data set, or the frames that an application draws.

use crate::data::Dataset;
use std::path::PathBuf;

/// Which frames stay when there is no place for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// A new frame takes the place of the oldest one.
    #[default]
    Newest,
    /// Of all frames that there ever were, each is as likely to be there as any other (reservoir sampling; Vitter 1985,
    /// algorithm R): the longer training goes on, the fewer new ones come in.
    Sample,
}

/// Images that are not there when training begins: an application hands them over, frame by frame, while it draws them. They stay
/// in the device's memory, as bytes, in places that are filled again.
///
/// ```
/// use dann::embed::{Frames, Keep};
///
/// let source = Frames::new(4096).classes(["bolt", "nut"]);
/// let target = Frames::new(1024).keep(Keep::Sample);
/// assert_eq!((source.capacity, source.classes.len(), target.keep), (4096, 2, Keep::Sample));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frames {
    /// How many are kept: a batch at least. Each takes C·H·W bytes of the device's memory.
    pub capacity: usize,
    /// The name of each class, by class index; for frames with labels.
    pub classes: Vec<String>,
    /// Which frames stay when there is no place for all.
    pub keep: Keep,
}

impl Frames {
    /// So many places for frames, of which the newest stay.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, classes: vec![], keep: Keep::default() }
    }

    /// The same, with labels that count these classes.
    #[must_use]
    pub fn classes<T: Into<String>>(self, names: impl IntoIterator<Item = T>) -> Self {
        Self { classes: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// The same, of which other frames stay.
    #[must_use]
    pub fn keep(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }
}

/// The images of a domain.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Images<'a> {
    /// A data set that is there when training begins.
    Set(&'a Dataset),
    /// Frames that come while it goes on.
    Frames(Frames),
}

impl Images<'_> {
    /// The name of each class, by class index.
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Set(data) => &data.classes,
            Self::Frames(frames) => &frames.classes,
        }
    }

    /// Where they come from, as errors and checkpoints say it.
    pub(crate) fn origin(&self) -> PathBuf {
        match self {
            Self::Set(data) => data.origin.clone(),
            Self::Frames(_) => "frames".into(),
        }
    }

    /// How many there are at a time.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Set(data) => data.len(),
            Self::Frames(frames) => frames.capacity,
        }
    }
}

impl<'a> From<&'a Dataset> for Images<'a> {
    fn from(data: &'a Dataset) -> Self {
        Self::Set(data)
    }
}

impl From<Frames> for Images<'_> {
    fn from(frames: Frames) -> Self {
        Self::Frames(frames)
    }
}
