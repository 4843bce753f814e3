//! Images as the network takes them, from a texture or from values; twin: [`crate::reference::image_input`].

use super::{expect, expect_real, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Bind, Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    channels: u32,
    height: u32,
    width: u32,
    grey: u32,
    linear: u32,
}

const KERNEL: Kernel = Kernel {
    label: "image_input",
    source: include_str!("../../shaders/image_input.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// y from a texture.
pub const TEXTURE: Kernel = Kernel {
    label: "image_input.texture",
    entry_point: "texture",
    bindings: &[Binding::params::<Params>(), Binding::read_texture(1), Binding::read(2), Binding::write(3)],
    ..KERNEL
};

/// y from values.
pub const VALUES: Kernel = Kernel {
    label: "image_input.values",
    entry_point: "values",
    bindings: &[Binding::params::<Params>(), Binding::read(4), Binding::read(2), Binding::write(3)],
    ..KERNEL
};

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

fn params(y: &Tensor) -> Result<Params> {
    const OP: &str = "image_input";
    expect_real(OP, "y", y)?;
    let map = y.map();
    Ok(Params {
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
    let params = Params { grey: holds.grey.into(), linear: holds.linear.into(), ..params(y)? };
    let buffers: [&dyn Bind; _] = [view, scale_shift, y];
    // Every texel is weighted and added up, then each channel is scaled and shifted.
    let texels = view.texture().width() as usize * view.texture().height() as usize;
    let work = Work::new(6 * texels + 2 * y.len(), by(y.dims()));
    rec.dispatch(&TEXTURE, &params, &buffers, map.height * map.width, work)
}

/// y (N, C, H, W) from x of the same shape; `scale_shift` is (2, C).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub(crate) fn values(rec: &mut Recording, x: &dyn Bind, scale_shift: &Tensor, y: &Tensor) -> Result<()> {
    expect("image_input", "scale_shift", scale_shift, &[2, y.map().channels])?;
    rec.dispatch(&VALUES, &params(y)?, &[x, scale_shift, y], y.len(), Work::new(2 * y.len(), by(y.dims())))
}
