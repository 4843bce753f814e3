//! Some of a data set's images, wherever they are.

use super::dataset::Dataset;
#[cfg(feature = "fit")]
use super::fit;
use crate::error::Result;
#[cfg(feature = "fit")]
use crate::shape::MapShape;

impl Dataset {
    /// Whether the images are in memory rather than read from the disk as they are needed, as
    /// [`LoadOptions::memory`](super::LoadOptions::memory) asks for large data sets.
    pub fn is_in_memory(&self) -> bool {
        self.stored.is_none()
    }

    /// Refuses images that are read when they are needed, where nothing may be waited for.
    ///
    /// # Errors
    /// [`Error::Input`] naming where they come from.
    #[cfg(feature = "embed")]
    pub(crate) fn expect_in_memory(&self) -> Result<()> {
        if self.is_in_memory() {
            return Ok(());
        }
        let expected = "images in memory (Dataset::into_memory), as nothing may be waited for";
        Err(crate::error::Error::file(&self.origin, expected, "images that are read when they are needed"))
    }

    /// The bytes of the images that `indices` name, one behind the other, wherever they are.
    ///
    /// # Errors
    /// [`Error::Io`](crate::error::Error::Io) or [`Error::Input`](crate::error::Error::Input) naming the file that cannot be read any more.
    ///
    /// # Panics
    /// When an index is not below [`len`](Self::len), as indexing does.
    pub fn read(&self, indices: impl Iterator<Item = usize>) -> Result<Vec<u8>> {
        let Some(stored) = &self.stored else {
            return Ok(indices.flat_map(|index| self.image(index)).copied().collect());
        };
        let indices: Vec<u32> = indices.map(|index| index as u32).collect();
        let mut images = vec![0; indices.len() * self.shape.len()];
        stored.read(&indices, &mut images)?;
        Ok(images)
    }

    /// The same with all images in memory.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn into_memory(self) -> Result<Self> {
        let images = match &self.stored {
            Some(_) => self.read(0..self.len())?,
            None => self.images,
        };
        Ok(Self { images, stored: None, ..self })
    }

    /// The images that `indices` name, in this order, with their labels.
    ///
    /// # Panics
    /// When an index is not below [`len`](Self::len), as indexing does.
    #[must_use]
    pub fn only(&self, indices: impl Iterator<Item = usize> + Clone) -> Self {
        let stored = self.stored.as_ref().map(|stored| stored.only(indices.clone()));
        let images = match &stored {
            Some(_) => Vec::new(),
            None => indices.clone().flat_map(|index| self.image(index)).copied().collect(),
        };
        let labels = self.labels.as_ref().map(|labels| indices.map(|index| labels[index]).collect());
        Self {
            shape: self.shape,
            images,
            stored,
            labels,
            classes: self.classes.clone(),
            origin: self.origin.clone(),
            labels_origin: self.labels_origin.clone(),
            numbered: self.numbered,
            #[cfg(feature = "data")]
            fitted: self.fitted.clone(),
            #[cfg(feature = "data")]
            unread: self.unread.clone(),
            #[cfg(feature = "data")]
            remarks: self.remarks.clone(),
            #[cfg(feature = "data")]
            others: self.others,
            #[cfg(feature = "data")]
            divided: self.divided.clone(),
            #[cfg(feature = "data")]
            made_grey: self.made_grey,
        }
    }

    /// The middle of every image, in the size of `shape`; images of that size, and those not in memory, stay as they are.
    #[cfg(feature = "fit")]
    pub(crate) fn middle(self, shape: MapShape) -> Self {
        let (from, to) = (self.shape, MapShape { channels: self.shape.channels, ..shape });
        if from == to || !self.is_in_memory() || from.height < to.height || from.width < to.width {
            return self;
        }
        let images = fit::middles(&self.images, from.into(), to.into());
        Self { shape: to, images, ..self }
    }
}
