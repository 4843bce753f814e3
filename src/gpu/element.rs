//! What the values of a tensor are.

use std::fmt;

/// What the values of a tensor are, four bytes each. Kernels and readers of the other kind are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// f32
    Real,
    /// u32
    Whole,
    /// The words of steps: u32 and f32, see `ops::Step`.
    Step,
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Real => "f32",
            Self::Whole => "u32",
            Self::Step => "steps",
        })
    }
}

/// What tensors are written from and read into: f32, u32 and steps.
pub trait Value: bytemuck::Pod + sealed::Sealed {
    /// The tensors that hold such values.
    const ELEMENT: Element;
}

impl Value for f32 {
    const ELEMENT: Element = Element::Real;
}

impl Value for u32 {
    const ELEMENT: Element = Element::Whole;
}

/// Closes [`Value`]: writing relies on sizes that are multiples of four bytes.
pub(crate) mod sealed {
    /// See the module.
    #[allow(unnameable_types, reason = "so that no other crate implements it")]
    pub trait Sealed {}

    impl Sealed for f32 {}
    impl Sealed for u32 {}
}
