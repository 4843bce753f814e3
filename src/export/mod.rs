//! Models that other programs read, and models that other programs wrote.
//!
//! ```no_run
//! use dann::export::{onnx, pytorch};
//! use dann::model::Domain;
//! use dann::train::RunDirectory;
//!
//! # fn main() -> dann::error::Result<()> {
//! let checkpoint = RunDirectory::checkpoint("runs/first".as_ref())?;
//! onnx::write(&checkpoint, Domain::Target, "first.onnx".as_ref())?;
//! pytorch::write(&checkpoint, Domain::Target, "first.safetensors".as_ref())?;
//! # Ok(())
//! # }
//! ```

pub mod onnx;
pub mod pytorch;
