//! How large everything is that a shader binds, before anything is allocated.

use super::reflect::{Kind, Resource, Texture};
use super::spec::{BufferSpec, Content, Place, Rest, bad};
use super::texels;
use super::{Shader, fill};
use crate::error::{Error, Result};
use std::path::Path;

/// Bytes of an array of any length that nothing is said of.
const DEFAULT_BYTES: u64 = 16 << 20;

/// How large a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// So many bytes.
    Bytes(u64),
    /// A texture.
    Texels {
        /// Width, height, and depth or layers.
        extent: [u32; 3],
        /// What a texel is.
        format: wgpu::TextureFormat,
    },
    /// A sampler, which holds nothing.
    Sampler,
}

impl Shape {
    /// Its bytes; beyond all of them if they cannot be counted.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => *bytes,
            Self::Texels { extent, format } => {
                let texels = extent.iter().map(|&side| u64::from(side)).fold(1_u64, u64::saturating_mul);
                texels.saturating_mul(u64::from(texels::bytes_of(*format)))
            }
            Self::Sampler => 0,
        }
    }
}

/// What a resource holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// How large it is, each of a binding array.
    pub shape: Shape,
    /// Its bytes; of a binding array, those of each.
    pub each: Vec<Vec<u8>>,
    /// From which byte on a uniform block or immediates hold what was drawn at random.
    pub(super) seeded_from: Option<usize>,
}

impl Filled {
    /// The bytes of all.
    pub fn bytes(&self) -> u64 {
        self.each.iter().map(|bytes| bytes.len() as u64).sum()
    }
}

/// What each resource is to hold.
#[derive(Debug)]
pub struct Plan<'a> {
    shader: &'a Shader,
    items: Vec<Item<'a>>,
}

#[derive(Debug)]
struct Item<'a> {
    resource: &'a Resource,
    content: Option<&'a Content>,
    shape: Shape,
}

impl Shader {
    /// What each of `resources` is to hold by `specs`; seeded values where nothing is said.
    ///
    /// # Errors
    /// [`ShaderError::Buffer`](crate::error::ShaderError::Buffer) when a spec names no resource, one that another names too, or another size than its type has;
    /// [`Error::Io`] when a file cannot be read.
    pub fn plan<'a>(&'a self, resources: &'a [Resource], specs: &'a [BufferSpec]) -> Result<Plan<'a>> {
        let mut contents: Vec<Option<&Content>> = vec![None; resources.len()];
        for spec in specs {
            let place = spec.place.find(resources)?;
            if contents[place].replace(&spec.content).is_some() {
                let twice = "one description of each binding";
                return Err(bad(&spec.place.to_string(), twice, "two of this one"));
            }
        }
        let item = |(resource, content): (&'a Resource, Option<&'a Content>)| {
            Ok(Item { resource, content, shape: self.shape(resource, content)? })
        };
        let items = resources.iter().zip(contents).map(item).collect::<Result<_>>()?;
        Ok(Plan { shader: self, items })
    }

    fn shape(&self, resource: &Resource, content: Option<&Content>) -> Result<Shape> {
        match resource.kind {
            Kind::Sampler { .. } if content.is_some() => {
                Err(bad(&resource.described(), "nothing, as a sampler holds nothing", "a description"))
            }
            Kind::Sampler { .. } => Ok(Shape::Sampler),
            Kind::Texture(texture) => texture_shape(resource, texture, content),
            _ => buffer_size(self, resource, content).map(Shape::Bytes),
        }
    }
}

impl Place {
    /// Whether it is that of `resource`.
    pub fn names(&self, resource: &Resource) -> bool {
        match self {
            Self::Name(name) => *name == resource.name,
            Self::Slot { group, binding } => {
                resource.kind != Kind::Immediate && (*group, *binding) == (resource.group, resource.binding)
            }
        }
    }

