//! lib
#![deny(missing_docs)]

pub mod check;
pub mod error;
pub mod gpu;
pub mod ops;
pub mod reference;
pub mod rng;
pub mod shape;
