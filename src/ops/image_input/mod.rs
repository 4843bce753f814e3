//! Images as the network takes them, from a texture or from values; twin: `twin.rs`, cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;
#[cfg(feature = "check")]
mod twin;

use super::kernels::image_input as wgsl;
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Bind, Fault, Gpu, Recording, Tensor, Work, by, nested};

/// What the texels of a texture hold: `Texture::of(format)`, or `Texture::default()` for colours as networks learn from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
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

    /// The same, whose first component stands for all if `grey`.
    #[must_use]
    pub fn grey(self, grey: bool) -> Self {
        Self { grey, ..self }
    }

    /// The same, whose values are linear light if `linear`.
    #[must_use]
    pub fn linear(self, linear: bool) -> Self {
        Self { linear, ..self }
    }
}

/// What of a texture becomes which part of an image.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// What the texels hold.
    pub holds: Texture,
    /// Left, top, width and height of what is seen, in texels; all of the texture if left out.
    pub crop: Option<[f32; 4]>,
    /// Rows and columns that this is scaled to, before its middle is laid on the image's.
    pub size: [usize; 2],
    /// The encoded colour that is seen through transparent texels and around a smaller picture; black, and texels without
    /// their alpha, if left out.
    pub ground: Option<[f32; 3]>,
}

fn params(y: &Tensor) -> Result<wgsl::Params> {
    const OP: &str = "image_input";
    let map = y.map();
    Ok(wgsl::Params {
        rows: u32_of(OP, y.rows())?,
        channels: u32_of(OP, map.channels)?,
        height: u32_of(OP, map.height)?,
        width: u32_of(OP, map.width)?,
        ..Default::default()
    })
}

/// The pixel of an axis of length `pixels` on which the first of `cells` lies, middle on middle.
fn corner(pixels: usize, cells: usize) -> i32 {
    let half = (pixels.abs_diff(cells) / 2) as i32;
    if cells > pixels { -half } else { half }
}

/// Row `row` of y (N, C, H, W) from a two-dimensional texture, resized; `scale_shift` is (2, C).
///
/// # Errors
/// [`Error::Input`] when y has other than 1 or 3 channels, [`Error::Gpu`] when the view is none of a
/// two-dimensional texture with float values.
pub fn texture(
    rec: &mut Recording,
    view: &wgpu::TextureView,
    placement: &Placement,
    scale_shift: &Tensor,
    (y, row): (&Tensor, usize),
) -> Result<()> {
    const OP: &str = "image_input";
    let map = y.map();
    if map.channels != 1 && map.channels != 3 {
        let expected = "a model of 1 or 3 channels, to give it a texture";
        return Err(Error::input(OP, expected, map.channels));
    }
    if row >= y.rows() {
        return Err(Error::input(OP, format!("one of {} rows", y.rows()), row));
    }
    expect(OP, "scale_shift", scale_shift, &[2, map.channels])?;
    let &Placement { holds, crop, size: [rows, columns], ground } = placement;
    let [red, green, blue] = ground.unwrap_or_default();
    let params = wgsl::Params {
        grey: holds.grey.into(),
        linear: holds.linear.into(),
        row: u32_of(OP, row)?,
        is_laid: ground.is_some().into(),
        crop: crop.unwrap_or_default(),
        ground: [red, green, blue, 1.0],
        corner: [corner(map.width, columns), corner(map.height, rows)],
        cells: [u32_of(OP, columns)?, u32_of(OP, rows)?],
        ..params(y)?
    };
    let invocation = wgsl::Texture { params: &params, image: view, scale_shift, y };
    // Every texel is weighted and added up, then each channel is scaled and shifted.
    let whole = [view.texture().width() as f32, view.texture().height() as f32];
    let [.., width, height] = crop.unwrap_or([0.0, 0.0, whole[0], whole[1]]);
    let work = Work::new(6 * (width * height) as usize + 2 * map.len(), by(y.dims()));
    // A texel more on either side, where they are cut.
    let texels = |seen: f32, cells: usize| (seen / cells as f32) as usize + 2;
    let work = work.turns(nested([texels(height, rows), texels(width, columns)]));
    rec.dispatch(invocation, map.height * map.width, work)
}

/// Has the kernel of [`texture`] built before the first texture comes, if any may come.
///
/// # Errors
/// As [`texture`].
pub(crate) fn build(gpu: &Gpu, scale_shift: &Tensor, y: &Tensor) -> Result<()> {
    if ![1, 3].contains(&y.map().channels) {
        return Ok(());
    }
    let format = wgpu::TextureFormat::Rgba8Unorm;
    let descriptor = wgpu::TextureDescriptor {
        label: Some("image_input"),
        size: wgpu::Extent3d { width: 1, height: 1, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    };
    let texel = || gpu.device().create_texture(&descriptor).create_view(&Default::default());
    let view = Fault::unless_refused(gpu.device(), "image_input", texel)?;
    let placement = Placement { holds: Texture::of(format), crop: None, size: [1, 1], ground: None };
    texture(&mut Recording::new(gpu), &view, &placement, scale_shift, (y, 0))
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
