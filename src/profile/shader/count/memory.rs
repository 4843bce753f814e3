//! What lies in the memory that a shader binds.

use super::super::plan::{Filled, Shape};
use super::super::reflect::Resource;
use super::super::texels;
use super::range::Range;
use naga::{GlobalVariable, Handle, Scalar, ScalarKind};
use std::collections::HashMap;

/// What an entry point binds, by variable, and how much of it there is to run.
pub(super) struct Memory<'a> {
    bound: HashMap<Handle<GlobalVariable>, (&'a Resource, &'a Filled)>,
    pub workgroups: [u32; 3],
    pub workgroup_size: [u32; 3],
}

impl<'a> Memory<'a> {
    pub fn new(
        resources: &'a [Resource],
        contents: &'a [Filled],
        workgroups: [u32; 3],
        workgroup_size: [u32; 3],
    ) -> Self {
        let bound = resources.iter().zip(contents);
        let bound = bound.map(|(resource, filled)| (resource.variable, (resource, filled)));
        Self { bound: bound.collect(), workgroups, workgroup_size }
    }

    /// All threads.
    pub fn threads(&self) -> f64 {
        self.workgroups.iter().chain(&self.workgroup_size).map(|&count| f64::from(count)).product()
    }

    /// The bytes of a variable, each of a binding array.
    pub fn bytes(&self, variable: Handle<GlobalVariable>) -> Option<u64> {
        let bytes = |(resource, filled): &(&Resource, &Filled)| {
            filled.shape.bytes().saturating_mul(texels::samples(resource.kind))
        };
        self.bound.get(&variable).map(bytes)
    }

    /// The bytes of a texel of a texture.
    pub fn texel(&self, variable: Handle<GlobalVariable>) -> Option<u64> {
        match self.bound.get(&variable)?.1.shape {
            Shape::Texels { format, .. } => Some(texels::bytes_of(format).into()),
            _ => None,
        }
    }

    /// Width, height, and depth or layers of a texture.
    pub fn extent(&self, variable: Handle<GlobalVariable>) -> Option<[u32; 3]> {
        match self.bound.get(&variable)?.1.shape {
            Shape::Texels { extent, .. } => Some(extent),
            _ => None,
        }
    }

    /// The number that lies so many bytes behind the start of a variable, if nobody writes it.
    pub fn number(&self, variable: Handle<GlobalVariable>, at: Range, scalar: Scalar) -> Option<Range> {
        let (resource, filled) = self.bound.get(&variable)?;
        if resource.written || resource.count.is_some() {
            return None;
        }
        let at = usize::try_from(at.only()?).ok()?;
        let bytes = filled.each.first()?.get(at..at.checked_add(4)?)?.try_into().ok()?;
        match (scalar.kind, scalar.width) {
            (ScalarKind::Uint, 4) => Some(Range::exact(u32::from_le_bytes(bytes).into())),
            (ScalarKind::Sint, 4) => Some(Range::exact(i32::from_le_bytes(bytes).into())),
            _ => None,
        }
    }
}
