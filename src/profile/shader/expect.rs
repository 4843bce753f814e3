//! What a shader is expected to write, and files of what it wrote.

use super::literal::Literal;
use super::plan::Shape;
use super::reflect::Resource;
use super::spec::{Content, Place, Rest, bad, content_of};
use super::{Shader, fill, texels};
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use wgpu::TextureFormat;

/// What one binding shall hold in the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Which binding.
    pub place: Place,
    /// What it shall hold.
    pub content: Content,
}

const EXPECTED: &str =
    "BINDING= or NAME= and a file, values that it begins with (1u,0.5), or zero where it is all zeros";

impl FromStr for Expectation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || bad("", EXPECTED, format!("{text:?}"));
        let (place, content) = text.split_once('=').ok_or_else(wrong)?;
        let (place, content) = (place.parse().map_err(|()| wrong())?, content.trim());
        // A whole number by itself is no size here.
        let number =
            content.parse::<Literal>().ok().map(|number| Content::Values(vec![number], Rest::Nothing));
        let content = match number.or_else(|| content_of(content)) {
            Some(Content::Values(values, Rest::Nothing)) => Content::Values(values, Rest::Nothing),
            Some(Content::Values(values, Rest::Zeros(None))) => Content::Values(values, Rest::Zeros(None)),
            Some(Content::File(path)) => Content::File(path),
            None if !content.is_empty() => Content::File(content.into()),
            _ => return Err(wrong()),
        };
        Ok(Self { place, content })
    }
}

/// Where to write what one binding holds in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dump {
    /// Which binding.
    pub place: Place,
    /// The file.
    pub file: PathBuf,
}

impl FromStr for Dump {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || bad("", "BINDING= or NAME= and a file", format!("{text:?}"));
        let (place, file) = text.split_once('=').ok_or_else(wrong)?;
        let place = place.parse().map_err(|()| wrong())?;
        if file.is_empty() { Err(wrong()) } else { Ok(Self { place, file: file.into() }) }
    }
}

impl Shader {
    /// The bytes that a resource of that `shape` is expected to hold, or the first of them where values are given.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be read; [`ShaderError::Buffer`](crate::error::ShaderError::Buffer) when it has
    /// another size, or the type cannot hold a value.
    pub fn expected(&self, resource: &Resource, shape: Shape, content: &Content) -> Result<Vec<u8>> {
        let count = u64::from(resource.count.unwrap_or(1));
        let size = shape.bytes().saturating_mul(count);
        let other = |found: u64| bad(&resource.described(), format!("{size} bytes"), found);
        match (content, shape) {
            (Content::File(path), _) => {
                // A file of another size, or of no end, is not read.
                let length = std::fs::metadata(path).map_err(Error::io(path, "read"))?.len();
                match shape {
                    _ if length == size => std::fs::read(path).map_err(Error::io(path, "read")),
                    Shape::Texels { extent, format } => {
                        let [width, height, _] = texels::picture_extent(path)?;
                        if [width, height] != extent[..2] {
                            let expected = format!("a picture of {}x{}", extent[0], extent[1]);
                            return Err(bad(&resource.described(), expected, format!("{width}x{height}")));
                        }
                        let one = texels::fill(resource, Some(content), extent, format, (0, 0))?;
                        Ok(one.repeat(count as usize))
                    }
                    _ => Err(other(length)),
                }
            }
            (Content::Values(values, rest), Shape::Bytes(_)) => {
                let mut bytes = fill::head(self, resource, values)?;
                if bytes.len() as u64 > size {
                    return Err(other(bytes.len() as u64));
                }
                if *rest != Rest::Nothing {
                    bytes.resize(size as usize, 0);
                }
                Ok(bytes)
            }
            (Content::Values(values, Rest::Zeros(_)), _) if values.is_empty() => {
                fill::zeros(&resource.place(), size)
            }
            _ => Err(bad(&resource.described(), "a file or zero", "values")),
        }
    }
}

impl Resource {
    /// Writes what the resource held into a file: its bytes, or a picture where the name says so.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be written; [`Error::Input`] when no picture can be made of it.
    pub fn dump(&self, shape: Shape, bytes: &[u8], file: &Path) -> Result<()> {
        let is_picture = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
        if !is_picture {
            return std::fs::write(file, bytes).map_err(Error::io(file, "write"));
        }
        let pixels = match shape {
            Shape::Texels { extent: [width, height, 1], format }
                if self.count.is_none_or(|count| count == 1) =>
            {
                match format {
                    TextureFormat::Rgba8Unorm => Some((width, height, image::ExtendedColorType::Rgba8)),
                    TextureFormat::R8Unorm => Some((width, height, image::ExtendedColorType::L8)),
                    _ => None,
                }
            }
            _ => None,
        };
        let Some((width, height, kind)) = pixels else {
            let expected = format!("one texture of rgba8unorm or r8unorm for {}", file.display());
            return Err(Error::input(
                self.described(),
                expected,
                "another resource (its bytes go into a file of any other name)",
            ));
        };
        let unwritten = |e: image::ImageError| match e {
            image::ImageError::IoError(e) => Error::io(file, "write")(e),
            e => Error::file(file, "a picture that can be written", e),
        };
        image::save_buffer_with_format(file, bytes, width, height, kind, image::ImageFormat::Png)
            .map_err(unwritten)
    }
}
