//! Models that other programs read, and models that other programs wrote.

pub mod onnx;
pub mod pytorch;
