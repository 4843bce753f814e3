//! Images as the network takes them, from a texture or from values; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::image_input as wgsl;
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Bind, Recording, Tensor, Work, by};

/// What the texels of a texture hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texture {
    /// The first component stands for all: a grey image.
    pub grey: bool,
    /// The values are linear light, as those that sRGB formats decode.
    pub linear: bool,
}

impl Texture {
    /// What textures of `format` hold.
    pub fn of(format: wgpu::TextureFormat) -> Self {
        Self { grey: format.components() < 3, linear: format.is_srgb() }
    }
}

fn params(y: &Tensor) -> Result<wgsl::Params> {
    const OP: &str = "image_input";
    let map = y.map();
    Ok(wgsl::Params {
        rows: u32_of(OP, y.rows())?,
        channels: u32_of(OP, map.channels)?,
        height: u32_of(OP, map.height)?,
        width: u32_of(OP, map.width)?,
        grey: 0,
        linear: 0,
    })
}

/// The first row of y (N, C, H, W) from all of a two-dimensional texture, resized; `scale_shift` is (2, C).
///
/// # Errors
/// [`Error::Input`] when y has other than 1 or 3 channels, [`Error::Gpu`] when the view is none of a
/// two-dimensional texture with float values.
pub fn texture(
    rec: &mut Recording,
    view: &wgpu::TextureView,
    holds: Texture,
    scale_shift: &Tensor,
    y: &Tensor,
) -> Result<()> {
    let map = y.map();
    if map.channels != 1 && map.channels != 3 {
        let expected = "a model of 1 or 3 channels, to give it a texture";
        return Err(Error::input("image_input", expected, map.channels));
    }
    expect("image_input", "scale_shift", scale_shift, &[2, map.channels])?;
    let params = wgsl::Params { grey: holds.grey.into(), linear: holds.linear.into(), ..params(y)? };
    let invocation = wgsl::Texture { params: &params, image: view, scale_shift, y };
    // Every texel is weighted and added up, then each channel is scaled and shifted.
    let texels = view.texture().width() as usize * view.texture().height() as usize;
    let work = Work::new(6 * texels + 2 * y.len(), by(y.dims()));
    rec.dispatch(invocation, map.height * map.width, work)
}

/// y (N, C, H, W) from x of the same shape; `scale_shift` is (2, C).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub(crate) fn values(rec: &mut Recording, x: &dyn Bind, scale_shift: &Tensor, y: &Tensor) -> Result<()> {
    expect("image_input", "scale_shift", scale_shift, &[2, y.map().channels])?;
    rec.dispatch(
        wgsl::Values { params: &params(y)?, scale_shift, y, x },
        y.len(),
        Work::new(2 * y.len(), by(y.dims())),
    )
}
