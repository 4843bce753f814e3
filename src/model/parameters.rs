//! All trainable values in one buffer, so that one dispatch updates them; their gradients and velocities
//! lie alike in buffers of their own.

use super::Initialization;
use super::learned::{Learned, Start};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Tensor};
use crate::ops::register_tiled;
use std::collections::BTreeMap;
use std::fmt;

/// Where one parameter lies.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterInfo {
    /// `part.layer.weight`, `part.layer.bias`.
    pub name: String,
    /// Its shape.
    pub dims: Vec<usize>,
    /// The number of its first value in the flat buffers.
    start: usize,
    /// How it starts.
    first: Start,
}

impl ParameterInfo {
    /// The number of its first value in the flat buffers.
    pub(super) fn start(&self) -> usize {
        self.start
    }
}

/// A parameter and its gradient, of one shape.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub value: Tensor,
    pub grad: Tensor,
}

/// The trainable values of a model.
pub struct Parameters {
    infos: Vec<ParameterInfo>,
    /// Every value, flat.
    pub values: Tensor,
    /// Every gradient, in the same places.
    pub grads: Tensor,
    /// By its name, state of another network that layers built on these are to have too, in place of their own.
    state: BTreeMap<String, Tensor>,
}

/// The parameters of a layer that has a weight, and a bias or zeros in its place.
pub(crate) struct WeightAndBias {
    /// The layer's name.
    pub name: String,
    pub weight: Parameter,
    pub bias: Parameter,
    /// Whether the bias is learned.
    pub has_bias: bool,
}

impl WeightAndBias {
    /// Those of the layer called `name`.
    pub fn of(parameters: &Parameters, name: &str) -> Result<Self> {
        let weight = parameters.get(&format!("{name}.weight"))?;
        let bias = parameters.get(&format!("{name}.bias"))?;
        Ok(Self { name: name.to_owned(), weight, bias, has_bias: true })
    }

    /// Those of a layer whose bias may be missing: kernels that add one are given zeros, and their gradient is nobody's.
    pub fn of_weight(gpu: &Gpu, parameters: &Parameters, name: &str, has_bias: bool) -> Result<Self> {
        if has_bias {
            return Self::of(parameters, name);
        }
        let weight = parameters.get(&format!("{name}.weight"))?;
        let zeros = |label| Tensor::zeros(gpu, label, &[weight.value.rows()]);
        let bias = Parameter { value: zeros("no bias")?, grad: zeros("gradient of no bias")? };
        Ok(Self { name: name.to_owned(), weight, bias, has_bias })
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        let suffixes = ["weight", "bias"].into_iter().take(if self.has_bias { 2 } else { 1 });
        suffixes.map(|suffix| format!("{}.{suffix}", self.name)).collect()
    }

    /// `part` of both.
    pub fn each(&self, part: fn(&Parameter) -> &Tensor) -> register_tiled::Parameters<'_> {
        register_tiled::Parameters { weight: part(&self.weight), bias: part(&self.bias) }
    }
}

impl Parameters {
    /// Memory for what layers learn, with the names of the layers, each starting where the device lets a binding start.
    ///
    /// # Errors
    /// [`Error::Input`] when the device cannot bind that many.
    pub(super) fn new(gpu: &Gpu, learned: impl IntoIterator<Item = (String, Learned)>) -> Result<Self> {
        let alignment = gpu.device().limits().min_storage_buffer_offset_alignment as usize / 4;
        let mut infos: Vec<ParameterInfo> = Vec::new();
        let mut end = 0_usize;
        for (layer, Learned { suffix, dims, start: first }) in learned {
            let start = end.next_multiple_of(alignment.max(1));
            end = start + dims.iter().product::<usize>();
            infos.push(ParameterInfo { name: format!("{layer}.{suffix}"), dims, start, first });
        }
        if infos.is_empty() {
            return Err(Error::input("model", "at least one layer that learns", "none"));
        }
        let flat = |label| Tensor::zeros(gpu, label, &[end]);
        Ok(Self { values: flat("parameters")?, grads: flat("gradients")?, infos, state: BTreeMap::new() })
    }

