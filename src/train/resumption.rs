//! What training needs besides the model to go on as if it had never stopped.
//!
//! The state of the random streams and the place in both domains' orders are not kept: they follow from the seed and the
//! step, and [`TrainingLoop::resume`](super::training_loop::TrainingLoop::resume) draws them again.

use super::frames::Images;
use crate::data::{Dataset, hex};
use crate::error::{Error, Result};
use crate::gpu::Tensor;
use crate::model::{Dann, NamedValues, OptimizerState};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// In front of a slot's name and a parameter's, as in `optimizer.velocity.label_predictor.dense1.weight`.
const OPTIMIZER: &str = "optimizer.";
/// In front of the name of what is trained, where the model that is kept is an average of it.
const TRAINED: &str = "trained.";

/// What was trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DataSets {
    /// The labelled data set's directory.
    pub source: PathBuf,
    /// That of the domain adapted to.
    pub target: PathBuf,
    /// Images in the labelled training part, and in the other domain's if there is one.
    pub images: Vec<usize>,
}

/// The optimiser's state, and what was trained on.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Resumption {
    /// Both domains.
    pub data: DataSets,
    /// By slot, then by parameter.
    pub(super) slots: BTreeMap<String, NamedValues>,
    /// What is trained, where the checkpoint's values are an average of it; otherwise empty.
    pub(super) trained: NamedValues,
}

/// Shapes and values by name.
pub(super) struct Tensors<'a>(pub BTreeMap<String, (&'a [usize], &'a [f32])>);

impl Tensors<'_> {
    /// SHA-256 over names, shapes and values, lower-case hexadecimal.
    pub fn checksum(&self) -> String {
        let mut sha = Sha256::new();
        for (name, (dims, values)) in &self.0 {
            sha.update(format!("{name} {dims:?} "));
            sha.update(bytemuck::cast_slice::<f32, u8>(values));
        }
        hex(&sha.finalize())
    }
}

impl DataSets {
    /// Where the labelled data set is if nothing else is said.
    pub const SOURCE: &str = "data/mnist";
    /// Where the data set to adapt to is if nothing else is said.
    pub const TARGET: &str = "data/mnist_m";

    /// What is trained on: both data sets' directories, and how many images each gives.
    pub fn new(source: PathBuf, target: PathBuf, labelled: &Dataset, unlabelled: Option<&Dataset>) -> Self {
        let images = std::iter::once(labelled).chain(unlabelled).map(Dataset::len).collect();
        Self { source, target, images }
    }

    /// What is trained on, by what the images themselves say of it.
    pub(crate) fn of(labelled: &Images<'_>, unlabelled: Option<&Images<'_>>) -> Self {
        let images = std::iter::once(labelled).chain(unlabelled).map(Images::len).collect();
        let target = unlabelled.map(Images::origin).unwrap_or_default();
        Self { source: labelled.origin(), target, images }
    }

    /// Whether training can go on with these data sets.
    ///
    /// # Errors
    /// [`Error::CannotResume`] when they have other numbers of images.
    pub fn check(&self, data: &Self) -> Result<()> {
        if self.images == data.images {
            return Ok(());
        }
        let of = |images: &[usize]| images.iter().map(usize::to_string).collect::<Vec<_>>().join(" and ");
        let expected = format!("the data sets that the run was trained on, with {} images", of(&self.images));
        Err(Error::CannotResume { expected, found: of(&data.images) })
    }
}

impl Resumption {
    /// Reads what training with `model` on `data` needs to go on.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost.
    pub(super) fn of(model: &Dann, state: &OptimizerState, data: &DataSets) -> Result<Self> {
        let parameters = &model.parameters;
        let mut slots = BTreeMap::new();
        for (slot, flat) in &state.slots {
            let mut values = parameters.read(model.gpu(), flat)?;
            let named = parameters.infos().iter().map(|info| {
                let values = values.remove(&info.name).unwrap_or_default();
                (info.name.clone(), (info.dims.clone(), values))
            });
            slots.insert((*slot).to_owned(), named.collect());
        }
        let trained = if model.average().is_some() { model.read()? } else { NamedValues::new() };
        Ok(Self { data: data.clone(), slots, trained })
    }

    /// The optimiser's state on the device, and what is trained where an average is kept, named as in a file.
    pub(super) fn on_device(model: &Dann, state: &OptimizerState) -> impl Iterator<Item = (String, Tensor)> {
        let slots = state.slots.iter().flat_map(|(slot, flat)| {
            let named = move |(name, part)| (format!("{OPTIMIZER}{slot}.{name}"), part);
            model.parameters.parts(flat).map(named)
        });
        let trained = model.average().map(|_| model.tensors()).into_iter().flatten();
        slots.chain(trained.map(|(name, tensor)| (format!("{TRAINED}{name}"), tensor)))
    }

    /// What a file holds of it.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (String, (&[usize], &[f32]))> {
        let slots = self.slots.iter().flat_map(|(slot, values)| {
            let name = move |name: &String| format!("{OPTIMIZER}{slot}.{name}");
            values.iter().map(move |(key, (dims, values))| (name(key), (&dims[..], &values[..])))
        });
        let trained = self.trained.iter();
        let trained =
            trained.map(|(name, (dims, values))| (format!("{TRAINED}{name}"), (&dims[..], &values[..])));
        slots.chain(trained)
    }

    /// Takes the optimiser's state, and what is trained, out of everything that a file holds.
    pub(super) fn take(values: &mut NamedValues) -> (BTreeMap<String, NamedValues>, NamedValues) {
        let all = std::mem::take(values);
        let mut slots: BTreeMap<String, NamedValues> = BTreeMap::new();
        let mut trained = NamedValues::new();
        for (name, value) in all {
            let of_slot = name.strip_prefix(OPTIMIZER).and_then(|rest| rest.split_once('.'));
            match (of_slot, name.strip_prefix(TRAINED)) {
                (Some((slot, parameter)), _) => {
                    slots.entry(slot.to_owned()).or_default().insert(parameter.to_owned(), value);
                }
                (None, Some(name)) => drop(trained.insert(name.to_owned(), value)),
                (None, None) => drop(values.insert(name, value)),
            }
        }
        (slots, trained)
    }

    /// Overwrites what is trained with `model`, which holds what the checkpoint does.
    ///
    /// # Errors
    /// [`Error::Input`] naming what is missing or of another size.
    fn load_trained_into(&self, model: &Dann) -> Result<()> {
        if model.average().is_none() {
            return Ok(());
        }
        let values = self.trained.iter().map(|(name, (_, values))| (name.clone(), values.clone()));
        model.write_trained(&values.collect())
    }

    /// Overwrites what is trained with `model`, and the optimiser's state, laid out as its parameters.
    ///
    /// # Errors
    /// [`Error::Input`] naming what is missing or of another size.
    pub(super) fn load_into(&self, model: &Dann, state: &OptimizerState) -> Result<()> {
        self.load_trained_into(model)?;
        let parameters = &model.parameters;
        for (slot, flat) in &state.slots {
            let kept = self.slots.get(*slot).ok_or_else(|| {
                let found = self.slots.keys().cloned().collect::<Vec<_>>().join(", ");
                Error::input("the checkpoint's optimiser", format!("its state \"{slot}\""), found)
            })?;
            let values = kept.iter().map(|(name, (_, values))| (name.clone(), values.clone()));
            parameters.write(model.gpu(), flat, &values.collect())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Resumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resumption")
            .field("data", &self.data)
            .field("slots", &self.slots.len())
            .finish_non_exhaustive()
    }
}
