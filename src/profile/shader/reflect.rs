//! What an entry point binds.

use super::Shader;
use crate::error::{Error, Result};
use naga::valid::GlobalUse;
use naga::{AddressSpace, ArraySize, GlobalVariable, Handle, Type, TypeInner};

/// Where a binding lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// A uniform block.
    Uniform,
    /// A storage buffer.
    Storage,
}

/// A buffer that an entry point binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The number behind `@group`.
    pub group: u32,
    /// The number behind `@binding`.
    pub binding: u32,
    /// The variable.
    pub name: String,
    /// Where it lives.
    pub space: Space,
    /// The bytes of what has a fixed size.
    pub fixed: u64,
    /// The bytes of an element of the array of any length at the end, if there is one.
    pub stride: Option<u64>,
    /// Whether the entry point reads it.
    pub read: bool,
    /// Whether the entry point writes it.
    pub written: bool,
    pub(super) ty: Handle<Type>,
}

impl Shader {
    /// The buffers that the entry point uses, by group and binding.
    ///
    /// # Errors
    /// [`Error::Input`] when it uses something else, which cannot be filled.
    pub fn resources(&self) -> Result<Vec<Resource>> {
        let usage = self.info.get_entry_point(self.entry);
        let used = self.module.global_variables.iter().filter(|(handle, _)| !usage[*handle].is_empty());
        let bound = used.filter_map(|(handle, variable)| Some((handle, variable, variable.binding?)));
        let resources =
            bound.map(|(handle, variable, binding)| self.resource(variable, binding, usage[handle]));
        let mut resources = resources.collect::<Result<Vec<_>>>()?;
        resources.sort_by_key(|resource| (resource.group, resource.binding));
        Ok(resources)
    }

    fn resource(
        &self,
        variable: &GlobalVariable,
        binding: naga::ResourceBinding,
        usage: GlobalUse,
    ) -> Result<Resource> {
        let name = variable.name.clone().unwrap_or_default();
        let space = match variable.space {
            AddressSpace::Uniform => Space::Uniform,
            AddressSpace::Storage { .. } => Space::Storage,
            _ => {
                let subject = format!("{}: {name} (binding {})", self.path.display(), binding.binding);
                let found = "a texture or sampler, which is not filled";
                return Err(Error::input(subject, "uniform and storage buffers alone", found));
            }
        };
        let (fixed, stride) = self.size(variable.ty);
        Ok(Resource {
            group: binding.group,
            binding: binding.binding,
            name,
            space,
            fixed,
            stride,
            read: usage.intersects(GlobalUse::READ | GlobalUse::ATOMIC),
            written: usage.intersects(GlobalUse::WRITE | GlobalUse::ATOMIC),
            ty: variable.ty,
        })
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