    /// The same values with gradients of their own: what is built on them a second time overwrites no others, and shares
    /// `state`, which is not trained, with what was built first.
    pub(super) fn with_own_gradients(&self, gpu: &Gpu, state: BTreeMap<String, Tensor>) -> Result<Self> {
        let grads = Tensor::zeros(gpu, "more gradients", self.grads.dims())?;
        Ok(Self { infos: self.infos.clone(), values: self.values.clone(), grads, state })
    }

    /// The state called `name` that is shared, if it is.
    pub(super) fn shared(&self, name: &str) -> Option<&Tensor> {
        self.state.get(name)
    }

    /// Names and shapes, in order.
    pub fn infos(&self) -> &[ParameterInfo] {
        &self.infos
    }

    /// The parameter that holds the `index`-th value of the flat buffers.
    pub fn at(&self, index: usize) -> Option<&ParameterInfo> {
        self.infos.iter().rev().find(|info| info.start <= index)
    }

    /// The parameter called `name`.
    pub(super) fn get(&self, name: &str) -> Result<Parameter> {
        let info = self.infos.iter().find(|info| info.name == name);
        let info = info.ok_or_else(|| Error::input("model", "a known parameter", name))?;
        let part = |flat: &Tensor| flat.part(info.start, &info.dims);
        Ok(Parameter { value: part(&self.values), grad: part(&self.grads) })
    }

    /// Every parameter by name, in order.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (String, Tensor)> {
        self.parts(&self.values)
    }

    /// What belongs to each parameter in `flat`, a buffer laid out as theirs, by the parameter's name.
    pub(crate) fn parts(&self, flat: &Tensor) -> impl Iterator<Item = (String, Tensor)> {
        self.infos.iter().map(|info| (info.name.clone(), flat.part(info.start, &info.dims)))
    }

    /// The values that training starts from.
    pub(super) fn initial(&self, initialization: Initialization, seed: u64) -> BTreeMap<String, Vec<f32>> {
        let first = |info: &ParameterInfo| match info.first {
            Start::Constant(value) => vec![value; info.dims.iter().product()],
            Start::Drawn => initialization.weight(seed, &info.name, &info.dims),
        };
        self.infos.iter().map(|info| (info.name.clone(), first(info))).collect()
    }

    /// Overwrites every parameter, or one slot of an optimiser, from `values` by name.
    ///
    /// # Errors
    /// [`Error::Input`] naming the one that is missing or of another size.
    pub(crate) fn write(&self, gpu: &Gpu, into: &Tensor, values: &BTreeMap<String, Vec<f32>>) -> Result<()> {
        for info in &self.infos {
            let count = info.dims.iter().product::<usize>();
            let found = values.get(&info.name).map_or(&[][..], Vec::as_slice);
            if found.len() != count {
                let expected = format!("{count} values, shape {:?}", info.dims);
                return Err(Error::input(&info.name, expected, found.len()));
            }
            into.part(info.start, &info.dims).write(gpu, found)?;
        }
        Ok(())
    }

    /// Reads one of the flat buffers and takes it apart by name.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device was lost.
    pub fn read(&self, gpu: &Gpu, flat: &Tensor) -> Result<BTreeMap<String, Vec<f32>>> {
        if flat.dims() != self.values.dims() {
            let expected = format!("a flat buffer of shape {:?}", self.values.dims());
            return Err(Error::input("parameters", expected, format!("{:?}", flat.dims())));
        }
        let all: Vec<f32> = flat.read(gpu)?;
        let part = |info: &ParameterInfo| {
            let end = info.start + info.dims.iter().product::<usize>();
            (info.name.clone(), all[info.start..end].to_vec())
        };
        Ok(self.infos.iter().map(part).collect())
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameters")
            .field("tensors", &self.infos.len())
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}
