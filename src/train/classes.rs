//! How a recipe's classes and those of the data come together.

use super::config::Config;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::model::Classes;

impl Config {
    /// The recipe for what `labelled` holds: where the recipe leaves the number of classes to the data, the model has an
    /// output for each class. Labels that are numbers without names (IDX files, MNIST-M as released) leave a recipe as it
    /// is: a number beyond the outputs that it names is a fault of the file.
    ///
    /// # Errors
    /// [`Error::Input`] when there are more classes than the recipe allows or has weights for, or labels beyond its outputs.
    pub fn for_data(&self, labelled: &Dataset) -> Result<Self> {
        let mut config = self.clone();
        let classes = labelled.classes();
        if !labelled.numbered && classes.len() > 1 {
            config.model = self.model.for_classes(classes.len());
        }
        let outputs = config.model.classes()?;
        if matches!(self.model.classes, Classes::Count(_)) && !labelled.numbered && classes.len() > outputs {
            let expected = format!("at most {outputs} classes, as model.classes says, which may be \"auto\"");
            return Err(Error::file(&labelled.origin, expected, classes.len()));
        }
        config.training.check_class_weights(outputs)?;
        labelled.check_labels(outputs)?;
        Ok(config)
    }
}
