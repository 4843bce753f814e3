//! Dense layers with a ReLU between each two of them, as one chain of fused kernels; what lies between them stays in
//! textures.

#[cfg(feature = "check")]
pub(crate) mod proof;
#[cfg(feature = "check")]
mod twin;

use super::Parameters;
use super::dense_tile::{self, Matrix};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor};

/// What a forward pass leaves for its backward pass.
#[derive(Debug)]
pub struct Saved {
    /// The shape of x, and so of dx.
    pub x_dims: Vec<usize>,
    layers: Vec<SavedLayer>,
}

#[derive(Debug)]
struct SavedLayer {
    x: Matrix,
    weight: Matrix,
}

/// Records y (N, O), the last layer's, from x (N, I), the first layer's, each row of which counts as one vector.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit each other or the device,
/// [`crate::error::Error::Gpu`] when there is no memory for what lies between the kernels.
pub fn forward(rec: &mut Recording, x: &Tensor, layers: &[Parameters<'_>], y: &Tensor) -> Result<Saved> {
    let mut saved = Vec::with_capacity(layers.len());
    let Some((last, in_front)) = layers.split_last() else {
        return Err(Error::input("dense_chain", "at least one layer", "none"));
    };
    let x_dims = x.dims().to_vec();
    let mut x = Matrix::pack(rec, "x", x)?;
    for layer in in_front {
        let weight = Matrix::pack(rec, "weight", layer.weight)?;
        let behind = dense_tile::forward_relu(rec, &x, &weight, layer.bias)?;
        saved.push(SavedLayer { x: std::mem::replace(&mut x, behind), weight });
    }
    let weight = Matrix::pack(rec, "weight", last.weight)?;
    dense_tile::forward(rec, &x, &weight, last.bias, y)?;
    saved.push(SavedLayer { x, weight });
    Ok(Saved { x_dims, layers: saved })
}

/// Records the gradients of all parameters and dx, those that are wanted, from dy (N, O).
///
/// # Errors
/// As [`forward`].
pub fn backward(
    rec: &mut Recording,
    saved: &Saved,
    dy: &Tensor,
    gradients: Option<&[Parameters<'_>]>,
    dx: Option<&Tensor>,
) -> Result<()> {
    if let Some(gradients) = gradients.filter(|gradients| gradients.len() != saved.layers.len()) {
        let expected = format!("gradients of {} layers", saved.layers.len());
        return Err(Error::input("dense_chain", expected, gradients.len()));
    }
    let mut dy = Matrix::pack(rec, "dy", dy)?;
    for (index, layer) in saved.layers.iter().enumerate().rev() {
        if let Some(gradient) = gradients.map(|gradients| gradients[index]) {
            dense_tile::backward_parameters(rec, &layer.x, &dy, gradient.weight, gradient.bias)?;
        }
        if index > 0 {
            dy = dense_tile::backward_input_relu(rec, &layer.x, &dy, &layer.weight)?;
        } else if let Some(dx) = dx {
            dense_tile::backward_input(rec, &dy, &layer.weight, dx)?;
        }
    }
    Ok(())
}
