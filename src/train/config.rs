//! Everything that decides a run, as a TOML file or a preset says it.

use super::data_spec::DataSpec;
use super::recorded;
use super::training_spec::TrainingSpec;
#[cfg(feature = "data")]
use crate::data::{Labels, LoadOptions, Validation};
use crate::error::{Error, Result};
use crate::model::{Classes, ModelSpec};
use crate::shape::Fit;
#[cfg(feature = "data")]
use crate::shape::Frame;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A run: how to train what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// How to train.
    pub training: TrainingSpec,
    /// What to train.
    pub model: ModelSpec,
    /// How the data sets are read.
    #[serde(default, skip_serializing_if = "DataSpec::is_default")]
    pub data: DataSpec,
}

/// The presets that come with the crate: name and TOML text.
const PRESETS: &[(&str, &str)] = &[
    ("paper", include_str!("../../assets/presets/paper.toml")),
    ("best", include_str!("../../assets/presets/best.toml")),
    ("plus", include_str!("../../assets/presets/plus.toml")),
    ("demo", include_str!("../../assets/presets/demo.toml")),
    ("usps", include_str!("../../assets/presets/usps.toml")),
    ("photos", include_str!("../../assets/presets/photos.toml")),
    ("finetune", include_str!("../../assets/presets/finetune.toml")),
];

impl Config {
    /// A recipe made in code; [`Config::check`] tells whether it can work.
    pub fn new(training: TrainingSpec, model: ModelSpec) -> Self {
        Self { training, model, data: DataSpec::default() }
    }

    /// The names of the presets.
    pub fn presets() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().map(|(name, _)| *name)
    }

    /// The preset called `name`.
    ///
    /// # Errors
    /// [`Error::UnknownPreset`] listing the presets there are.
    pub fn preset(name: &str) -> Result<Self> {
        let found = PRESETS.iter().find(|(preset, _)| *preset == name);
        let unknown = || Error::UnknownPreset { name: name.to_owned(), known: Self::presets().collect() };
        let (_, text) = found.ok_or_else(unknown)?;
        Self::parse(&format!("preset {name}"), text)
    }

    /// Reads a TOML file: a recipe, or the `config.toml` of a run.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file and what is wrong where.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
        let origin = path.display().to_string();
        if recorded::is_record(path) { Self::recorded(&origin, &text) } else { Self::parse(&origin, &text) }
    }

    /// Reads what a run has written down. What it does not say is as it was before there was a choice.
    pub(super) fn recorded(origin: &str, text: &str) -> Result<Self> {
        let config: Self = toml::from_str(text)
            .map_err(|e| Error::input(origin, "a run configuration", e.to_string().trim_end()))?;
        config.check_recorded().map_err(|e| e.within(origin))?;
        Ok(config)
    }

    /// Reads a recipe's TOML text; `origin` names it in errors.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key and what is wrong with it.
    pub fn parse(origin: &str, text: &str) -> Result<Self> {
        let mut config = Self::recorded(origin, text)?;
        config.training.check_effects().map_err(|e| e.within(origin))?;
        if !recorded::says_how_images_fit(text) {
            config.model.input.fit = Fit::default();
        }
        Ok(config)
    }

    /// Whether `other` says the same but for how long to train.
    #[cfg_attr(not(feature = "fit"), allow(dead_code))]
    pub(crate) fn is_same_but_for_length(&self, other: &Self) -> bool {
        let mut same = other.clone();
        (same.training.epochs, same.training.steps) = (self.training.epochs, self.training.steps);
        *self == same
    }

    /// Refuses a run that cannot work.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key or layer.
    pub fn check(&self) -> Result<()> {
        self.check_recorded()?;
        self.training.check_effects()
    }

    /// The same but for settings without effect, which were not refused once.
    pub(super) fn check_recorded(&self) -> Result<()> {
        self.training.check()?;
        self.data.check()?;
        let outputs = self.model.classes()?;
        let weights = self.training.class_weights.as_ref().map_or(outputs, Vec::len);
        // Of how many classes they have to be is known with the data.
        let is_open = self.model.classes == Classes::Auto;
        self.training.check_class_weights(if is_open { weights } else { outputs })
    }

    /// How data sets are read by this recipe, brought to `frame`.
    #[cfg(feature = "data")]
    pub fn load_options(&self, frame: Frame, labels: Labels) -> LoadOptions {
        let DataSpec { skip_bad, validation, .. } = self.data;
        let validation = validation.map(|share| Validation { share, seed: self.training.seed });
        LoadOptions::new(frame, labels)
            .skip_bad(skip_bad)
            .validation(validation)
            .grey(self.model.input.channels == 1)
            .memory(Some(self.data.memory()))
    }

    /// The configuration as TOML.
    ///
    /// # Errors
    /// [`Error::Input`] when a number is too large for TOML.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Error::input("configuration", "values that TOML can hold", e))
    }
}
