//! lib
#![deny(missing_docs)]

pub mod data;
pub mod error;
pub mod gpu;
pub mod model;
pub mod ops;
pub mod reference;
pub mod rng;
pub mod shape;
pub mod train;
