//! What an entry point binds.

use super::Shader;
use crate::error::{Error, Result};
use naga::valid::GlobalUse;
use naga::{
    AddressSpace, ArraySize, GlobalVariable, Handle, ImageClass, ImageDimension, StorageAccess, Type,
    TypeInner,
};
use std::fmt;

/// What a binding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A uniform block.
    Uniform,
    /// A storage buffer.
    Storage {
        /// Whether it is declared to be read alone.
        read_only: bool,
    },
    /// A block of immediates, which has neither group nor binding.
    Immediate,
    /// A texture.
    Texture(Texture),
    /// A sampler.
    Sampler {
        /// Whether it compares.
        comparison: bool,
    },
}

/// What a texture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texture {
    /// Its dimensions.
    pub dimension: ImageDimension,
    /// Whether it has layers.
    pub arrayed: bool,
    /// What its texels are.
    pub class: ImageClass,
    /// Whether a sampler reads it.
    pub sampled: bool,
}

/// Something that an entry point binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The number behind `@group`.
    pub group: u32,
    /// The number behind `@binding`.
    pub binding: u32,
    /// The variable.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// How many there are, of a binding array.
    pub count: Option<u32>,
    /// The bytes of what has a fixed size, of a buffer.
    pub fixed: u64,
    /// The bytes of an element of the array of any length at the end, if there is one.
    pub stride: Option<u64>,
    /// Whether the entry point reads it.
    pub read: bool,
    /// Whether the entry point writes it.
    pub written: bool,
    /// The type of one.
    pub(super) ty: Handle<Type>,
    pub(super) variable: Handle<GlobalVariable>,
}

impl Resource {
    /// Whether it holds bytes that are laid out as its type says.
    pub fn is_buffer(&self) -> bool {
        matches!(self.kind, Kind::Uniform | Kind::Storage { .. } | Kind::Immediate)
    }

    /// Its group, binding and name, for people.
    pub fn place(&self) -> String {
        match self.kind {
            Kind::Immediate => self.name.clone(),
            _ => format!("{}:{}", self.group, self.binding),
        }
    }

    /// What it is, for people.
    pub fn what(&self) -> String {
        match self.count {
            Some(count) => format!("{count} × {}", self.kind),
            None => self.kind.to_string(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Uniform => "uniform",
            Self::Storage { .. } => "storage",
            Self::Immediate => "immediate",
            Self::Texture(Texture { class: ImageClass::Storage { .. }, .. }) => "storage texture",
            Self::Texture(_) => "texture",
            Self::Sampler { comparison: true } => "comparison sampler",
            Self::Sampler { .. } => "sampler",
        })
    }
}

impl Shader {
    /// What the entry point uses: by group and binding, then the immediates.
    ///
    /// # Errors
    /// [`Error::Input`] when it uses something that cannot be filled.
    pub fn resources(&self) -> Result<Vec<Resource>> {
        let usage = self.info.get_entry_point(self.entry);
        let used = self.module.global_variables.iter().filter(|(handle, _)| !usage[*handle].is_empty());
        let bound = used.filter(|(_, variable)| {
            variable.binding.is_some() || matches!(variable.space, AddressSpace::Immediate)
        });
        let resources = bound.map(|(handle, variable)| self.resource(handle, variable, usage[handle]));
        let mut resources = resources.collect::<Result<Vec<_>>>()?;
        resources.sort_by_key(|r| (r.kind == Kind::Immediate, r.group, r.binding));
        Ok(resources)
    }

    fn resource(
        &self,
        handle: Handle<GlobalVariable>,
        variable: &GlobalVariable,
        usage: GlobalUse,
    ) -> Result<Resource> {
        let name = variable.name.clone().unwrap_or_default();
        let (ty, count) = match self.module.types[variable.ty].inner {
            TypeInner::BindingArray { base, size } => (base, Some(self.count(&name, size)?)),
            _ => (variable.ty, None),
        };
        let kind = self.kind(&name, handle, variable.space, ty)?;
        let is_buffer = !matches!(kind, Kind::Texture(_) | Kind::Sampler { .. });
        let (fixed, stride) = if is_buffer { self.size(ty) } else { (0, None) };
        let (group, binding) = variable.binding.map_or((0, 0), |binding| (binding.group, binding.binding));
        Ok(Resource {
            group,
            binding,
            name,
            kind,
            count,
            fixed,
            stride,
            read: usage.intersects(GlobalUse::READ | GlobalUse::ATOMIC),
            written: usage.intersects(GlobalUse::WRITE | GlobalUse::ATOMIC),
            ty,
            variable: handle,
        })
    }

    fn kind(
        &self,
        name: &str,
        variable: Handle<GlobalVariable>,
        space: AddressSpace,
        ty: Handle<Type>,
    ) -> Result<Kind> {
        let cannot = |found: &str| {
            let subject = format!("{}: {name}", self.path.display());
            Err(Error::input(subject, "buffers, immediates, textures and samplers", found))
        };
        match (space, &self.module.types[ty].inner) {
            (AddressSpace::Uniform, _) => Ok(Kind::Uniform),
            (AddressSpace::Storage { access }, _) => {
                Ok(Kind::Storage { read_only: !access.contains(StorageAccess::STORE) })
            }
            (AddressSpace::Immediate, _) => Ok(Kind::Immediate),
            (_, TypeInner::Sampler { comparison }) => Ok(Kind::Sampler { comparison: *comparison }),
            (_, TypeInner::Image { class: ImageClass::External, .. }) => {
                cannot("an external texture, which is a video's")
            }
            (_, &TypeInner::Image { dim: dimension, arrayed, class }) => {
                let entry = self.info.get_entry_point(self.entry);
                let sampled = entry.sampling_set.iter().any(|key| key.image == variable);
                Ok(Kind::Texture(Texture { dimension, arrayed, class, sampled }))
            }
            _ => cannot("an acceleration structure"),
        }
    }

    fn count(&self, name: &str, size: ArraySize) -> Result<u32> {
        match size {
            ArraySize::Constant(count) => Ok(count.get()),
            _ => {
                let subject = format!("{}: {name}", self.path.display());
                Err(Error::input(subject, "a binding array of a size", "one of any size"))
            }
        }
    }

    /// The bytes of fixed size, and those of an element of the array of any length behind them.
    fn size(&self, ty: Handle<Type>) -> (u64, Option<u64>) {
        let inner = &self.module.types[ty].inner;
        match inner {
            TypeInner::Array { size: ArraySize::Dynamic, stride, .. } => (0, Some(u64::from(*stride))),
            TypeInner::Struct { members, span } => match members.last().map(|last| self.size(last.ty)) {
                Some((0, Some(stride))) => {
                    (u64::from(members.last().map_or(0, |last| last.offset)), Some(stride))
                }
                _ => (u64::from(*span), None),
            },
            _ => (u64::from(inner.size(self.module.to_ctx())), None),
        }
    }
}
