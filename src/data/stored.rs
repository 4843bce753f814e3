//! Images that are not in memory, and are read as they are needed.

use crate::error::Result;
use std::fmt;
use std::sync::Arc;

/// Where images are, by their place there.
pub(crate) trait ImageStore: Send + Sync {
    /// Reads `images` one behind the other into `target`, which holds so many.
    fn read(&self, images: &[u32], target: &mut [u8]) -> Result<()>;

    /// Where they are, in words.
    fn words(&self) -> String;
}

/// A data set's images in a store.
#[derive(Clone)]
pub(crate) struct Stored {
    store: Arc<dyn ImageStore>,
    /// The place of each image in the store.
    places: Vec<u32>,
}

impl Stored {
    /// The images at `places` of `store`.
    #[cfg(any(feature = "data", test))]
    pub fn new(store: Arc<dyn ImageStore>, places: Vec<u32>) -> Self {
        Self { store, places }
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Those that `indices` name, in this order.
    pub fn only(&self, indices: impl Iterator<Item = usize>) -> Self {
        Self { store: self.store.clone(), places: indices.map(|index| self.places[index]).collect() }
    }

    /// Reads the images that `indices` name one behind the other into `target`, which holds so many.
    ///
    /// # Errors
    /// [`crate::error::Error`] naming the file that cannot be read any more.
    pub fn read(&self, indices: &[u32], target: &mut [u8]) -> Result<()> {
        let places: Vec<u32> = indices.iter().map(|&index| self.places[index as usize]).collect();
        self.store.read(&places, target)
    }

    /// Where they are, in words.
    #[cfg(feature = "data")]
    pub fn words(&self) -> String {
        self.store.words()
    }
}

impl PartialEq for Stored {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.store, &other.store) && self.places == other.places
    }
}

impl Eq for Stored {}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stored({} images, {})", self.places.len(), self.store.words())
    }
}
