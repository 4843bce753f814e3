//! How often what is done.

use naga::{AddressSpace, Scalar, ScalarKind};
use std::collections::BTreeMap;
use std::fmt;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Operations on numbers of a type: additions, multiplications, divisions, comparisons and functions.
    Arithmetic(&'static str),
    /// Values read from memory.
    Load(&'static str),
    /// Values written to memory.
    Store(&'static str),
    /// Atomic operations on memory.
    Atomic(&'static str),
    /// Texels read through samplers.
    Sample,
    /// Texels read.
    TexelLoad,
    /// Texels written.
    TexelStore,
    /// Barriers.
    Barrier,
    /// Operations of subgroups.
    Subgroup,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arithmetic(ty) => f.write_str(ty),
            Self::Load(space) => write!(f, "{space} loads"),
            Self::Store(space) => write!(f, "{space} stores"),
            Self::Atomic(space) => write!(f, "{space} atomics"),
            Self::Sample => f.write_str("texture samples"),
            Self::TexelLoad => f.write_str("texture loads"),
            Self::TexelStore => f.write_str("texture stores"),
            Self::Barrier => f.write_str("barriers"),
            Self::Subgroup => f.write_str("subgroup operations"),
        }
    }
}

/// Counts by kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally(pub BTreeMap<Kind, f64>);

impl Tally {
    pub fn add(&mut self, kind: Kind, count: f64) {
        *self.0.entry(kind).or_default() += count;
    }

    pub fn add_all(&mut self, other: &Self) {
        other.0.iter().for_each(|(kind, count)| self.add(*kind, *count));
    }

    /// Of two ways, the most of each.
    pub fn most(mut self, other: &Self) -> Self {
        for (kind, count) in &other.0 {
            let entry = self.0.entry(*kind).or_default();
            *entry = entry.max(*count);
        }
        self
    }
}

/// `f32`, as WGSL calls it.
pub(super) fn name_of(scalar: Scalar) -> &'static str {
    match (scalar.kind, scalar.width) {
        (ScalarKind::Float, 2) => "f16",
        (ScalarKind::Float, 8) => "f64",
        (ScalarKind::Float | ScalarKind::AbstractFloat, _) => "f32",
        (ScalarKind::Sint, 8) => "i64",
        (ScalarKind::Uint, 8) => "u64",
        (ScalarKind::Sint | ScalarKind::AbstractInt, _) => "i32",
        (ScalarKind::Uint, _) => "u32",
        (ScalarKind::Bool, _) => "bool",
    }
}

/// Where memory is; none where it is no memory but registers.
pub(super) fn space_of(space: AddressSpace) -> Option<&'static str> {
    match space {
        AddressSpace::Storage { .. } => Some("storage"),
        AddressSpace::Uniform => Some("uniform"),
        AddressSpace::Immediate => Some("immediate"),
        AddressSpace::WorkGroup => Some("workgroup"),
        AddressSpace::Private => Some("private"),
        _ => None,
    }
}
