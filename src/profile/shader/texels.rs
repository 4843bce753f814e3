//! The texels of a texture: of a format and a size that its declaration allows, seeded or from a picture.

use super::fill;
use super::reflect::{Kind, Resource, Texture};
use super::spec::Content;
use crate::error::{Error, Result};
use crate::rng::Rng;
use half::f16;
use naga::{ImageClass, ImageDimension, Scalar, ScalarKind};
use rand::RngExt as _;
use std::path::Path;
use wgpu::TextureFormat;

/// The samples of a texel of a multisampled texture.
pub(super) const SAMPLES: u32 = 4;

/// What is stored of a texel.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Channel {
    /// A share of one.
    Normalized,
    /// A whole number.
    Whole,
    /// A floating-point number.
    Real,
    /// Several in a word.
    Packed,
}

/// A format that a shader can read, or write, by that declaration.
pub(super) fn format(texture: Texture) -> TextureFormat {
    match texture.class {
        ImageClass::Storage { format, .. } => wgpu_naga_bridge::map_storage_format_from_naga(format),
        // Of the formats of depth it is the one that can be written from outside.
        ImageClass::Depth { .. } => TextureFormat::Depth16Unorm,
        ImageClass::Sampled { kind: ScalarKind::Sint, .. } => TextureFormat::Rgba8Sint,
        ImageClass::Sampled { kind: ScalarKind::Uint, .. } => TextureFormat::Rgba8Uint,
        ImageClass::Sampled { .. } | ImageClass::External => TextureFormat::Rgba8Unorm,
    }
}

/// The bytes of a texel.
pub(super) fn bytes_of(format: TextureFormat) -> u32 {
    format.block_copy_size(None).unwrap_or(4)
}

/// How often a texture has each texel.
pub(super) fn samples(kind: Kind) -> u64 {
    match kind {
        Kind::Texture(texture) if is_multisampled(texture) => SAMPLES.into(),
        _ => 1,
    }
}

pub(super) fn is_multisampled(texture: Texture) -> bool {
    matches!(texture.class, ImageClass::Sampled { multi: true, .. } | ImageClass::Depth { multi: true })
}

/// Width, height, and depth or layers, where nothing is said of them; and where a part is 0, that part.
pub(super) fn extent(texture: Texture, [x, y, z]: [u32; 3]) -> [u32; 3] {
    let [width, height, depth] = match (texture.dimension, texture.arrayed) {
        (ImageDimension::D1, _) => [1024, 1, 1],
        (ImageDimension::D2, false) => [512, 512, 1],
        (ImageDimension::D2, true) => [512, 512, 4],
        (ImageDimension::D3, _) => [64, 64, 64],
        (ImageDimension::Cube, false) => [256, 256, 6],
        (ImageDimension::Cube, true) => [256, 256, 12],
    };
    let or = |given: u32, else_: u32| if given == 0 { else_ } else { given };
    [or(x, width), or(y, height), or(z, depth)]
}

/// What would fit the declaration, where `extent` does not.
pub(super) fn misfit(texture: Texture, [x, y, z]: [u32; 3]) -> Option<&'static str> {
    match (texture.dimension, texture.arrayed) {
        (ImageDimension::D1, _) => (y > 1 || z > 1).then_some("WIDTHx1"),
        (ImageDimension::D2, false) => (z > 1).then_some("WIDTHxHEIGHT"),
        (ImageDimension::Cube, false) => (x != y || z != 6).then_some("a square and 6 faces"),
        (ImageDimension::Cube, true) => {
            (x != y || !z.is_multiple_of(6)).then_some("a square and a multiple of 6 faces")
        }
        _ => None,
    }
}

/// By name, the limits of sides: what they are, and what there is.
pub(super) fn limits(
    texture: Texture,
    [x, y, z]: [u32; 3],
    limits: &wgpu::Limits,
) -> Vec<(&'static str, u32, u32)> {
    match texture.dimension {
        ImageDimension::D1 => vec![("max_texture_dimension_1d", limits.max_texture_dimension_1d, x)],
        ImageDimension::D3 => {
            vec![("max_texture_dimension_3d", limits.max_texture_dimension_3d, x.max(y).max(z))]
        }
        _ => vec![
            ("max_texture_dimension_2d", limits.max_texture_dimension_2d, x.max(y)),
            ("max_texture_array_layers", limits.max_texture_array_layers, z),
        ],
    }
}

/// Width and height of a picture.
///
/// # Errors
/// [`Error::Io`] when it cannot be read, [`Error::Input`] when it is none.
pub(super) fn picture_extent(path: &Path) -> Result<[u32; 3]> {
    let (width, height) = open(path)?.into_dimensions().map_err(|e| no_picture(path, &e))?;
    Ok([width, height, 0])
}

fn open(path: &Path) -> Result<image::ImageReader<std::io::BufReader<std::fs::File>>> {
    let reader = image::ImageReader::open(path).map_err(Error::io(path, "read"))?;
    reader.with_guessed_format().map_err(Error::io(path, "read"))
}

