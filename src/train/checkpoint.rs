//! A trained model on disk: one safetensors file with everything needed to use it.

use super::config::Config;
use super::resumption::{DataSets, Resumption, Tensors};
use super::whole_file::write_whole;
use crate::data::listed;
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::model::{Dann, Domain, NamedValues, OptimizerState};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;

/// A model's values, the configuration it was built from and the names of its classes.
#[derive(Clone)]
#[non_exhaustive]
pub struct Checkpoint {
    /// What the model was built from and how it was trained.
    pub config: Config,
    /// The names of the classes, in the order of the logits.
    pub classes: Vec<String>,
    /// Steps of training behind it.
    pub step: u64,
    /// What training needs besides to go on from here; a finished model has none.
    pub resumption: Option<Resumption>,
    values: NamedValues,
}

/// What the metadata hold, as JSON.
#[derive(Debug, Deserialize, Serialize)]
struct Metadata {
    /// TOML
    config: String,
    classes: Vec<String>,
    step: u64,
    /// Of names, shapes and values of all tensors; "" of versions that kept none.
    #[serde(default)]
    checksum: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<DataSets>,
}

/// What the metadata of a safetensors file say of the model in it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Description {
    /// The recipe.
    pub config: Config,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// Steps of training.
    pub step: u64,
    checksum: String,
    data: Option<DataSets>,
}

impl Checkpoint {
    /// The one key of the file's metadata: safetensors writes several in random order, and the same run shall give
    /// the same bytes.
    pub const KEY: &'static str = "dann";

    /// Reads everything that `model` has learned from its device, or the average of it that is kept.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost.
    pub fn of(model: &Dann, config: &Config, classes: &[String], step: u64) -> Result<Self> {
        Ok(Self::of_read(config.clone(), classes.to_vec(), step, model.evaluated().read()?))
    }

