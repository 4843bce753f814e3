//! The classes of one data set, counted as those of another.

use super::dataset::Dataset;
use crate::error::{Error, Result};
use std::collections::HashMap;

impl Dataset {
    /// The same images with their labels counted as in `classes`, which names a class for each label.
    ///
    /// # Errors
    /// [`Error::Input`] naming the class that is not among them.
    pub fn with_classes(mut self, classes: &[String]) -> Result<Self> {
        let unknown = |name: &String| {
            let expected = format!("the classes {}", classes.join(", "));
            Error::file(&self.origin, expected, format!("class {name}"))
        };
        let places: HashMap<&String, u16> = classes.iter().zip(0..=u16::MAX).collect();
        let index = |name| places.get(name).copied().ok_or_else(|| unknown(name));
        let map: Vec<u16> = self.classes.iter().map(index).collect::<Result<_>>()?;
        for label in self.labels.iter_mut().flatten() {
            *label = map[usize::from(*label)];
        }
        self.classes = classes.to_vec();
        Ok(self)
    }
}
