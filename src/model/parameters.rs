//! All trainable values in one buffer, so that one dispatch updates them; their gradients and velocities
//! lie alike in buffers of their own.

use super::Initialization;
use super::spec::{LayerSpec, PlacedLayer};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Tensor};
use std::collections::BTreeMap;
use std::fmt;

/// Where one parameter lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterInfo {
    /// `part.layer.weight` or `part.layer.bias`.
    pub name: String,
    /// Its shape.
    pub dims: Vec<usize>,
    /// The number of its first value in the flat buffers.
    start: usize,
}

/// A parameter and its gradient, of one shape.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
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
    /// Every velocity of SGD, in the same places.
    pub velocities: Tensor,
}

/// The shapes of a layer's weight and bias; `None` for layers that learn nothing.
pub(super) fn shapes(layer: &PlacedLayer<'_>) -> Option<(Vec<usize>, usize)> {
    match *layer.spec {
        LayerSpec::Conv2d { outputs, kernel, .. } => {
            Some((vec![outputs, layer.x.channels, kernel.0, kernel.1], outputs))
        }
        LayerSpec::Dense { outputs } => Some((vec![outputs, layer.x.len()], outputs)),
        LayerSpec::BatchNorm2d { .. } => Some((vec![layer.x.channels], layer.x.channels)),
        _ => None,
    }
}

impl Parameters {
    /// Room for the parameters of `layers`, each starting where the device lets a binding start.
    ///
    /// # Errors
    /// [`Error::Input`] when the device cannot bind that many.
    pub(super) fn new(gpu: &Gpu, layers: &[PlacedLayer<'_>]) -> Result<Self> {
        let alignment = gpu.device().limits().min_storage_buffer_offset_alignment as usize / 4;
        let mut infos = Vec::new();
        let mut end = 0_usize;
        let mut add = |name: String, dims: Vec<usize>| {
            let start = end.next_multiple_of(alignment.max(1));
            end = start + dims.iter().product::<usize>();
            infos.push(ParameterInfo { name, dims, start });
        };
        for layer in layers {
            if let Some((weight, bias)) = shapes(layer) {
                add(format!("{}.weight", layer.name), weight);
                add(format!("{}.bias", layer.name), vec![bias]);
            }
        }
        if infos.is_empty() {
            return Err(Error::input("model", "at least one layer that learns", "none"));
        }
        let flat = |label| Tensor::zeros(gpu, label, &[end]);
        let (values, grads, velocities) = (flat("parameters")?, flat("gradients")?, flat("velocities")?);
        Ok(Self { infos, values, grads, velocities })
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
    pub(super) fn tensors(&self) -> impl Iterator<Item = (String, Tensor)> + '_ {
        self.infos.iter().map(|info| (info.name.clone(), self.values.part(info.start, &info.dims)))
    }

    /// The values that training starts from.
    pub(super) fn initial(&self, initialization: Initialization, seed: u64) -> BTreeMap<String, Vec<f32>> {
        let first = |info: &ParameterInfo| match info.dims[..] {
            [count] if info.name.ends_with(".weight") => vec![1.0; count],
            [count] => vec![0.0; count],
            _ => initialization.weight(seed, &info.name, &info.dims),
        };
        self.infos.iter().map(|info| (info.name.clone(), first(info))).collect()
    }

    /// Overwrites every parameter, or every velocity, from `values` by name.
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
    /// [`Error::Input`] when it is none of them, [`Error::Gpu`] when the device was lost.
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