    /// Where it stands among `resources`.
    ///
    /// # Errors
    /// [`ShaderError::Buffer`](crate::error::ShaderError::Buffer) with all of them when it is none of these.
    pub fn find(&self, resources: &[Resource]) -> Result<usize> {
        let place = resources.iter().position(|resource| self.names(resource));
        place.ok_or_else(|| unknown(self, resources))
    }
}

fn unknown(place: &Place, resources: &[Resource]) -> Error {
    let all: Vec<String> = resources.iter().map(|r| format!("{} {}", r.place(), r.name)).collect();
    let expected = match all.is_empty() {
        true => "none, as the entry point binds nothing".to_owned(),
        false => format!("one of {}", all.join(", ")),
    };
    bad(&place.to_string(), expected, "a binding not in use")
}

impl Resource {
    pub(super) fn described(&self) -> String {
        format!("{} ({} {})", self.place(), self.kind, self.name)
    }
}

fn texture_shape(resource: &Resource, texture: Texture, content: Option<&Content>) -> Result<Shape> {
    let format = texels::format(texture);
    let extent = match content {
        None => texels::extent(texture, [0; 3]),
        Some(Content::Texels(extent)) => texels::extent(texture, *extent),
        Some(Content::File(path)) => texels::extent(texture, texels::picture_extent(path)?),
        Some(_) => {
            let expected = "WIDTHxHEIGHT, WIDTHxHEIGHTxLAYERS or @PICTURE";
            return Err(bad(&resource.described(), expected, "what a buffer holds"));
        }
    };
    match texels::misfit(texture, extent) {
        Some(expected) => {
            let [x, y, z] = extent;
            Err(bad(&resource.described(), expected, format!("{x}x{y}x{z}")))
        }
        None => Ok(Shape::Texels { extent, format }),
    }
}

/// The size in bytes for what is given; fewer values than a fixed size are filled up.
fn buffer_size(shader: &Shader, resource: &Resource, content: Option<&Content>) -> Result<u64> {
    let seeded = || {
        let Some(stride) = resource.stride else { return resource.fixed };
        // As many elements as make a size that can be bound: a multiple of 4, which those of f16 are not by themselves.
        let sizes = (DEFAULT_BYTES.div_ceil(stride.max(1))..).map(|count| resource.fixed + count * stride);
        sizes.take(4).find(|size| size.is_multiple_of(4)).unwrap_or(resource.fixed + DEFAULT_BYTES)
    };
    let (wanted, may_be_less) = match content {
        None | Some(Content::Values(_, Rest::Zeros(None))) => (seeded(), false),
        Some(Content::Values(values, rest)) => {
            let head = fill::head(shader, resource, values)?.len() as u64;
            let rest = match rest {
                Rest::Seeded(size) | Rest::Zeros(Some(size)) => *size,
                _ => 0,
            };
            (head.saturating_add(rest), !values.is_empty())
        }
        Some(Content::File(path)) => (length(path)?, true),
        Some(Content::Texels(_)) => {
            return Err(bad(&resource.described(), "a size in bytes", "that of a texture"));
        }
    };
    let size = if may_be_less && resource.stride.is_none() { wanted.max(resource.fixed) } else { wanted };
    let fits = match resource.stride {
        Some(stride) => size > resource.fixed && (size - resource.fixed).is_multiple_of(stride),
        None => size == resource.fixed,
    };
    if !fits {
        let expected = match resource.stride {
            Some(stride) => {
                let fixed = resource.fixed;
                let elements = (size.saturating_sub(fixed) / stride).max(1);
                let [less, more] =
                    [elements, elements + 1].map(|count| fixed.saturating_add(count.saturating_mul(stride)));
                format!("{fixed} bytes and elements of {stride} bytes behind them, as {less} or {more} are")
            }
            None => format!("{} bytes", resource.fixed),
        };
        return Err(bad(&resource.described(), expected, wanted));
    }
    if resource.stride.is_none() {
        // What f16 leaves of the last 4 bytes, which can only be bound together.
        return Ok(size.next_multiple_of(4));
    }
    if !size.is_multiple_of(4) {
        return Err(bad(&resource.described(), "a multiple of 4 bytes", size));
    }
    Ok(size)
}

