//! Maps in textures: four channels to a texel, images side by side and below each other.

use super::super::u32_of;
use super::groups;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor, TexelFormat, Texels, Work, by};
use crate::ops::kernels::texels as wgsl;

/// How the maps of a batch lie in a texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Channel groups of a column.
    pub groups: usize,
    /// Rows and columns of zeros above and left of an image.
    pub border: (usize, usize),
    /// Images side by side.
    pub across: usize,
    /// Texels from an image to the next.
    pub image_width: usize,
    /// Rows from an image to the one below.
    pub image_height: usize,
    rows: usize,
}

impl Layout {
    /// A layout for `rows` images of `size` (height, width) with the border, in which kernels read that far.
    ///
    /// # Errors
    /// [`Error::BeyondLimit`] when the batch does not fit a texture of the device.
    pub fn new(
        gpu: &Gpu,
        rows: usize,
        groups: usize,
        size: (usize, usize),
        border: (usize, usize),
    ) -> Result<Self> {
        let most = Texels::most(gpu);
        let (image_height, image_width) = (size.0, size.1 * groups);
        let below = (most / image_height).max(1);
        let across = rows.div_ceil(below);
        if image_height > most || across * image_width > most {
            let expected = format!("a batch that fits a texture of {most} × {most} texels");
            let found = format!("{rows} maps of {image_width} × {image_height} texels");
            return Err(Error::beyond_limit("convolution", expected, found));
        }
        Ok(Self { groups, border, across, image_width, image_height, rows })
    }

    /// A texture for maps laid out so.
    ///
    /// # Errors
    /// As [`Texels::zeros`].
    pub fn texels(&self, gpu: &Gpu, label: &str, format: TexelFormat) -> Result<Texels> {
        let height = self.rows.div_ceil(self.across) * self.image_height;
        Texels::zeros(gpu, label, format, self.across * self.image_width, height)
    }

    /// The same layout for what takes one texel where this one takes two.
    pub fn halved(self) -> Self {
        Self { groups: self.groups / 2, image_width: self.image_width / 2, ..self }
    }

    fn params(&self, x: &Tensor) -> Result<wgsl::Params> {
        const OP: &str = "texels";
        let map = x.map();
        // Every caller has checked x against the shapes that the layout is made for.
        assert!(self.rows == x.rows() && groups(map.channels) <= self.groups);
        Ok(wgsl::Params {
            rows: u32_of(OP, x.rows())?,
            channels: u32_of(OP, map.channels)?,
            height: u32_of(OP, map.height)?,
            width: u32_of(OP, map.width)?,
            groups: u32_of(OP, self.groups)?,
            top: u32_of(OP, self.border.0)?,
            left: u32_of(OP, self.border.1)?,
            across: u32_of(OP, self.across)?,
            image_width: u32_of(OP, self.image_width)?,
            image_height: u32_of(OP, self.image_height)?,
        })
    }

    fn threads(&self, x: &Tensor) -> usize {
        x.rows() * x.map().height * self.groups
    }
}

/// A texture, laid out so, from x (N, C, H, W).
///
/// # Errors
/// [`Error::Gpu`] when there is no memory for it.
pub fn packed(rec: &mut Recording, layout: &Layout, label: &str, x: &Tensor) -> Result<Texels> {
    let texels = layout.texels(rec.gpu(), label, TexelFormat::Reals)?;
    let (params, threads, work) = (&layout.params(x)?, layout.threads(x), Work::new(0, by(x.dims())));
    let map = x.map();
    if map.width.is_multiple_of(4) && map.channels.is_multiple_of(4) {
        rec.dispatch(wgsl::PackQuads { params, quads: x, texels: &texels }, threads, work)?;
    } else {
        rec.dispatch(wgsl::Pack { params, x, texels: &texels }, threads, work)?;
    }
    Ok(texels)
}

/// `texels`, laid out so, from dy (N, C, H, W), 0 where y (N, C, H, W) is not above 0.
///
/// # Errors
/// [`Error::Input`] when the shapes differ.
pub fn pack_gradient(
    rec: &mut Recording,
    layout: &Layout,
    dy: &Tensor,
    y: &Tensor,
    texels: &Texels,
) -> Result<()> {
    super::super::expect("texels", "y", y, dy.dims())?;
    let work = Work::new(dy.len(), by(dy.dims()));
    rec.dispatch(
        wgsl::PackGradient { params: &layout.params(dy)?, x: dy, y, texels },
        layout.threads(dy),
        work,
    )
}
