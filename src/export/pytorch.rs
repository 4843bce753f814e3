//! Safetensors files that PyTorch reads and writes.
//!
//! The names are those of a module whose three parts are `torch.nn.Sequential`s of named layers, the layouts those
//! of `torch.nn.Conv2d`, `Linear`, `BatchNorm1d` and `BatchNorm2d`: nothing is transposed on the way.
//!
//! ```no_run
//! use dann::export::pytorch;
//! use dann::train::{Checkpoint, Config};
//!
//! # fn main() -> dann::error::Result<()> {
//! let state = pytorch::read("trained_elsewhere.safetensors".as_ref())?;
//! let checkpoint = Checkpoint::from_values(&Config::preset("paper")?, &[], 0, state.values)?;
//! checkpoint.write("model.safetensors".as_ref())?;
//! # Ok(())
//! # }
//! ```

use crate::error::{Error, Result};
use crate::model::{Domain, NamedValues};
use crate::train::{Checkpoint, write_whole};
use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Batch norm in PyTorch counts its batches; nothing that a model computes depends on it.
const BATCHES: &str = "num_batches_tracked";

/// Writes the state dict of the PyTorch module that is equivalent for images of `domain`: batch norm with statistics of each
/// domain becomes one with those of this one.
///
/// # Errors
/// [`Error::Io`] naming the file.
pub fn write(checkpoint: &Checkpoint, domain: Domain, path: &Path) -> Result<()> {
    let checkpoint = &checkpoint.of_domain(domain)?;
    let steps = checkpoint.step.to_le_bytes();
    let mut views = Vec::new();
    let refused = |e| Error::file(path, "tensors that safetensors can hold", e);
    for (name, (dims, values)) in checkpoint.values() {
        let bytes = bytemuck::cast_slice(values);
        views.push((name.clone(), TensorView::new(Dtype::F32, dims.clone(), bytes).map_err(refused)?));
        if let Some(layer) = name.strip_suffix("running_mean") {
            let count = TensorView::new(Dtype::I64, vec![], &steps).map_err(refused)?;
            views.push((format!("{layer}{BATCHES}"), count));
        }
    }
    let metadata = HashMap::from([(Checkpoint::KEY.to_owned(), metadata(checkpoint)?)]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(refused)?;
    write_whole(path, &bytes)
}

/// What the checkpoint says of itself, and the modules that its tensors belong to.
fn metadata(checkpoint: &Checkpoint) -> Result<String> {
    let own = checkpoint.metadata()?;
    let mut metadata: serde_json::Value =
        serde_json::from_str(&own).map_err(|e| Error::input("metadata", "JSON", e))?;
    metadata["modules"] = checkpoint.config.model.torch_modules()?;
    Ok(metadata.to_string())
}

/// A state dict as it lay in a file.
#[derive(Debug)]
#[non_exhaustive]
pub struct StateDict {
    /// Shapes and values by name.
    pub values: NamedValues,
    /// The file's metadata under [`Checkpoint::KEY`], which the files of [`write()`] have.
    pub metadata: Option<String>,
}

/// Reads a state dict that holds floating-point tensors of any width.
///
/// # Errors
/// [`Error::Io`] or [`Error::Input`] naming the file and what is wrong with it.
pub fn read(path: &Path) -> Result<StateDict> {
    let bytes = std::fs::read(path).map_err(Error::io(path, "read"))?;
    let broken = |e| Error::file(path, "a whole safetensors file", e);
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(broken)?;
    let metadata = header.metadata().as_ref().and_then(|entries| entries.get(Checkpoint::KEY)).cloned();
    let mut values = BTreeMap::new();
    for (name, view) in tensors.tensors() {
        if !name.ends_with(BATCHES) {
            let numbers = numbers(&view).ok_or_else(|| {
                Error::file(path, format!("floating-point values in {name}"), format!("{:?}", view.dtype()))
            })?;
            values.insert(name, (view.shape().to_vec(), numbers));
        }
    }
    Ok(StateDict { values, metadata })
}

/// The values of a tensor as f32; `None` if they are no floating-point numbers.
fn numbers(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let data = view.data();
    Some(match view.dtype() {
        Dtype::F64 => wide(data).map(|word| f64::from_le_bytes(word) as f32).collect(),
        Dtype::F32 => wide(data).map(f32::from_le_bytes).collect(),
        Dtype::F16 => wide(data).map(|word| f16::from_le_bytes(word).to_f32()).collect(),
        Dtype::BF16 => wide(data).map(|word| bf16::from_le_bytes(word).to_f32()).collect(),
        _ => return None,
    })
}

/// The words of `N` bytes in `data`.
fn wide<const N: usize>(data: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    data.as_chunks::<N>().0.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floating_point_numbers_of_any_width_are_read() {
        let numbers_in = |dtype, bytes: &[u8], count| {
            numbers(&TensorView::new(dtype, vec![count], bytes).expect("a tensor"))
        };
        let f64s = [1.5_f64, -2.0].map(f64::to_le_bytes).concat();
        assert_eq!(numbers_in(Dtype::F64, &f64s, 2), Some(vec![1.5, -2.0]));
        let f32s = [0.1_f32].map(f32::to_le_bytes).concat();
        assert_eq!(numbers_in(Dtype::F32, &f32s, 1), Some(vec![0.1]));
        // Sign 1, exponents of 2^1, mantissas 1.5, by hand.
        assert_eq!(numbers_in(Dtype::F16, &[0x00, 0xc2], 1), Some(vec![-3.0]));
        assert_eq!(numbers_in(Dtype::BF16, &[0x40, 0xc0], 1), Some(vec![-3.0]));
        assert_eq!(numbers_in(Dtype::I32, &[0; 4], 1), None);
    }
}