    /// As [`Checkpoint::of`], with what training needs to go on from here on `data`.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn of_training(
        (model, state): (&Dann, &OptimizerState),
        config: &Config,
        classes: &[String],
        step: u64,
        data: &DataSets,
    ) -> Result<Self> {
        let resumption = Some(Resumption::of(model, state, data)?);
        Ok(Self { resumption, ..Self::of(model, config, classes, step)? })
    }

    /// A checkpoint to go on from on `data`, of everything that [`TrainingLoop::tensors`](super::TrainingLoop::tensors)
    /// names.
    pub(crate) fn of_training_read(
        config: Config,
        classes: Vec<String>,
        step: u64,
        mut values: NamedValues,
        data: DataSets,
    ) -> Self {
        let (slots, trained) = Resumption::take(&mut values);
        let resumption = Some(Resumption { data, slots, trained });
        Self { resumption, ..Self::of_read(config, classes, step, values) }
    }

    /// A checkpoint of values that were read already.
    pub(crate) fn of_read(config: Config, classes: Vec<String>, step: u64, values: NamedValues) -> Self {
        Self { config, classes, step, resumption: None, values }
    }

    /// A model with values that come from elsewhere.
    ///
    /// # Errors
    /// [`Error::Input`] naming a tensor that is missing, unknown or of another shape.
    pub fn from_values(config: &Config, classes: &[String], step: u64, values: NamedValues) -> Result<Self> {
        let wanted = config.model.tensors()?;
        for (name, dims) in &wanted {
            let found = values.get(name).map(|(dims, _)| format!("shape {dims:?}"));
            if values.get(name).is_none_or(|(found, _)| found != dims) {
                let found = found.unwrap_or_else(|| "none".into());
                return Err(Error::input(name, format!("a tensor of shape {dims:?}"), found));
            }
        }
        if let Some(name) = values.keys().find(|&name| !wanted.iter().any(|(known, _)| known == name)) {
            return Err(Error::input("model", "tensors of this network alone", name));
        }
        let count = config.model.classes()?;
        if !classes.is_empty() && classes.len() != count {
            return Err(Error::input("classes", format!("{count} names"), classes.len()));
        }
        Ok(Self::of_read(config.clone(), classes.to_vec(), step, values))
    }

    /// Shapes and values of everything that the model has learned, by name.
    pub fn values(&self) -> &NamedValues {
        &self.values
    }

    /// The name of class `k`; its number where the data set named none.
    pub fn class(&self, k: usize) -> String {
        self.classes.get(k).cloned().unwrap_or_else(|| k.to_string())
    }

    /// Refuses labels that count other `classes` than training has learned so far, where these have names.
    ///
    /// # Errors
    /// [`Error::CannotResume`] naming both, and the first that differs.
    pub(crate) fn check_classes(&self, classes: &[String]) -> Result<()> {
        let differs = |(place, name): &(usize, &String)| self.class(*place) != **name;
        let other = classes.iter().enumerate().find(differs);
        let Some((place, name)) = other.filter(|_| !self.classes.is_empty()) else { return Ok(()) };
        let expected = format!("the classes that the run was trained on ({})", listed(&self.classes));
        let found = format!(
            "others ({}), the first of them {name} in place of {}",
            listed(classes),
            self.class(place)
        );
        Err(Error::CannotResume { expected, found })
    }

    /// What the file's metadata hold under [`Checkpoint::KEY`], as JSON.
    ///
    /// # Errors
    /// [`Error::Input`] when TOML cannot hold the configuration.
    pub fn metadata(&self) -> Result<String> {
        let (config, classes, step) = (self.config.to_toml()?, self.classes.clone(), self.step);
        let data = self.resumption.as_ref().map(|resumption| resumption.data.clone());
        let checksum = self.tensors().checksum();
        Ok(serde_json::json!(Metadata { config, classes, step, checksum, data }).to_string())
    }

    /// Everything that the file holds: what was learned, and what the optimiser keeps.
    fn tensors(&self) -> Tensors<'_> {
        let state = self.resumption.iter().flat_map(Resumption::tensors);
        let values =
            self.values.iter().map(|(name, (dims, values))| (name.clone(), (&dims[..], &values[..])));
        Tensors(values.chain(state).collect())
    }

    /// Writes the file whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_whole(path, &self.to_bytes().map_err(|e| e.within(path.display()))?)
    }

    /// The bytes of the file, for [`Checkpoint::parse`] to read.
    ///
    /// # Errors
    /// [`Error::Input`] when TOML cannot hold the configuration.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let metadata = HashMap::from([(Self::KEY.to_owned(), self.metadata()?)]);
        let tensors = self.tensors();
        let views = tensors.0.iter().map(|(name, (dims, values))| {
            let view = TensorView::new(Dtype::F32, dims.to_vec(), bytemuck::cast_slice(values));
            view.map(|view| (name, view))
        });
        let views: std::result::Result<Vec<_>, _> = views.collect();
        let bytes = views.and_then(|views| safetensors::serialize(views, Some(metadata)));
        bytes.map_err(|e| Error::input("checkpoint", "tensors that safetensors can hold", e))
    }

    /// What the metadata of a safetensors file say of the model in it.
    ///
    /// # Errors
    /// [`Error::Input`] naming `path` and what is wrong with its metadata.
    pub fn describe(path: &Path, metadata: &str) -> Result<Description> {
        let Metadata { config, classes, step, checksum, data } = serde_json::from_str(metadata)
            .map_err(|e| Error::file(path, format!("JSON in the metadata under \"{}\"", Self::KEY), e))?;
        let config = Config::recorded(&format!("{}: configuration", path.display()), &config)?;
        Ok(Description { config, classes, step, checksum, data })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io(path, "read"))?;
        Self::parse(path, &bytes)
    }

    /// Reads the bytes of a file; `path` names them in errors.
    ///
    /// # Errors
    /// [`Error::Input`] naming the file and what is wrong with it.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let broken = |e: &dyn std::fmt::Display| Error::file(path, "a whole safetensors file", e);
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| broken(&e))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| broken(&e))?;
        let entry = header.metadata().as_ref().and_then(|entries| entries.get(Self::KEY));
        let missing =
            || Error::file(path, format!("a model of dann, with metadata under \"{}\"", Self::KEY), "none");
        let Description { config, classes, step, checksum, data } =
            Self::describe(path, entry.ok_or_else(missing)?)?;
        let mut values = BTreeMap::new();
        for (name, view) in tensors.tensors() {
            if view.dtype() != Dtype::F32 {
                return Err(Error::file(
                    path,
                    format!("f32 values in {name}"),
                    format!("{:?}", view.dtype()),
                ));
            }
            let value = bytemuck::pod_collect_to_vec(view.data());
            values.insert(name, (view.shape().to_vec(), value));
        }
        let (slots, trained) = Resumption::take(&mut values);
        let resumption = data.map(|data| Resumption { data, slots, trained });
        let checkpoint = Self { config, classes, step, resumption, values };
        let found = checkpoint.tensors().checksum();
        if !checksum.is_empty() && checksum != found {
            let expected = format!("tensors with the checksum {checksum}, as its metadata say");
            return Err(Error::file(path, expected, found));
        }
        Ok(checkpoint)
    }

    /// The model for images of `domain` alone: where batch norm has statistics of each domain, it keeps those of this one.
    ///
    /// # Errors
    /// [`Error::Input`] when the values do not fit the configuration.
    #[cfg_attr(not(feature = "export"), allow(dead_code))]
    pub(crate) fn of_domain(&self, domain: Domain) -> Result<Self> {
        let mut config = self.config.clone();
        config.model.share_statistics();
        let mut values = NamedValues::new();
        for (name, dims) in config.model.tensors()? {
            let Some((held, value)) = self.values.get(&name) else { continue };
            let apart = held.strip_prefix(&[2]).is_some_and(|rest| rest == dims);
            let (source, target) = value.split_at(value.len() / if apart { 2 } else { 1 });
            let own = if apart && domain == Domain::Target { target } else { source };
            values.insert(name, (if apart { dims } else { held.clone() }, own.to_vec()));
        }
        Self::from_values(&config, &self.classes, self.step, values)
    }

    /// Builds the model on a device.
    ///
    /// # Errors
    /// [`Error::Input`] when the values do not fit the configuration, [`Error::OutOfMemory`] when the device has no memory left.
    pub fn model(&self, gpu: &Gpu) -> Result<Dann> {
        let model = Dann::new(gpu, &self.config.model)?;
        self.load_into(&model)?;
        Ok(model)
    }

    /// Overwrites what `model` has learned.
    ///
    /// # Errors
    /// [`Error::Input`] when the values do not fit the model.
    pub fn load_into(&self, model: &Dann) -> Result<()> {
        let values = self.values.iter().map(|(name, (_, values))| (name.clone(), values.clone()));
        model.write(&values.collect())
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint")
            .field("step", &self.step)
            .field("classes", &self.classes)
            .field("tensors", &self.values.len())
            .field("resumes", &self.resumption.is_some())
            .finish_non_exhaustive()
    }
}