fn no_picture(path: &Path, e: &image::ImageError) -> Error {
    Error::file(path, "a picture (PNG, JPEG, BMP, WebP)", e)
}

/// The texels of one texture.
pub(super) fn fill(
    resource: &Resource,
    content: Option<&Content>,
    extent: [u32; 3],
    format: TextureFormat,
    draw: (u64, u32),
) -> Result<Vec<u8>> {
    let [width, height, layers] = extent;
    let count = u64::from(width) * u64::from(height) * u64::from(layers);
    let mut bytes = fill::zeros(&resource.place(), count.saturating_mul(u64::from(bytes_of(format))))?;
    let (channel, size) = channel(format);
    match content {
        Some(Content::File(path)) => {
            let picture = open(path)?.decode().map_err(|e| no_picture(path, &e))?.to_rgba8();
            let layer = (bytes.len() / layers as usize).max(1);
            bytes.chunks_mut(layer).for_each(|layer| draw_picture(layer, picture.as_raw(), format));
        }
        _ => {
            let mut rng = fill::stream(resource, draw);
            bytes.chunks_mut(size).for_each(|value| seed(channel, value, &mut rng));
        }
    }
    Ok(bytes)
}

/// What a channel is, and its bytes.
pub(super) fn channel(format: TextureFormat) -> (Channel, usize) {
    use TextureFormat as F;
    let channel = match format {
        F::R16Float | F::Rg16Float | F::Rgba16Float | F::R32Float | F::Rg32Float | F::Rgba32Float => {
            Channel::Real
        }
        F::Rg11b10Ufloat | F::Rgb10a2Unorm | F::Rgb10a2Uint => return (Channel::Packed, 4),
        _ => match format.sample_type(None, None) {
            Some(wgpu::TextureSampleType::Uint | wgpu::TextureSampleType::Sint) => Channel::Whole,
            _ => Channel::Normalized,
        },
    };
    (channel, (bytes_of(format) / u32::from(format.components()).max(1)).max(1) as usize)
}

fn seed(channel: Channel, value: &mut [u8], rng: &mut Rng) {
    let of = |kind, value: &mut [u8], rng: &mut Rng| {
        let width = value.len() as u8;
        fill::seed_scalar(Scalar { kind, width }, value, rng);
    };
    match channel {
        Channel::Real => of(ScalarKind::Float, value, rng),
        Channel::Whole => of(ScalarKind::Uint, value, rng),
        Channel::Normalized => value.iter_mut().for_each(|byte| *byte = rng.random()),
        // Without the highest bit of each exponent, no part is infinite or no number.
        Channel::Packed => {
            let word = rng.random::<u32>() & !(1 << 10 | 1 << 21 | 1 << 31);
            value.copy_from_slice(&word.to_le_bytes()[..value.len()]);
        }
    }
}

/// The picture's bytes in another format: shares of one where that has such, else whole numbers.
fn draw_picture(layer: &mut [u8], rgba: &[u8], format: TextureFormat) {
    let (channel, size) = channel(format);
    let channels = usize::from(format.components()).max(1);
    for (texel, rgba) in layer.chunks_mut(size * channels).zip(rgba.chunks(4)) {
        let is_bgra = format == TextureFormat::Bgra8Unorm;
        let place = |index: usize| if is_bgra && index < 3 { 2 - index } else { index };
        for (index, value) in texel.chunks_mut(size).enumerate() {
            let byte = rgba[place(index) % 4];
            let share = f32::from(byte) / 255.0;
            match (channel, value.len()) {
                (Channel::Real, 2) => value.copy_from_slice(&f16::from_f32(share).to_le_bytes()),
                (Channel::Real, 4) => value.copy_from_slice(&share.to_le_bytes()),
                (Channel::Normalized, 2) => value.copy_from_slice(&(u16::from(byte) * 257).to_le_bytes()),
                (Channel::Packed, _) => value.copy_from_slice(&packed(format, rgba)),
                _ => value[0] = byte,
            }
        }
    }
}

fn packed(format: TextureFormat, rgba: &[u8]) -> [u8; 4] {
    let [r, g, b, a] = [0, 1, 2, 3].map(|i| u32::from(rgba[i]));
    let word = match format {
        TextureFormat::Rgb10a2Unorm => {
            (r * 1023 / 255) | (g * 1023 / 255) << 10 | (b * 1023 / 255) << 20 | (a >> 6) << 30
        }
        TextureFormat::Rgb10a2Uint => r | g << 10 | b << 20 | (a >> 6) << 30,
        // The exponent and mantissa of a float of 16 bits without a sign.
        _ => {
            let bits = |byte: u32| u32::from(f16::from_f32(byte as f32 / 255.0).to_bits());
            (bits(r) >> 4) | (bits(g) >> 4) << 11 | (bits(b) >> 5) << 22
        }
    };
    word.to_le_bytes()
}
