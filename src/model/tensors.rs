//! What a network is made of, without building it: its layers in place, and everything that it learns.

use super::parameters::shapes;
use super::spec::{LayerSpec, ModelSpec, PlacedLayer, place};
use crate::error::Result;

impl ModelSpec {
    /// The layers of feature extractor, label predictor and domain classifier, named, with the shapes around them.
    ///
    /// # Errors
    /// As [`ModelSpec::check`].
    pub fn placed(&self) -> Result<[Vec<PlacedLayer<'_>>; 3]> {
        let (features, _) = self.check()?;
        Ok([
            place("feature_extractor", &self.feature_extractor, self.input.shape())?,
            place("label_predictor", &self.label_predictor, features)?,
            place("domain_classifier", &self.domain_classifier, features)?,
        ])
    }

    /// Names and shapes of everything that a model learns: parameters and running statistics.
    ///
    /// # Errors
    /// As [`ModelSpec::check`].
    pub fn tensors(&self) -> Result<Vec<(String, Vec<usize>)>> {
        let mut all = Vec::new();
        for layer in self.placed()?.concat() {
            if let Some((weight, bias)) = shapes(&layer) {
                all.push((format!("{}.weight", layer.name), weight));
                all.push((format!("{}.bias", layer.name), vec![bias]));
            }
            if matches!(layer.spec, LayerSpec::BatchNorm2d { .. }) {
                let statistics = ["running_mean", "running_var"];
                all.extend(statistics.map(|s| (format!("{}.{s}", layer.name), vec![layer.x.channels])));
            }
        }
        Ok(all)
    }
}
