//! A texture that kernels read and write texel by texel, without filtering.

use super::bind::Bind;
use super::{Fault, Gpu};
use crate::error::{Error, Result};

/// What a texel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TexelFormat {
    /// Four f32.
    Reals,
    /// Two u32.
    Words,
}

impl TexelFormat {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Reals, Self::Words];

    /// The format as wgpu names it.
    pub const fn wgpu(self) -> wgpu::TextureFormat {
        match self {
            Self::Reals => wgpu::TextureFormat::Rgba32Float,
            Self::Words => wgpu::TextureFormat::Rg32Uint,
        }
    }

    /// How large a texel is.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Reals => 16,
            Self::Words => 8,
        }
    }
}

/// A texture of zeros at first, for kernels alone. Clones share the memory.
#[derive(Clone, Debug)]
pub struct Texels {
    view: wgpu::TextureView,
    format: TexelFormat,
    width: u32,
    height: u32,
}

impl Texels {
    /// A texture of `width` × `height` texels.
    ///
    /// # Errors
    /// [`Error::BeyondLimit`] when it is empty or larger than the device's limits, [`Error::OutOfMemory`] when there
    /// is no memory for it.
    pub fn zeros(gpu: &Gpu, label: &str, format: TexelFormat, width: usize, height: usize) -> Result<Self> {
        let most = Self::most(gpu);
        if !(1..=most).contains(&width) || !(1..=most).contains(&height) {
            let expected = format!("a texture of at most {most} × {most} texels, the limit of this device");
            return Err(Error::beyond_limit(label, expected, format!("{width} × {height}")));
        }
        let (width, height) = (width as u32, height as u32);
        let texture =
            storage_texture(gpu, label, [width, height], format.wgpu(), wgpu::TextureUsages::empty())?;
        Ok(Self { view: texture.create_view(&Default::default()), format, width, height })
    }

    /// The longest side that a texture may have on the device.
    pub fn most(gpu: &Gpu) -> usize {
        gpu.device().limits().max_texture_dimension_2d as usize
    }

    /// Whether the device can have textures of all these sizes.
    pub fn fit(gpu: &Gpu, sizes: &[(usize, usize)]) -> bool {
        let most = Self::most(gpu);
        sizes.iter().all(|size| size.0.max(size.1) <= most)
    }

    /// Texels in a row.
    pub fn width(&self) -> usize {
        self.width as usize
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height as usize
    }
}

/// A texture that kernels read or write texel by texel, and what else `usage` says.
///
/// # Errors
/// [`Error::OutOfMemory`] when there is no memory for it.
pub(super) fn storage_texture(
    gpu: &Gpu,
    label: &str,
    [width, height]: [u32; 2],
    format: wgpu::TextureFormat,
    usage: wgpu::TextureUsages,
) -> Result<wgpu::Texture> {
    gpu.counters().allocation();
    let descriptor = wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::STORAGE_BINDING | usage,
        view_formats: &[],
    };
    let what = format_args!("for {label} ({width} × {height} texels)");
    Fault::unless_no_memory(gpu.device(), what, || gpu.device().create_texture(&descriptor))
}

impl Bind for Texels {
    fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::TextureView(&self.view)
    }

    fn bytes(&self) -> u64 {
        self.format.bytes() * u64::from(self.width) * u64::from(self.height)
    }
}