fn length(path: &Path) -> Result<u64> {
    Ok(std::fs::metadata(path).map_err(Error::io(path, "read"))?.len())
}

impl Plan<'_> {
    /// The same with textures in other formats, where `formats` has one for a resource: that in which another shader writes it.
    pub(super) fn with_formats(mut self, formats: &[Option<wgpu::TextureFormat>]) -> Self {
        for (item, wanted) in self.items.iter_mut().zip(formats) {
            if let (Shape::Texels { format, .. }, Some(wanted)) = (&mut item.shape, wanted) {
                *format = *wanted;
            }
        }
        self
    }

    /// Refuses what is more than a device of such limits can bind.
    ///
    /// # Errors
    /// [`ShaderError::Buffer`](crate::error::ShaderError::Buffer) naming the limit.
    pub fn check(&self, limits: &wgpu::Limits) -> Result<()> {
        self.items.iter().try_for_each(|item| item.check(limits))
    }

    /// The bytes of each resource: what was given, and seeded values elsewhere: floating-point numbers from −1 to 1, whole
    /// numbers from 0 to 255.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when there is no memory for them, [`Error::Io`] when a file cannot be read, [`Error::Input`]
    /// when it is no picture.
    pub fn fill(&self, seed: u64) -> Result<Vec<Filled>> {
        self.items.iter().map(|item| item.fill(self.shader, seed)).collect()
    }
}

impl Item<'_> {
    fn check(&self, limits: &wgpu::Limits) -> Result<()> {
        let refused = |name: &str, most: u64, found: u64| {
            let expected = format!("at most {most}, the adapter's {name}");
            if found > most { Err(bad(&self.resource.described(), expected, found)) } else { Ok(()) }
        };
        let Resource { group, binding, .. } = self.resource;
        refused("max_bind_groups - 1", u64::from(limits.max_bind_groups.saturating_sub(1)), (*group).into())?;
        let most = u64::from(limits.max_bindings_per_bind_group.saturating_sub(1));
        refused("max_bindings_per_bind_group - 1", most, (*binding).into())?;
        let bytes = self.shape.bytes();
        match self.resource.kind {
            Kind::Uniform => {
                refused("max_uniform_buffer_binding_size", limits.max_uniform_buffer_binding_size, bytes)?;
            }
            Kind::Storage { .. } => {
                refused("max_storage_buffer_binding_size", limits.max_storage_buffer_binding_size, bytes)?;
            }
            Kind::Immediate => {
                return refused("max_immediate_size", limits.max_immediate_size.into(), bytes);
            }
            Kind::Texture(texture) => {
                let Shape::Texels { extent, .. } = self.shape else { return Ok(()) };
                for (name, most, side) in texels::limits(texture, extent, limits) {
                    refused(name, most.into(), side.into())?;
                }
            }
            Kind::Sampler { .. } => return Ok(()),
        }
        refused("max_buffer_size", limits.max_buffer_size, bytes)
    }

    fn fill(&self, shader: &Shader, seed: u64) -> Result<Filled> {
        let count = self.resource.count.unwrap_or(1);
        let each = (0..count).map(|index| match self.shape {
            Shape::Sampler => Ok(vec![]),
            Shape::Texels { extent, format } => {
                texels::fill(self.resource, self.content, extent, format, (seed, index))
            }
            Shape::Bytes(size) => fill::buffer(shader, self.resource, self.content, size, (seed, index)),
        });
        let each = each.collect::<Result<_>>()?;
        Ok(Filled {
            shape: self.shape,
            each,
            seeded_from: fill::seeded_from(shader, self.resource, self.content)?,
        })
    }
}
