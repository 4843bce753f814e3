//! The start of a training from what another model has learned.

use super::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::model::{Dann, NamedValues};
use std::collections::{BTreeMap, BTreeSet};

/// The parts that may be others than those of the model that a training starts from.
const HEADS: [&str; 2] = ["label_predictor.", "domain_classifier."];
/// Tensors that an error names.
const NAMED: usize = 8;

/// What a training has not taken of the model that it starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adopted {
    /// Layers of the heads that begin anew: the other model has none of that name and shape, or other classes.
    pub anew: Vec<String>,
    /// Layers of its heads that this one has no place for.
    pub unused: Vec<String>,
}

/// The shapes of a layer's tensors, by what stands behind the layer's name.
type Shapes<'a> = BTreeMap<&'a str, &'a [usize]>;

impl Checkpoint {
    /// Overwrites what `model` and its average have learned, by name, with what this one has. The layers of the heads that
    /// differ keep what they hold, and with other `classes` the one that gives the logits.
    ///
    /// # Errors
    /// [`Error::Input`] naming what differs in front of the heads, [`Error::DeviceLost`] when the device was lost.
    pub fn start(&self, model: &Dann, classes: &[String]) -> Result<Adopted> {
        let mut values = model.read()?;
        let (own, others) = (layers(&values), layers(self.values()));
        let mut anew: BTreeSet<&str> = own
            .iter()
            .filter(|(layer, shapes)| others.get(*layer) != Some(shapes))
            .map(|(layer, _)| *layer)
            .collect();
        let unused: Vec<&str> = others.keys().copied().filter(|layer| !own.contains_key(layer)).collect();
        self.check(&anew, &unused)?;
        let last = model.parameters.infos().iter().rev().find(|info| info.name.starts_with(HEADS[0]));
        if !classes.is_empty() && !self.classes.is_empty() && classes != self.classes {
            anew.extend(last.map(|info| layer_of(&info.name).0));
        }
        let adopted = Adopted { anew: owned(&anew), unused: owned(&unused) };
        for (name, value) in self.values() {
            let layer = layer_of(name).0;
            if !adopted.anew.iter().chain(&adopted.unused).any(|other| other == layer) {
                values.insert(name.clone(), value.clone());
            }
        }
        model.write(&values.into_iter().map(|(name, (_, values))| (name, values)).collect())?;
        Ok(adopted)
    }

    /// Refuses layers in front of the heads that only one of the two models has, or that differ.
    fn check(&self, anew: &BTreeSet<&str>, unused: &[&str]) -> Result<()> {
        let in_front = |layer: &&&str| !HEADS.iter().any(|head| layer.starts_with(head));
        let wrong = anew.iter().chain(unused).filter(in_front).collect::<Vec<_>>();
        if wrong.is_empty() {
            return Ok(());
        }
        let more = wrong.len().saturating_sub(NAMED);
        let named = wrong.iter().take(NAMED).map(|layer| **layer).collect::<Vec<_>>().join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let expected = "the backbone and the feature extractor of this recipe";
        Err(Error::input("the model to start from", expected, format!("others at {named}{more}")))
    }
}

/// A tensor's layer, and what stands behind its name.
fn layer_of(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or((name, ""))
}

fn layers(values: &NamedValues) -> BTreeMap<&str, Shapes<'_>> {
    let mut layers: BTreeMap<&str, Shapes<'_>> = BTreeMap::new();
    for (name, (dims, _)) in values {
        let (layer, suffix) = layer_of(name);
        layers.entry(layer).or_default().insert(suffix, dims);
    }
    layers
}

fn owned<'a>(names: impl IntoIterator<Item = &'a &'a str>) -> Vec<String> {
    names.into_iter().map(|name| (*name).to_owned()).collect()
}
